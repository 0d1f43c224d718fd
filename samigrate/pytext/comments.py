"""The comments of a program, and the lines that its declarations stand on."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

from .node import Declaration, Node, Span


class Comment(NamedTuple):
    """`is_alone`: nothing else stands on its line, which is 1-based."""

    line: int
    text: str
    is_alone: bool


def comments(text: str) -> list[Comment]:
    """Every comment of a program that compiles, in the order of the text."""
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    return [
        Comment(token_info.start[0], token_info.string, not token_info.line[: token_info.start[1]].strip())
        for token_info in tokens
        if token_info.type == tokenize.COMMENT
    ]


def lines_of(text: str, declaration: Declaration, pointer: str = "") -> list[tuple[int, int]]:
    """The first and the last line of each stretch of text that a declaration, or a part of it, is made of: its own,
    and those of the variables that it takes parts from."""
    if declaration.block is not None:
        spans = [declaration.block.span]
    else:
        node = _at(declaration.node, pointer)
        spans = list(_spans(node, node.span)) if node is not None and node.span else []
    return [(text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1) for start, end in spans]


def _spans(node: Node, around: Span | None) -> Iterator[Span]:
    """The node's span where it lies outside of the one around it, and those of what it holds."""
    if node.span is not None and node.span == around:
        yield node.span
    for entry in node.entries:
        inner = entry.node.span
        if inner is None or (around is not None and around[0] <= inner[0] and inner[1] <= around[1]):
            yield from (span for span in _spans(entry.node, around) if span != around)
        else:
            yield from _spans(entry.node, inner)


def _at(node: Node | None, pointer: str) -> Node | None:
    for step in pointer.split("/")[1:]:
        if node is None:
            return None
        if node.kind == "sequence":
            node = node.entries[int(step)].node if step.isdigit() and int(step) < len(node.entries) else None
        else:
            entry = node.entry(step.replace("~1", "/").replace("~0", "~"))
            node = entry.node if entry is not None else None
    return node
