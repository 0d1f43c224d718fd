"""Logs that are one JSON document, or several one after another over many lines: an EventList, an array as `gcloud
logging read --format=json` prints it, what `aws logs filter-log-events` prints. Element by element, never as a whole."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable

from samigrate.auditlog import shapes
from samigrate.auditlog.lines import ACCOUNT, LONGEST, NO_EVENT
from samigrate.auditlog.tally import Tally

_NAMED = r'"[^"]*"\s*:\s*(?:"[^"]*"|\{[^{}\[\]]*\}|null)\s*,\s*'
_LIST = re.compile(rf'\s*(?:\[|\{{\s*(?:{_NAMED}){{0,8}}"(?:items|records|events|logEvents)"\s*:\s*\[)')
_BETWEEN = re.compile(r"[^\[{]*")
_SHOWN = 64 << 10
_ALONE = (b"[", b"{", b"[{", b"{}", b"[]")


def is_document(head: bytes) -> bool:
    """Whether a log that begins so is no log of one event a line."""
    text = head.lstrip()
    first = text.partition(b"\n")[0].strip()
    return first[:1] == b"[" or first in _ALONE or _LIST.match(text.decode("utf-8", "replace")) is not None


def read(path: str, blocks: Iterable[bytes], tally: Tally) -> None:
    """Take the events of a log into the tally. `blocks` are its bytes, cut anywhere."""
    _Reader(path, tally).read(blocks)


class _Reader:
    def __init__(self, path: str, tally: Tally) -> None:
        self.path, self.tally = path, tally
        self.decoder = json.JSONDecoder()
        self.text, self.at = "", 0
        self.number = 0
        """Ends of lines before the text."""

    def read(self, blocks: Iterable[bytes]) -> None:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        waits_for = 0
        for block in blocks:
            self.text += decoder.decode(block)
            if len(self.text) < waits_for:
                continue
            self._elements(is_end=False)
            self._drop()
            waits_for = 2 * len(self.text)  # an element that is not whole yet is not tried again for each block
        self.text += decoder.decode(b"", True)
        self._elements(is_end=True)
        self._drop()
        self.tally.lines += self.number

    def _drop(self) -> None:
        self.number += self.text.count("\n", 0, self.at)
        self.text, self.at = self.text[self.at :], 0

    def _elements(self, *, is_end: bool) -> None:
        """Read elements as far as the text goes; stops in front of one that is not whole."""
        while True:
            start = _BETWEEN.match(self.text, self.at)
            self.at = start.end() if start else self.at
            if self.at >= len(self.text):
                return
            if (found := _LIST.match(self.text, self.at)) and found.end() < len(self.text):
                self.at = found.end()
                continue
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or error.pos >= len(self.text) - 16
                if is_cut and not is_end and len(self.text) - self.at <= LONGEST:
                    return
                self._unreadable(len(self.text) if is_cut else max(error.pos, self.at + 1))
                continue
            except RecursionError:
                self._unreadable(self.at + 1000)
                continue
            found_any = False
            for request in shapes.requests(value):
                found_any = True
                self.tally.add(request)
            if not found_any and ACCOUNT.decode() in self.text[self.at : end]:
                self._unreadable(end, NO_EVENT)
            self.at = end

    def _unreadable(self, end: int, reason: str = "not readable as JSON") -> None:
        line = self.number + self.text.count("\n", 0, self.at) + 1
        following = self.text.find('"auditID"', end)
        content = self.text[self.at : following if following >= 0 else len(self.text)][:_SHOWN]  # the rest of a damaged event
        is_harmless = end >= len(self.text) or reason == NO_EVENT
        self.tally.unreadable(self.path, line, content.encode("utf-8", "replace"), reason, may_hide=not is_harmless)
        self.at = min(end, len(self.text))
