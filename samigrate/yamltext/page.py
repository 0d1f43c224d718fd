"""A document's text by lines and comments, and how it is laid out where nodes say so."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple, TypeVar

from . import kept
from .node import Node
from .parse import compose
from .scalar import Quote, is_safe
from .split import lines_between
from .write import Style

# What ends a line for libyaml and for Kubernetes.
BREAKS = "\r\n\x85\u2028\u2029"
_BREAK = re.compile(f"\r\n|[{BREAKS}]")
_COMMENT = re.compile(f"#[^{BREAKS}]*")
_BLANK = re.compile(f"[ \t]*(?:#[^{BREAKS}]*)?(?:\r\n|[{BREAKS}]|\\Z)")


MAX_KEPT = 100_000
"""Of how long a document, in characters, the page is kept until the next is asked for."""


class Comment(NamedTuple):
    """A comment without its line break."""

    start: int
    end: int
    text: str


class Page:
    """The text of one document, indexed: where lines begin, what is a comment, how its collections are laid out."""

    def __init__(self, text: str, root: Node | None) -> None:
        self.text = text
        self.starts = _starts(text)
        self.root = root
        self._comments: list[Comment] | None = None
        self._comment_starts: list[int] = []
        self._layout: _Layout | None = None

    def bol(self, position: int) -> int:
        """Where the line of `position` begins."""
        return self.starts[bisect_right(self.starts, position) - 1]

    def eol(self, position: int) -> int:
        """Behind the break of the line of `position`."""
        index = bisect_right(self.starts, position)
        return self.starts[index] if index < len(self.starts) else len(self.text)

    def eol_of(self, end: int) -> int:
        """Behind the line that holds the last character before `end`."""
        return end if end and self.bol(end) == end else self.eol(end)

    def column(self, position: int) -> int:
        return position - self.bol(position)

    def line(self, position: int) -> int:
        return 1 + lines_between(self.text, 0, position)

    def indent(self, position: int) -> str:
        """The spaces that the line of `position` begins with."""
        start = self.bol(position)
        stop = start
        while stop < len(self.text) and self.text[stop] == " ":
            stop += 1
        return self.text[start:stop]

    def newline(self, position: int) -> str:
        """The line break in the neighbourhood of `position`: that of the line before, else of its own line, else LF."""
        start = self.bol(position)
        for end in (start, self.eol(start)):
            match = re.search(f"(?:\r\n|[{BREAKS}])\\Z", self.text[max(0, end - 2) : end])
            if end and match and match[0] in ("\n", "\r\n", "\r"):
                return match[0]
        return "\n"

    def is_line_start(self, position: int) -> bool:
        """Whether only spaces stand before `position` on its line."""
        return not self.text[self.bol(position) : position].strip(" ")

    def tail(self, end: int, column: int) -> int:
        """Where an entry at `column` whose content ends at `end` is over: behind its last line and behind comments deeper than it."""
        position = over = self.eol_of(end)
        while position < len(self.text):
            match = _BLANK.match(self.text, position)
            if match is None:
                break
            line = match[0]
            position = match.end()
            mark = line.find("#")
            if mark > column:
                over = position
            elif mark >= 0:
                break
        return over

    def above_comments(self, position: int, floor: int) -> int:
        """Where the line of `position` begins, or the comment lines right above it that stand as deep and below the line of `floor`."""
        column, start = self.column(position), self.bol(position)
        while start > self.eol(floor):
            above = self.bol(start - 1)
            if self.text[above:start].find("#") != column or self.text[above : above + column].strip(" "):
                break
            start = above
        return start

    def is_blank_line(self, start: int) -> bool:
        match = _BLANK.match(self.text, start)
        return match is not None and "#" not in match[0]

    def comments(self, start: int, end: int) -> list[Comment]:
        """The comments that begin in text[start:end]."""
        if self._comments is None:
            self._comments = list(_comments(self.text, self.root))
            self._comment_starts = [comment.start for comment in self._comments]
        starts = self._comment_starts
        return self._comments[bisect_left(starts, start) : bisect_left(starts, end)]

    def skip(self, position: int) -> int:
        """Past white space and comments."""
        while position < len(self.text):
            if self.text[position] == "#":
                match = _COMMENT.match(self.text, position)
                position = match.end() if match else position + 1
            elif self.text[position].isspace() or self.text[position] in BREAKS:
                position += 1
            else:
                break
        return position

    def properties_end(self, node: Node) -> int:
        """Behind the tag and the anchor of `node`, or its start if it has none."""
        position = end = node.start
        while position < node.body and self.text[position] in "&!":
            while position < node.body and not self.text[position].isspace():
                position += 1
            end, position = position, self.skip(position)
        return end

    def layout(self) -> tuple[list[int], list[int]]:
        """How far mappings are indented below their keys, and how far lists are, in the order of the text."""
        layout = self._laid_out()
        return [step[1] for step in layout.steps], [place[1] for place in layout.lists]

    def _laid_out(self) -> _Layout:
        if self._layout is None:
            self._layout = _Layout(self)
        return self._layout

    def style(self, node: Node, position: int) -> Style:
        """How new text in the block collection `node` at the offset `position` is to look."""
        return self._laid_out().style(self, node, position)


def paged(text: str) -> Page:
    """A document, composed. Raises YamlError."""
    return _just_paged(text) if len(text) < MAX_KEPT else _page(text)


def _page(text: str) -> Page:
    return Page(text, kept.nodes(text) or compose(text))


@lru_cache(maxsize=1)
def _just_paged(text: str) -> Page:
    """A document is often asked for twice in a row: for its edits, and for the layout of a new document beside it."""
    return _page(text)


def leaves(root: Node) -> Iterator[Node]:
    """Scalars and aliases in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.children:
            stack.extend(reversed(node.children))
        elif node.kind in ("scalar", "alias"):
            yield node


def _starts(text: str) -> list[int]:
    """Where lines begin. `splitlines` ends them where YAML does, and at control characters that YAML does not allow."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[-1][-1] not in BREAKS:
        lines = lines[:-1]
    return [0, *accumulate(map(len, lines))]


def _comments(text: str, root: Node | None) -> Iterator[Comment]:
    position = 0
    for leaf in leaves(root) if root and "#" in text[root.start :] else ():
        opaque = leaf.body
        if leaf.style in ("|", ">"):
            # The header of a block scalar may end in a comment.
            header = _BREAK.search(text, leaf.body, leaf.end)
            opaque = header.start() if header else leaf.end
        for match in _COMMENT.finditer(text, position, opaque):
            yield Comment(match.start(), match.end(), match[0])
        position = max(position, leaf.end)
    for match in _COMMENT.finditer(text, position):
        yield Comment(match.start(), match.end(), match[0])


Place = tuple[int, int, int]
_T = TypeVar("_T", tuple[int, int], tuple[int, int, int], tuple[int, Quote])


class _Way(NamedTuple):
    """How one collection is written, found once: a long list may gain something at each of its items."""

    steps: list[tuple[int, int]]
    lists: list[Place]
    dash: tuple[int, int] | None
    quotes: list[tuple[int, Quote]]
    quotes_all: bool
    quotes_keys: bool


class _Layout:
    """The steps, dashes and quotes of a document, each with its offset, in order."""

    def __init__(self, page: Page) -> None:
        self._ways: dict[int, _Way] = {}  # by the id of a node, which the page holds
        self.steps: list[tuple[int, int]] = []
        self.lists: list[Place] = []
        self.dashes: list[tuple[int, int]] = []
        self.quotes: list[tuple[int, Quote]] = []
        stack = [page.root] if page.root else []
        while stack:
            node = stack.pop()
            if node.children:
                stack.extend(reversed(node.children))
            if node.style:
                self._note_quote(node)
            elif node.kind == "mapping":
                steps, lists = _inside(page, node)
                self.steps += steps
                self.lists += lists
            elif node.kind == "sequence" and node.children:
                self.dashes.append((node.body, dash_width(page, node)))
        for positions in (self.steps, self.lists, self.dashes):
            positions.sort()

    def _note_quote(self, node: Node) -> None:
        if node.kind == "scalar" and node.style in ("'", '"'):
            quote: Literal["'", '"'] = "'" if node.style == "'" else '"'
            if quote == '"' or not any(mark in str(node.value) for mark in '"\\'):
                self.quotes.append((node.start, quote))

    def _around(self, node: Node) -> list[Place]:
        """The lists in a list, and the list itself."""
        return _within(self.lists, node)

    def style(self, page: Page, node: Node, position: int) -> Style:
        if id(node) not in self._ways:
            self._ways[id(node)] = self._way(page, node)
        way = self._ways[id(node)]
        step = _nearest(way.steps, position) or _nearest(self.steps, position) or (0, 2)
        place = _nearest(way.lists, position) or _nearest(self.lists, position)
        dash = way.dash or (place[::2] if place else _nearest(self.dashes, position)) or (0, 2)
        quote = _nearest(way.quotes, position) or _nearest(self.quotes, position) or (0, '"')
        return Style(step[1], place[1] if place else 0, dash[1], quote[1], way.quotes_all, way.quotes_keys)

    def _way(self, page: Page, node: Node) -> _Way:
        steps, lists = _inside(page, node) if node.kind == "mapping" and not node.style else ([], self._around(node))
        dash = (0, dash_width(page, node)) if node.kind == "sequence" and not node.style and node.children else None
        return _Way(steps, lists, dash, _within(self.quotes, node), quotes_all(node), quotes_keys(node))


def _inside(page: Page, node: Node) -> tuple[list[tuple[int, int]], list[Place]]:
    """How far the mappings right below a block mapping are indented, and how far the lists are, with their dashes."""
    column, steps, lists = node.column, [], []
    for value in node.values:
        if value.children and not value.style and value.column >= column:
            if value.kind == "sequence":
                lists.append((value.start, value.column - column, dash_width(page, value)))
            elif value.column > column:
                steps.append((value.start, value.column - column))
    return steps, lists


def _nearest(values: list[_T], position: int) -> _T | None:
    """The last place before `position`, else the first behind it."""
    if not values:
        return None
    return values[max(0, bisect_left(values, position, key=_offset) - 1)]


def _offset(position: tuple[int, ...] | tuple[int, Quote]) -> int:
    return int(position[0])


def _within(values: list[_T], node: Node) -> list[_T]:
    return values[bisect_left(values, node.start, key=_offset) : bisect_left(values, node.end, key=_offset)]


def dash_width(page: Page, node: Node) -> int:
    """How far the content of a block list's items stands from the dash."""
    for item in node.children:
        if item.end > item.start:
            dash = page.bol(item.start) + node.column
            if item.start - dash > 1 and page.text[dash] == "-":
                return item.start - dash
    return 2


def quotes_all(node: Node) -> bool:
    """Whether strings around are quoted though they need not be."""
    values = list(node.values) if node.kind == "mapping" else list(node.children)
    if node.kind == "sequence":
        values += [inner for item in node.children if item.kind == "mapping" for inner in item.values]
    strings = [value for value in values if value.kind == "scalar" and isinstance(value.value, str) and value.style not in ("|", ">")]
    return bool(strings) and all(value.style for value in strings) and any(is_safe(value.value) for value in strings)


def quotes_keys(node: Node) -> bool:
    keys = node.keys if node.kind == "mapping" else ()
    return bool(keys) and all(key.style for key in keys) and any(isinstance(key.value, str) and is_safe(key.value) for key in keys)
