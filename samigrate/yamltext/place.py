"""Where in a document's text a value stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .node import Node, is_index, parts
from .parse import compose, node_key
from .split import line_columns


def position(text: str, pointer: str) -> tuple[int, int]:
    """The 1-based (line, column) of the value at `pointer`, of its key if it has one; of the nearest ancestor if it is not there."""
    return positions(text, [pointer])[0]


def positions(text: str, pointers: Sequence[str]) -> list[tuple[int, int]]:
    """The same for several, the text parsed once."""
    root = compose(text)
    routes = [list(_walk(root, parts(pointer))) if root else [] for pointer in pointers]
    return line_columns(text, [way[-1][0] if way else 0 for way in routes])


def line_ranges(text: str, pointers: Sequence[str]) -> list[tuple[int, int]]:
    """The 1-based (first, last) lines of the entries at `pointers`, keys included, absent ones left out. LF ends a line, as for git."""
    root = compose(text)
    ranges = []
    for pointer in pointers if root else ():
        steps = list(_walk(root, parts(pointer)))
        if len(steps) == len(parts(pointer)) + 1:
            start, node = steps[-1]
            last = max(start, node.end - 1) if node.end > start else start
            ranges.append((1 + text.count("\n", 0, start), 1 + text.count("\n", 0, last)))
    return ranges


def _walk(root: Node | None, steps: list[str]) -> Iterator[tuple[int, Node]]:
    """(start of the key or item, node) for each step that exists, beginning with the root."""
    node = root
    if node is None:
        return
    yield node.start, node
    for step in steps:
        node = node.target if node.kind == "alias" and node.target else node
        if node.kind == "mapping":
            result = [(key.start, value) for key, value in zip(node.keys, node.values, strict=True) if node_key(key) == step]
            if not result:
                return
            start, node = result[-1]
        elif node.kind == "sequence" and is_index(step) and int(step) < len(node.children):
            node = node.children[int(step)]
            start = node.start
        else:
            return
        yield start, node
