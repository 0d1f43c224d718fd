"""Nodes that stay from the reading of a document to its edits: to compose it a second time takes as long as the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sys import intern
from typing import Any

from .node import Node
from .parse import Parsed, compose, load, plain
from .scalar import key_text
from .split import lines_between

ROOM = 1_000_000
"""For how many characters nodes are kept; they take some fifteen times as many bytes."""

_SHARING = ("&", "*", "<<", "!")
"""Without these a document has no anchor, alias, merge key or tag, so its nodes are all that its value takes."""


class _Kept:
    def __init__(self) -> None:
        self.by_text: dict[str, Node] = {}
        self.room = ROOM


_kept: _Kept | None = None


class _TwiceError(ValueError):
    """A key stands twice: where, `load` will say."""


@contextmanager
def keeping() -> Iterator[None]:
    """Meanwhile `load_to_edit` keeps nodes."""
    global _kept
    outer, _kept = _kept, _Kept()
    try:
        yield
    finally:
        _kept = outer


def nodes(text: str) -> Node | None:
    """The nodes of a document that are kept, None where they are not."""
    return _kept.by_text.get(text) if _kept else None


def load_to_edit(text: str) -> Parsed:
    """Like `load`, of a document that will probably be edited: keeps its nodes while there is room. Raises YamlError."""
    if _kept is None or len(text) > _kept.room or any(mark in text for mark in _SHARING):
        return load(text)
    root = compose(text)
    if root is None:
        return load(text)
    try:
        value = _value(root)
    except _TwiceError:
        return load(text)
    _kept.by_text[text] = root
    _kept.room -= len(text)
    return Parsed(value, False, 1 + lines_between(text, 0, root.start), (), False)


def _value(node: Node) -> Any:
    if node.kind == "scalar":
        return node.value
    if node.kind == "sequence":
        return [_value(item) for item in node.children]
    result = {}
    children = iter(node.children)
    for key, value in zip(children, children, strict=True):
        name = key.value if type(key.value) is str else key_text(plain(key))
        result[intern(name)] = value.value if value.kind == "scalar" else _value(value)
    if 2 * len(result) != len(node.children):
        raise _TwiceError
    return result
