"""Logs of one event a line, the common case: only lines that may matter are parsed.

A block of lines is asked for a few words, all at once. What names a service account is parsed; of the rest, a request
that shows that a pod runs (its binding to a node, the kubelet's for its token) is read by its URL, and a line
now and then for its time, so that the period of the log is known. Lines that are cut off or run into one another show
by their ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from samigrate.auditlog import shapes
from samigrate.auditlog.decoding import loads
from samigrate.auditlog.tally import Tally

ACCOUNT = b"system:serviceaccount:"
_WORD = b"serviceaccount"
"""Stands in what they do, and in what is asked for them."""
NO_EVENT = "holds no audit event"
LONGEST = 64 << 20
"""No event is longer: an API server takes requests of a few megabytes."""
_SMALL, _WIDE = 20_000, 128 << 10
"""Of so many lines the time of each is looked at, of more that of one now and then."""
_OPENS, _CLOSES = b"{}"
_BETWEEN = re.compile(rb'"?verb(\\?"\s*:\s*\\?")')
"""What stands between a key and a text in this log: with spaces or without, escaped where the event is a text in JSON."""
_TARGET = re.compile(rb"namespaces/([a-z0-9-]+)/(?:(pods)/([a-z0-9.-]+)/binding|(serviceaccounts)/([a-z0-9.-]+)/token)\b")
_TIMES = (b"requestReceivedTimestamp", b'"timestamp')
_TIME = re.compile(rb'["a-zA-Z]+\\?"\s*:\s*\\?"([0-9T:.-]{19,32}Z?)')
_NODE = re.compile(r"(?!\d{4}-\d\d-\d\dT)[a-z0-9][a-z0-9.-]*")


class _Part(NamedTuple):
    """Whole lines of a block: from where to where."""

    data: bytes
    start: int
    end: int


class _Line(NamedTuple):
    """A line in a block: where it begins and ends."""

    start: int
    end: int


def read(path: str, blocks: Iterable[bytes], tally: Tally) -> None:
    """Take the events of a log into the tally. `blocks` are its bytes, cut anywhere."""
    reader = _Reader(path, tally)
    for part in _whole_lines(blocks, reader):
        reader.take(part)


def _whole_lines(blocks: Iterable[bytes], reader: _Reader) -> Iterator[_Part]:
    """The lines of the blocks; one that is cut by the end of a block is put together, and a last one without an end is given
    one. What goes on for longer than any event is passed over to the next end of a line."""
    kept: list[bytes] = []
    length, is_skipping = 0, False
    for block in blocks:
        first, last = 0, block.rfind(b"\n") + 1
        if last and (kept or is_skipping):
            first = block.find(b"\n") + 1
            if not is_skipping:
                yield _whole(b"".join((*kept, block[:first])))
            kept, length, is_skipping = [], 0, False
        if first < last:
            yield _Part(block, first, last)
        if is_skipping or last == len(block):
            continue
        kept.append(block[last:])
        length += len(kept[-1])
        if length > LONGEST:
            reader.too_long()
            kept, length, is_skipping = [], 0, True
    if kept:
        reader.is_last = True
        yield _whole(b"".join((*kept, b"\n")))


def _whole(data: bytes) -> _Part:
    return _Part(data, 0, len(data))


class _Reader:
    def __init__(self, path: str, tally: Tally) -> None:
        self.path, self.tally = path, tally
        self.number = 0
        """Lines before the block."""
        self.is_begun = self.is_last = False
        self.binding = b"/binding"
        self.time = _TIMES[0]
        self.server = ""
        self.broken: set[int] = set()
        """Where broken lines of the block begin."""

    def too_long(self) -> None:
        self.number += 1
        self.tally.unreadable(self.path, self.number, b"", "longer than any event")

    def take(self, part: _Part) -> None:
        self.broken.clear()
        if not self.is_begun:
            self._begin(part)
        lines = self._check(part)
        self._accounts(part)
        if self.tally.watches_running:
            self._bindings(part)
        self._sample(part)
        self.number += lines
        self.tally.lines += lines

    def _begin(self, part: _Part) -> None:
        first = part.data[part.start : part.data.find(b"\n", part.start)]
        self.is_begun = True
        if between := _BETWEEN.search(first):
            self.binding = b"subresource" + between[1] + b"binding"
        self.time = next((word for word in _TIMES if word in first), _TIMES[0])

    def _check(self, part: _Part) -> int:
        """Look at the ends of each line; returns how many there are."""
        data, start, last = part
        find, lines = data.find, 0
        while start < last:
            end = find(b"\n", start)
            lines += 1
            if data[start] != _OPENS or data[end - 1] != _CLOSES:
                line = data[start:end].strip()
                if line and not (line.endswith(b"}") and b"{" in line and _is_prefix(line[: line.find(b"{")])):
                    self._unreadable(part, _Line(start, end), "no whole JSON object")
            start = end + 1
        return lines

    def _accounts(self, part: _Part) -> None:
        """What service accounts do, and what kubelets ask tokens of them for."""
        data, at, last = part
        while (at := data.find(_WORD, at, last)) >= 0:
            line = _line(data, at)
            if data.find(ACCOUNT, line.start, line.end) >= 0:
                self._parse(part, line)
            elif data.find(b"system:node:", line.start, line.end) >= 0:
                self._running(data, line)
            at = line.end

    def _bindings(self, part: _Part) -> None:
        """Pods that are bound to a node, so they run."""
        data, at, last = part
        while (at := data.find(self.binding, at, last)) >= 0:
            line = _line(data, at)
            self._running(data, line)
            at = line.end

    def _running(self, data: bytes, line: _Line) -> None:
        if found := _TARGET.search(data, line.start, line.end):
            namespace, resource, name = (word.decode() for word in found.groups() if word)
            self.tally.runs(namespace, resource, name, _moment(data, data.find(self.time, line.start, line.end)))

    def _parse(self, part: _Part, line: _Line) -> None:
        if line.start in self.broken:
            return
        text = part.data[line.start : line.end].rstrip(b"\r ,")
        brace = text.find(b"{")
        try:
            values = [loads(text[brace:])]
        except ValueError:
            values = _several(text[brace:])
        if not values:
            self._unreadable(part, line, "not readable as JSON")
            return
        found = [shapes.of_event(value) for value in values if isinstance(value, dict) and "auditID" in value]
        found = found or [request for value in values for request in shapes.requests(value)]
        if not found:
            self._unreadable(part, line, NO_EVENT)
        self._see_server(text[:brace] if brace > 0 else b"")
        for request in found:
            self.tally.add(request, self.server)

    def _sample(self, part: _Part) -> None:
        """Look at the time of a line now and then, and of the last."""
        data, start, end = part
        last = data.rfind(b"\n", start, end - 1) + 1 or start
        step = 1 if self.number < _SMALL else _WIDE
        while True:
            at = data.find(self.time, start, end)
            if at >= 0 and (moment := _moment(data, at)):
                line = _line(data, at)
                self._see_server(data[line.start : data.find(b"{", line.start)])
                self.tally.seen(moment, self.server)
            if start >= last:
                return
            start = min(max(start, at) + step, last)

    def _see_server(self, prefix: bytes) -> None:
        """A node's name in front of the event tells which server wrote it (`oc adm node-logs --role=master`)."""
        self.server = ""
        if prefix and _NODE.fullmatch(name := prefix.decode("utf-8", "replace").strip()):
            self.server = name
            self.tally.shapes.add("OpenShift")

    def _unreadable(self, part: _Part, line: _Line, reason: str) -> None:
        self.broken.add(line.start)
        number, content = self.number + part.data.count(b"\n", part.start, line.start) + 1, part.data[line.start : line.end]
        is_harmless = number == 1 or self.is_last or reason == NO_EVENT  # where a log is cut, its period begins or ends
        self.tally.unreadable(self.path, number, content, reason, may_hide=not is_harmless and b'":' in content)


def _line(data: bytes, at: int) -> _Line:
    return _Line(data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at))


def _is_prefix(text: bytes) -> bool:
    """Whether it may stand in front of an event: nothing, a time, the name of a node or a stream."""
    return len(text) < 300 and b'"' not in text


def _moment(data: bytes, at: int) -> str:
    """The time that is written behind a place in a block; "" for none."""
    found = _TIME.match(data, at) if at >= 0 else None
    return found[1].decode() if found else ""


def _several(text: bytes) -> list[object]:
    """Objects that follow one another on one line, as Firehose writes them; [] where anything is left over."""
    import json

    decoder, words = json.JSONDecoder(), text.decode("utf-8", "replace")
    values: list[object] = []
    at = 0
    try:
        while at < len(words):
            value, at = decoder.raw_decode(words, at)
            values.append(value)
            while at < len(words) and words[at] in " \t\r,":
                at += 1
    except (ValueError, RecursionError):
        return []
    return values
