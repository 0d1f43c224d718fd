"""Whole new documents: their text, and their place in a stream."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .ops import CannotEdit
from .page import paged
from .split import Chunk, Lines, split
from .write import Style, block_lines

_BREAK = re.compile(r"\r\n|\n|\r")
_HEAD = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?>\r\n|\n|\r))*")
_HEADER = re.compile(r"(?:[ \t]*#[^\r\n]*(?>\r\n|\n|\r)|[ \t]*(?>\r\n|\n|\r))*[ \t]*(?>\r\n|\n|\r)")
_MARKER = re.compile(r"---(?=[ \t\r\n\x85\u2028\u2029]|\Z)")
_BARE = re.compile(r"---[ \t]*(?>\r\n|\n|\r)")
_LED = re.compile(r"---[ \t]*(?>\r\n|\n|\r)((?:[ \t]*(?>\r\n|\n|\r))+)")
"""A marker with the blank lines behind it."""
_LICENCE = re.compile(r"^[ \t]*#.*(?:SPDX-License-Identifier|Copyright|Licensed under|\(c\) \d{4})", re.MULTILINE | re.IGNORECASE)
_CONTENT = re.compile(r"^(?!---[ \t]*$|---[ \t]+#|\.\.\.|[ \t]*#|[ \t]*$|%)", re.MULTILINE)


MAX_HELD = 8_000_000
"""How much text waits to be joined, in characters: all of a large stream in pieces would stand in memory beside the whole."""


class Layout(TypedDict):
    """How a document is laid out; the keyword arguments of `render`."""

    newline: str
    indented_sequences: bool
    indent: int


def render(value: Any, *, newline: str = "\n", indented_sequences: bool = False, indent: int = 2) -> str:
    """A new block document, without `---`, keys in the order they have."""
    style = Style(step=indent, offset=indent if indented_sequences else 0)
    return "".join(line + newline for line in block_lines(value, style))


def style_of(text: str) -> Layout:
    """The layout most of one document's collections have, to `render` its neighbour alike. Raises YamlError."""
    mark = 1 if text.startswith("\ufeff") else 0
    steps, offsets = paged(text[mark:]).layout()
    match = _BREAK.search(text)
    return Layout(
        newline=match[0] if match else "\n",
        indented_sequences=_commonest(offsets, 0) > 0,
        indent=min(_commonest(steps, 2), 8),
    )


def insert_documents(text: str, inserts: Sequence[tuple[int, str]]) -> str:
    """The stream with each new document (its text, without `---`) right before the chunk of `split(text)` at its index.

    Documents for one index keep their order. Raises IndexError for an index that is no chunk's.
    """
    by_chunk: dict[int, list[str]] = {}
    chunks = split(text)
    for index, document in inserts:
        if not 0 <= index < len(chunks):
            raise IndexError(f"there is no document {index}")
        by_chunk.setdefault(index, []).append(document)
    return replace_chunks(
        text,
        {
            chunks[index]: insert_before(text[chunks[index].start : chunks[index].end], group, newline_at(text, chunks[index].start))
            for index, group in by_chunk.items()
        },
    )


def replace_chunks(text: str, fragments: Mapping[Chunk, str]) -> str:
    """The stream with other text for some of its chunks."""
    result, position, present = "", 0, 0
    waiting: list[str] = []
    for chunk, fragment in sorted(fragments.items()):
        waiting += (text[position : chunk.start], fragment)
        present += chunk.start - position + len(fragment)
        position = chunk.end
        if present > MAX_HELD:
            result += "".join(waiting)
            waiting, present = [], 0
    result += "".join((*waiting, text[position:]))
    return result


def remove_documents(text: str, removals: Iterable[int]) -> str:
    """The stream without the chunks of `split(text)` at these indexes: what `insert_documents` has put in comes out.

    A comment block at the top that a blank line sets apart stays. Raises CannotEdit where nothing would be left, or
    where the neighbours would run together; IndexError for an index that is no chunk's.
    """
    for index in sorted(set(removals), reverse=True):
        text = _without_document(text, index)
    return text


def _without_document(text: str, index: int) -> str:
    chunks = split(text)
    chunk = chunks[index]
    if not any(_CONTENT.search(text, one.start, one.end) for one in chunks if one is not chunk):
        raise CannotEdit("", "nothing else is in the file: delete it, and its name where it is listed", Lines(text).of(chunk.start))
    before, fragment, after = text[: chunk.start], text[chunk.start : chunk.end], text[chunk.end :]
    if index:
        if after and not _MARKER.match(after) and before.splitlines()[-1].rstrip() != "...":
            raise CannotEdit("", "its neighbours would run together", Lines(text).of(chunk.start))
        return before + after
    mark = "\ufeff" if fragment.startswith("\ufeff") else ""
    header = "" if _MARKER.match(fragment, len(mark)) else _header(fragment[len(mark) :])
    bare = _BARE.match(after)
    if header and not bare:
        raise CannotEdit("", "the comments at the top would lose their place", Lines(text).of(chunk.start))
    is_led = _MARKER.match(fragment, len(mark)) is not None
    return mark + header + (after[bare.end() :] if bare and not is_led else after)


def insert_before(chunk: str, documents: Sequence[str], newline: str) -> str:
    """One chunk with new documents (each its text, without `---`) right before its own."""
    mark = "\ufeff" if chunk.startswith("\ufeff") else ""
    body = chunk[len(mark) :]
    texts = [newline.join(_BREAK.split(document.removesuffix("\n").removesuffix("\r"))) + newline for document in documents]
    marker = "---" + newline
    if match := _LED.match(body):
        return mark + "".join(match[0] + document + match[1] for document in texts) + body
    if _MARKER.match(body):
        return mark + "".join(marker + document for document in texts) + body
    head = _HEAD.match(body)
    remainder = body[head.end() :] if head else body
    if remainder.startswith("%"):
        # Only `...` makes room for the directives of the next document.
        return mark + "".join(marker + document for document in texts) + "..." + newline + body
    header = _header(body)
    following = body[len(header) :]
    if not following.strip():
        return chunk + marker.join(texts)
    return mark + header + marker.join(texts) + marker + following


def _header(body: str) -> str:
    """The comments at the top that a blank line sets apart from the document, with that line; else those that state a
    licence."""
    head = _HEAD.match(body)
    match = _HEADER.match(body, 0, head.end() if head else 0)
    if match and "#" in match[0]:
        return match[0]
    return head[0] if head and _LICENCE.search(head[0]) else ""


def newline_at(text: str, position: int) -> str:
    """The first line break behind `position`, else the first of the text, else LF."""
    match = _BREAK.search(text, position) or _BREAK.search(text)
    return match[0] if match else "\n"


def _commonest(numbers: Sequence[int], default: int) -> int:
    return Counter(numbers).most_common(1)[0][0] if numbers else default
