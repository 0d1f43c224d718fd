"""Cut a YAML stream into its documents, and look into one, without parsing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

# A `---` or `...` at column 0 ends a document wherever it stands, even inside a block scalar (YAML 1.2, 9.1.2).
_MARKERS = ("---", "...")
_ALONE = ("", " ", "\t", "\r", "\n", "\x85", "\u2028", "\u2029")
"""What may stand behind a marker: white space, or what ends a line for libyaml."""
_DIRECTIVES = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?>\r\n|\n|\r))*%[A-Za-z]")
_HEAD = re.compile(
    r"\ufeff?(?:(?:[ \t]*(?:#[^\r\n]*)?|%[^\r\n]*)(?>\r\n|\n|\r))*"
    r"(?:---(?=[ \t\r\n]|\Z)(?:[ \t]*(?:#[^\r\n]*)?(?>\r\n|\n|\r))*)?"
)
_COMMENT = re.compile(r"(?:^|[ \t])#")


class Chunk(NamedTuple):
    """One document with its marker: character offsets into the stream."""

    start: int
    end: int


class Lines:
    """The 1-based lines of offsets into a text, as an editor counts them. Quick for offsets that ascend: it counts on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._count = lines_between if "\r" in text else _feeds_between
        self._at, self._line = 0, 1

    def of(self, position: int) -> int:
        if position < self._at:
            self._at, self._line = 0, 1
        self._line += self._count(self._text, self._at, position)
        self._at = position
        return self._line


def split(text: str) -> list[Chunk]:
    """The documents of `text` in order; joined they are `text`, and "" has none.

    A chunk holds its `---` line, with the directives before it, and everything up to the next document or
    through the next `...` line. What precedes the first marker is a chunk of its own unless it is only
    directives, and so is what follows the last `...`: either may hold nothing but comments.
    """
    cuts, first = [0], 1 if text.startswith("\ufeff") else 0
    for position in _markers(text):
        start = cuts[-1]
        if position < start:
            continue
        if text[position] == ".":
            cuts.append(_line_end(text, position))
        elif position > max(start, first) and not _opens_with_directives(text, start, position):
            cuts.append(position)
    if cuts[-1] != len(text):
        cuts.append(len(text))
    return list(map(Chunk._make, pairwise(cuts)))


def _markers(text: str) -> list[int]:
    """Where `---` and `...` stand alone at the start of a line, in order; plain searches are faster than a pattern."""
    result = [0] if text[:3] in _MARKERS else []
    if text.startswith("\ufeff") and text[1:4] in _MARKERS:
        result = [1]
    for needle in ("\n---", "\n...", "\r---", "\r...")[: 4 if "\r" in text else 2]:
        position = text.find(needle)
        while position >= 0:
            result.append(position + 1)
            position = text.find(needle, position + 4)
    return sorted(at for at in result if text[at + 3 : at + 4] in _ALONE)


def _feeds_between(text: str, start: int, end: int) -> int:
    return text.count("\n", start, end)


def lines_between(text: str, start: int, end: int) -> int:
    """How many lines end in text[start:end], as an editor counts: LF, CR LF and a lone CR."""
    count = text.count("\n", start, end)
    returns = text.count("\r", start, end)
    return count + returns - text.count("\r\n", start, end) if returns else count


def line_column(text: str, index: int) -> tuple[int, int]:
    """1-based line and column of a character, as an editor counts them."""
    return line_columns(text, [index])[0]


def line_columns(text: str, indexes: Sequence[int]) -> list[tuple[int, int]]:
    """The same for several, the text gone through once."""
    lines, has_returns, has_mark = Lines(text), "\r" in text, text.startswith("\ufeff")
    found = {}
    for index in sorted(set(indexes)):
        start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index) if has_returns else -1) + 1
        found[index] = lines.of(start), index - start + 1 - (has_mark and start == 0 and index > 0)
    return [found[index] for index in indexes]


def is_flow(text: str, start: int, end: int) -> bool:
    """Whether the document in text[start:end] is written in flow style, as JSON is."""
    first = start + 4 if text.startswith("---\n", start, end) else start
    if text[first : first + 1].isalpha():
        return False  # as most begin
    head = _HEAD.match(text, start, end)
    position = head.end() if head else start
    while position < end and text[position] in " \t\r\n":
        position += 1
    return text[position : position + 1] in ("{", "[") and position < end


def peek(text: str, chunk_start: int, chunk_end: int, key: str) -> str | None:
    """The one-line value of an unindented `key: value` line, without quotes and comment; None if there is none.

    A sieve, not a parser: it also sees such a line inside a multi-line scalar at column 0, and it cannot speak
    for documents that are `is_flow`.
    """
    line = f"\n{key}:"
    if (position := text.find(line, chunk_start, chunk_end)) >= 0:  # as most spell it: a plain search is faster than a pattern
        stop = text.find("\n", position + len(line), chunk_end)
        value = text[position + len(line) : stop if stop >= 0 else chunk_end]
        if value[:1] == " " and (word := value.strip()).isalnum():
            return word
        if value[:1] in ("", " ", "\t", "\r"):
            return _bare((value.partition("\r")[0] if "\r" in value else value).strip(" \t"))
    # `^` is behind LF alone.
    first = chunk_start + 1 if text.startswith("\ufeff", chunk_start) else chunk_start
    match = _line_of(key, "").match(text, first, chunk_end) or _line_of(key, "^").search(text, first, chunk_end)
    if match is None and text.find("\r", chunk_start, chunk_end) >= 0:
        match = _line_of(key, r"(?<=\r)").search(text, first, chunk_end)
    return _bare(match[1]) if match else None


@cache
def _line_of(key: str, start: str) -> re.Pattern[str]:
    spelled = re.escape(key)
    return re.compile(rf"{start}(?:{spelled}|\"{spelled}\"|'{spelled}')[ \t]*:(?=[ \t\r\n]|\Z)[ \t]*([^\r\n]*)", re.MULTILINE)


def _bare(value: str) -> str:
    if value[:1] in ("'", '"'):
        close = value.find(value[0], 1)
        return value[1:close] if close > 0 else value
    return (_COMMENT.split(value, maxsplit=1)[0] if "#" in value else value).rstrip()


def _line_end(text: str, position: int) -> int:
    feed, back = text.find("\n", position), text.find("\r", position)
    if back >= 0 and (feed < 0 or back < feed):
        return back + 2 if feed == back + 1 else back + 1
    return feed + 1 if feed >= 0 else len(text)


def _opens_with_directives(text: str, start: int, mark: int) -> bool:
    """Whether the marker at `mark` is the first of its piece and only directives and comments stand before it."""
    if text[start] == "-":
        return False  # it begins with a marker, as most do
    head = _DIRECTIVES.match(text, start, mark)
    return head is not None and all(line[:1] in ("%", "#", "") or not line.strip() for line in text[start:mark].splitlines())
