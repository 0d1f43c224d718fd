"""Logs of one event a line, the common case: only lines that may matter are parsed.

A block of lines is asked for a few words, all at once. What names a service account is parsed; of the rest, a request
that shows that a pod runs (its binding, the kubelet's word on its state or for its token) is read by its URL, and a line
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
LONGEST = 64 << 20
"""No event is longer: an API server takes requests of a few megabytes."""
_SAMPLE = 32 << 10
_RUNS = (b"subresource",)
_RUNS_GKE = (b"/binding", b"/status", b"/token")
_SUBRESOURCE = re.compile(rb'(?:subresource\\?"\s*:\s*\\?"|/)(?:token|binding|status)\b')
_TARGET = re.compile(rb"namespaces/([a-z0-9-]+)/(pods|serviceaccounts)/([a-z0-9.-]+)/(?:token|binding|status)\b")
_TIMES = (b"requestReceivedTimestamp", b'"timestamp')
_TIME = re.compile(rb'["a-zA-Z]+\\?"\s*:\s*\\?"([0-9T:.-]{19,32}Z?)')
_NODE = re.compile(r"(?!\d{4}-\d\d-\d\dT)[a-z0-9][a-z0-9.-]*")
_PLAIN = b"}\n{"


class _Line(NamedTuple):
    """A line in a block: where it begins and ends."""

    start: int
    end: int


def read(path: str, blocks: Iterable[bytes], tally: Tally) -> None:
    """Take the events of a log into the tally. `blocks` are its bytes, cut anywhere."""
    reader = _Reader(path, tally)
    for data in _whole_lines(blocks, reader):
        reader.take(data)


def _whole_lines(blocks: Iterable[bytes], reader: _Reader) -> Iterator[bytes]:
    """The same bytes, cut behind ends of lines; a last line without one is given one. What goes on for longer than any
    event is passed over to the next end of a line."""
    kept: list[bytes] = []
    length, is_skipping = 0, False
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut and is_skipping:
            first = block.find(b"\n") + 1
            block, cut, is_skipping = block[first:], cut - first, False
        if is_skipping:
            continue
        if cut:
            yield b"".join((*kept, block[:cut]))
            kept, length = [], 0
        kept.append(block[cut:])
        length += len(block) - cut
        if length > LONGEST:
            reader.too_long()
            kept, length, is_skipping = [], 0, True
    if any(kept):
        yield b"".join((*kept, b"\n"))


class _Reader:
    def __init__(self, path: str, tally: Tally) -> None:
        self.path, self.tally = path, tally
        self.number = 0
        """Lines before the block."""
        self.joint = b""
        """What stands between two whole lines: an end, and what all begin with."""
        self.runs: tuple[bytes, ...] = _RUNS
        self.time = _TIMES[0]
        self.server = ""
        self.broken: set[int] = set()
        """Where broken lines of the block begin."""

    def too_long(self) -> None:
        self.number += 1
        self.tally.unreadable(self.path, self.number, b"", "longer than any event")

    def take(self, data: bytes) -> None:
        self.broken.clear()
        if not self.joint:
            self._begin(data)
        lines = data.count(b"\n")
        if not (data.startswith(self.joint[2:]) and data.endswith(b"}\n") and data.count(self.joint) == lines - 1):
            self._check(data)
        self._accounts(data)
        self._running(data)
        self._sample(data)
        self.number += lines
        self.tally.lines += lines
        self.tally.bytes += len(data)

    def _begin(self, data: bytes) -> None:
        first = data[: data.find(b"\n")]
        self.joint = b"}\n" + first[:9] if first[:1] == b"{" else _PLAIN
        if b'"protoPayload"' in first:
            self.runs = _RUNS_GKE
        self.time = next((word for word in _TIMES if word in first), _TIMES[0])

    def _check(self, data: bytes) -> None:
        """Look at the ends of each line."""
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            line = data[start:end].strip()
            if line and not (line.endswith(b"}") and b"{" in line and _is_prefix(line[: line.find(b"{")])):
                self._unreadable(data, _Line(start, end), "no whole JSON object")
            start = end + 1

    def _accounts(self, data: bytes) -> None:
        at = data.find(ACCOUNT)
        while at >= 0:
            line = _line(data, at)
            self._parse(data, line)
            at = data.find(ACCOUNT, line.end)

    def _parse(self, data: bytes, line: _Line) -> None:
        if line.start in self.broken:
            return
        text = data[line.start : line.end].rstrip(b"\r ,")
        brace = text.find(b"{")
        try:
            values = [loads(text[brace:])]
        except ValueError:
            values = _several(text[brace:])
        if not values:
            self._unreadable(data, line, "not readable as JSON")
            return
        found = [request for value in values for request in shapes.requests(value)]
        if not found:
            self._unreadable(data, line, "holds no audit event")
        self._see_server(text[:brace])
        for request in found:
            self.tally.add(request, self.server)

    def _running(self, data: bytes) -> None:
        """What shows that a pod runs, or that one with the account's token does."""
        for word in self.runs:
            at = data.find(word)
            while at >= 0:
                if not _SUBRESOURCE.match(data, at):
                    at = data.find(word, at + len(word))
                    continue
                line = _line(data, at)
                if found := _TARGET.search(data, line.start, line.end):
                    namespace, resource, name = (part.decode() for part in found.groups())
                    is_node = data.find(b"system:node:", line.start, line.end) >= 0
                    if resource == "pods" or is_node:
                        self.tally.runs(namespace, resource, name, _moment(data, data.find(self.time, line.start, line.end)))
                at = data.find(word, line.end)

    def _sample(self, data: bytes) -> None:
        """Look at the time of a line now and then, and of the last."""
        last = data.rfind(b"\n", 0, len(data) - 1) + 1
        start = 0
        while True:
            at = data.find(self.time, start)
            if at >= 0 and (moment := _moment(data, at)):
                line = _line(data, at)
                self._see_server(data[line.start : data.find(b"{", line.start)])
                self.tally.seen(moment, self.server)
            if start >= last:
                return
            start = min(max(start, at) + _SAMPLE, last)

    def _see_server(self, prefix: bytes) -> None:
        """A node's name in front of the event tells which server wrote it (`oc adm node-logs --role=master`)."""
        name = prefix.decode("utf-8", "replace").strip()
        self.server = name if _NODE.fullmatch(name) else ""
        if self.server:
            self.tally.shapes.add("OpenShift")

    def _unreadable(self, data: bytes, line: _Line, reason: str) -> None:
        self.broken.add(line.start)
        number = self.number + data.count(b"\n", 0, line.start) + 1
        self.tally.unreadable(self.path, number, data[line.start : line.end], reason)


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
