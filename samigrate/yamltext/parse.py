"""Read one YAML document with libyaml: to plain values, or to nodes with their spans. The only user of ruamel.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable
from sys import intern
from typing import Any, NamedTuple

from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from .colons import is_maskable, masked, unmasking
from .node import Node, escaped
from .scalar import Scalar, key_text, resolve, tagged
from .spans import block_scalar_end, past_space
from .split import line_column, lines_between

MAX_DEPTH = 200
MAX_BRACKETS = 1_000
MAX_ALIASED = 1_000_000
"""How many nodes all aliases of a document together may stand for."""

MAX_DUPLICATES = 100
"""How many duplicate keys are noted: each costs a walk through the text for its line."""

_MERGE = "tag:yaml.org,2002:merge"
_ON_ITS_OWN = ("", '"', "'", None)
"""Styles of scalars that end where libyaml says, and need no second look."""
_INDICATORS = ("- ", "? ", ": ", "-\t", "?\t", ":\t")
_COMPACT = re.compile(r"[-?:](?<![-?:][ \t].)[ \t]++(?:[-?:][ \t]++){999}")  # tried once for a run, not at each of its parts
_BRACKETS = re.compile(r"(?<!\\)\"(?:[^\"\\]|\\.)*+\"|'[^']*'|(?<!\S)#[^\r\n]*|[\[{]|[\]}]", re.DOTALL)
_BAD_CHARACTER = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # so many take long to compile


class YamlError(ValueError):
    """Text that is no YAML, or more than this library reads. `line` and `column` are 1-based."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.problem = problem
        self.line = line
        self.column = column


class Parsed(NamedTuple):
    """One document's plain value, with all aliases and merge keys expanded.

    `empty` says that there is no node at all. `line` is that of the root node's first character, 1-based.
    `duplicates` are keys that stand twice in a mapping: (pointer of the mapping's entry, line, key); the last one counts.
    """

    value: Any
    empty: bool
    line: int
    duplicates: tuple[tuple[str, int, str], ...]
    aliases: bool


def load(text: str) -> Parsed:
    """The value of one document. Raises YamlError."""
    reader, with_root = _read(text, _values)
    if with_root is None:
        return Parsed(None, True, 1, (), False)
    value, start, end = with_root
    return Parsed(value, value is None and start == end, reader.line(start), tuple(reader.duplicates), reader.has_alias)


def compose(text: str) -> Node | None:
    """The nodes of one document with their spans, or None if it has none. Raises YamlError."""
    _, result = _read(text, _nodes)
    node: Node | None = result[0] if result else None
    return None if node is None or node.start == node.end else node


def node_key(node: Node) -> str:
    """A key node as JSON has it."""
    return key_text(plain(node))


def plain(node: Node) -> Any:
    """A node's plain value, without regard to merge keys."""
    if node.kind == "alias":
        return plain(node.target) if node.target else None
    if node.kind == "mapping":
        return {node_key(key): plain(value) for key, value in zip(node.keys, node.values, strict=True)}
    if node.kind == "sequence":
        return [plain(item) for item in node.children]
    return node.value


# ---------------------------------------------------------------- reading events

# Events, not libyaml's own nodes: they are as fast, know where an alias stands, and allow an anchor's name twice.


def _read(text: str, read: Callable[[_Reader, Any, int], Any]) -> tuple[_Reader, tuple[Any, int, int] | None]:
    reader = _Reader(text)
    try:
        return reader, reader.root(read)
    except YamlError as error:
        if not is_maskable(error.problem, text):
            raise
    reader = _Reader(text, is_masked=True)
    return reader, reader.root(read)


class _Reader:
    """The state of reading one document: the events to come, anchors, and what was noticed on the way."""

    def __init__(self, text: str, *, is_masked: bool = False) -> None:
        self.text = text
        self.shift = 1 if text.startswith("\ufeff") else 0
        _refuse_what_hurts(text)
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        """What each stands for, of how many nodes, and how many levels deep."""
        self.open: set[str] = set()
        self.duplicates: list[tuple[str, int, str]] = []
        self.path: list[str] = []
        self.has_alias = False
        self.count = 0
        self.deepest = 0
        self.aliased = 0
        self.next = unmasking(self._events(masked(text))) if is_masked else self._events(text)

    def _events(self, text: str) -> Callable[[], Any]:
        if text.startswith("\ufeff", self.shift):  # libyaml passes over it and counts wrongly; to Kubernetes it is part of a key
            raise self.error("a second byte order mark (U+FEFF) behind the first", 0)
        try:
            parser = CParser(text[self.shift :])
        except UnicodeEncodeError as error:
            raise self.error("a character that is no Unicode text", error.start) from error
        get: Callable[[], Any] = parser.get_event
        return get

    def root(self, read: Callable[[_Reader, Any, int], Any]) -> tuple[Any, int, int] | None:
        """(what `read` makes of the root, its start, its end), or None if there is no document."""
        try:
            while (event := self.next()) is not None and type(event) is not DocumentStartEvent:
                pass
            if event is None:
                return None
            event = self.next()
            start, end = event.start_mark.index, event.end_mark.index
            result = read(self, event, 0)
            while (event := self.next()) is not None:
                if type(event) is DocumentStartEvent:
                    raise self.error("a second document begins here", event.start_mark.index)
        except MarkedYAMLError as error:
            raise self._marked(error) from error
        except YAMLError as error:
            raise self._unreadable(error) from error
        return result, start + self.shift, end + self.shift

    def line(self, position: int) -> int:
        return 1 + lines_between(self.text, 0, position)

    def error(self, problem: str, position: int) -> YamlError:
        """`position` counts from behind the byte order mark."""
        return YamlError(problem, *line_column(self.text, position + self.shift))

    def _marked(self, error: Any) -> YamlError:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(part for part in (error.context, error.problem) if part) or "no YAML"
        words = words.replace("did not find expected <document start>", "something stands behind the end of the document")
        return self.error(words, mark.index if mark else 0)

    def _unreadable(self, error: Exception) -> YamlError:
        bad = re.compile(_BAD_CHARACTER).search(self.text, self.shift)
        if bad is None:
            return self.error(str(error).split("\n")[0], 0)
        return self.error(f"the character #x{ord(bad[0]):04x} is not allowed", bad.start() - self.shift)

    def note_duplicate(self, key: str, start: Any) -> None:
        if len(self.duplicates) >= MAX_DUPLICATES:
            return
        pointer = "".join("/" + escaped(part) for part in (*self.path, key))
        self.duplicates.append((pointer, self.line(start.index + self.shift), key))

    def scalar(self, event: Any) -> Scalar:
        """The value of a scalar event that is not just untagged plain text."""
        tag = event.ctag
        if event.implicit[0]:
            return resolve(event.value)
        if tag is None:
            return event.value  # type: ignore[no-any-return]
        try:
            return tagged(str(tag), event.value)
        except ValueError as error:
            raise self.error(str(error), event.start_mark.index) from error

    def alias(self, event: Any, depth: int) -> Any:
        """What an alias refers to; `depth` is where it stands."""
        name = event.anchor
        if name in self.open:
            raise self.error("an alias stands inside what it refers to", event.start_mark.index)
        if name not in self.anchors:
            raise self.error("an alias refers to no anchor (text that begins with * needs quotes)", event.start_mark.index)
        result, size, height = self.anchors[name]
        self.has_alias = True
        self.count += size
        self.aliased += size
        self.enter(depth + height, event)
        if self.aliased > MAX_ALIASED:
            raise self.error(f"aliases stand for more than {MAX_ALIASED:,} nodes", event.start_mark.index)
        return result

    def enter(self, depth: int, event: Any) -> None:
        """Note how deep the value gets, with all that aliases stand for: functions that walk through it recurse that deep."""
        if depth >= MAX_DEPTH:
            raise self.error(f"nested too deeply (more than {MAX_DEPTH} levels)", event.start_mark.index)
        self.deepest = max(self.deepest, depth)

    def keep(self, anchor: str, result: Any, before: tuple[int, int], depth: int) -> None:
        """Note a collection that aliases may refer to; `before` are the counts where it began, at `depth`."""
        count, deepest = before
        self.open.discard(anchor)
        self.anchors[anchor] = result, self.count - count + 1, self.deepest - depth
        self.deepest = max(self.deepest, deepest)


def _values(reader: _Reader, event: Any, depth: int) -> Any:
    """The plain value that begins with `event`."""
    reader.count += 1
    kind = type(event)
    if kind is ScalarEvent:
        value = resolve(event.value) if event.implicit[0] else reader.scalar(event)
        if event.anchor is not None:
            reader.anchors[event.anchor] = value, 1, 0
        return value
    if kind is AliasEvent:
        return reader.alias(event, depth)
    if depth > reader.deepest:
        reader.enter(depth, event)
    anchor, before = event.anchor, (reader.count, reader.deepest)
    if anchor is not None:
        reader.open.add(anchor)
        reader.deepest = depth
    result = _mapping(reader, depth) if kind is MappingStartEvent else _sequence(reader, depth)
    if anchor is not None:
        reader.keep(anchor, result, before, depth)
    return result


def _sequence(reader: _Reader, depth: int) -> list[Any]:
    items: list[Any] = []
    following, path = reader.next, reader.path
    while type(event := following()) is not SequenceEndEvent:
        if type(event) is ScalarEvent and event.anchor is None:
            reader.count += 1
            items.append(resolve(event.value) if event.implicit[0] else reader.scalar(event))
            continue
        path.append(str(len(items)))
        items.append(_values(reader, event, depth + 1))
        path.pop()
    return items


def _mapping(reader: _Reader, depth: int) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    merges: list[Any] = []
    following, path = reader.next, reader.path
    while type(event := following()) is not MappingEndEvent:
        start = event.start_mark
        if type(event) is ScalarEvent and event.anchor is None:
            key = event.value
            if event.implicit[0]:
                if key == "<<":
                    _merge(reader, following(), depth, merges, start)
                    continue
                value = resolve(key)
                if value.__class__ is not str:
                    key = key_text(value)
            elif event.ctag is not None:
                if str(event.ctag) == _MERGE:
                    _merge(reader, following(), depth, merges, start)
                    continue
                key = key_text(reader.scalar(event))
        else:
            key = key_text(_values(reader, event, depth + 1))
        key = intern(key)
        if key in entries:
            reader.note_duplicate(key, start)
        event = following()
        if type(event) is ScalarEvent and event.anchor is None:
            reader.count += 2
            entries[key] = resolve(event.value) if event.implicit[0] else reader.scalar(event)
            continue
        path.append(key)
        entries[key] = _values(reader, event, depth + 1)
        path.pop()
    for merged in merges:
        for name, value in merged.items():
            entries.setdefault(name, value)
    return entries


def _merge(reader: _Reader, event: Any, depth: int, merges: list[Any], start: Any) -> None:
    """Note what `<<` merges. Keys of the mapping itself win, then earlier mappings over later ones."""
    if merges:
        reader.note_duplicate("<<", start)
    reader.path.append("<<")
    result = _values(reader, event, depth + 1)
    reader.path.pop()
    sources = result if isinstance(result, list) else [result]
    if not all(isinstance(source, dict) for source in sources):
        raise reader.error("<< needs a mapping or a list of mappings", start.index)
    merges.extend(sources)


def _nodes(reader: _Reader, event: Any, depth: int) -> Node:
    """The node that begins with `event`."""
    kind, shift = type(event), reader.shift
    start, end = event.start_mark.index + shift, event.end_mark.index + shift
    reader.count += 1
    if kind is AliasEvent:
        return Node("alias", start, start, end, "*", target=reader.alias(event, depth))
    anchor = event.anchor
    if kind is ScalarEvent:
        node = _scalar_node(reader, event, start, end)
        if anchor is not None:
            reader.anchors[anchor] = node, 1, 0
        return node
    if depth > reader.deepest:
        reader.enter(depth, event)
    before = reader.count, reader.deepest
    if anchor is not None:
        reader.open.add(anchor)
        reader.deepest = depth
    is_mapping = kind is MappingStartEvent
    last = MappingEndEvent if is_mapping else SequenceEndEvent
    children = []
    following = reader.next
    while type(inner := following()) is not last:
        if type(inner) is ScalarEvent and inner.anchor is None and inner.ctag is None and inner.style in _ON_ITS_OWN:
            reader.count += 1
            begin = inner.start_mark
            position, to = begin.index + shift, inner.end_mark.index + shift
            value = resolve(inner.value) if inner.implicit[0] else inner.value
            children.append(Node("scalar", position, position, to, inner.style or "", value, (), None, None, begin.column))
        else:
            children.append(_nodes(reader, inner, depth + 1))
    style, body, column = "", end, event.end_mark.column
    if event.flow_style:
        bracket = reader.text[end - 1 : end]
        # `[a: 1]` holds a mapping without braces.
        style = bracket if bracket == ("{" if is_mapping else "[") and end > start else "?"
        body = end - 1 if style != "?" else start
        stop = inner.end_mark.index + shift
    else:
        if not is_mapping and reader.text[end - 1 : end] == "-":
            # A list whose dashes stand no deeper than its key begins behind its first dash, says libyaml.
            body, column = end - 1, column - 1
        stop = children[-1].end if children else end
    node = Node("mapping" if is_mapping else "sequence", start, body, stop, style, None, tuple(children), anchor, None, column)
    if anchor is not None:
        reader.keep(anchor, node, before, depth)
    return node


def _scalar_node(reader: _Reader, event: Any, start: int, end: int) -> Node:
    text, style, body = reader.text, event.style or "", start
    while text[body : body + 1] in ("&", "!") and body < end:
        while body < end and not text[body].isspace():
            body += 1
        body = past_space(text, body, end)
    if style in ("|", ">"):
        end = block_scalar_end(text, body, end)
    value = resolve(event.value) if event.implicit[0] else reader.scalar(event)
    return Node("scalar", start, body, end, style, value, (), event.anchor, None, event.start_mark.column)


def _refuse_what_hurts(text: str) -> None:
    """libyaml needs quadratic time for nested brackets, and its other users crash on them; so refuse before it is called."""
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        depth = 0
        for match in _BRACKETS.finditer(text):
            mark = match[0]
            if mark in "[{":
                depth += 1
                if depth > MAX_BRACKETS:
                    raise YamlError(f"more than {MAX_BRACKETS:,} nested brackets", *line_column(text, match.start()))
            elif mark in "]}" and depth:
                depth -= 1
    found_compact = _COMPACT.search(text) if sum(map(text.count, _INDICATORS)) >= 1_000 else None
    if found_compact:
        raise YamlError("more than 1,000 list items or keys on one line", *line_column(text, found_compact.start()))
