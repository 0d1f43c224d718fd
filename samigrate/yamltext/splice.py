"""Put edits into a text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from .node import Node
from .ops import CannotEdit
from .page import BREAKS, Page, leaves


class Edit(NamedTuple):
    """Replace text[start:end]. With `is_lines` the new text is whole lines and must begin on a line of its own."""

    start: int
    end: int
    text: str
    is_lines: bool = False


def splice(page: Page, edits: list[Edit]) -> str:
    """The text after all edits; of those at one place the earlier comes first. No final newline is added where there was none."""
    if not edits:
        return page.text
    cuts = [edit for edit in edits if edit.end > edit.start]
    is_cut = _inside(cuts)
    outside = (_outside(page, edit, cuts) if edit.is_lines and edit.start == edit.end and is_cut(edit.start) else edit for edit in edits)
    edits = _around_block_scalars(page, sorted(outside, key=lambda edit: edit.start))
    text, position, out = page.text, 0, []
    last = ""
    for edit in edits:
        if edit.start < position:
            raise CannotEdit("", "two of the edits meet in one place", page.line(edit.start))
        last = text[position : edit.start] or last
        out.append(text[position : edit.start])
        if edit.is_lines and edit.text and last and last[-1] not in BREAKS:
            out.append(page.newline(edit.start))
        out.append(edit.text)
        last = edit.text or last
        position = edit.end
    out.append(text[position:])
    result = "".join(out)
    if position == len(text) and edits[-1].text and text and text[-1] not in BREAKS and result[-1] in BREAKS:
        result = result[:-2] if result.endswith("\r\n") else result[:-1]
    return result


def _outside(page: Page, edit: Edit, cuts: list[Edit]) -> Edit:
    """Lines that belong above a line whose head is cut away go above the line it is joined to."""
    for cut in reversed(cuts):
        if cut.start < edit.start < cut.end:
            start = page.bol(cut.start)
            edit = edit._replace(start=start, end=start)
    return edit


def _inside(cuts: list[Edit]) -> Callable[[int], bool]:
    """Tells whether a place lies inside of what is cut: of thousands of cuts, few places lie in any."""
    in_order = sorted(cuts, key=lambda cut: cut.start)
    starts = [cut.start for cut in in_order]
    ends = list(accumulate((cut.end for cut in in_order), max))  # the furthest of all cuts up to each

    def is_inside(place: int) -> bool:
        before = bisect_left(starts, place)
        return before > 0 and ends[before - 1] > place

    return is_inside


def _around_block_scalars(page: Page, edits: list[Edit]) -> list[Edit]:
    """Keep the value of block scalars whose end would otherwise change with what follows them."""
    may_hold = page.root is not None and ("|" in page.text or ">" in page.text)
    scalars = {leaf.end: leaf for leaf in (leaves(page.root) if page.root and may_hold else ()) if leaf.style in ("|", ">")}
    if not scalars:
        return edits
    remaining: list[Edit] = []
    for index, edit in enumerate(edits):
        begins = edit.start
        for earlier in reversed(remaining):
            if earlier.text or earlier.end != begins:
                break
            begins = earlier.start
        scalar = scalars.get(begins)
        if scalar is not None and edit.end > edit.start and not edit.text and "+" in _header(page, scalar):
            stop = edits[index + 1].start if index + 1 < len(edits) else len(page.text)
            edit = edit._replace(end=max(edit.end, _past_blank_lines(page, edit.end, stop)))
        remaining.append(edit)
    last = scalars.get(len(page.text))
    if last is not None and remaining[-1].is_lines and remaining[-1].start == len(page.text) and page.text[-1] not in BREAKS:
        remaining = _stripped(page, last, remaining)
    return remaining


def _header(page: Page, scalar: Node) -> str:
    return page.text[scalar.body + 1 : scalar.body + 3].split("#")[0]


def _past_blank_lines(page: Page, position: int, stop: int) -> int:
    while position < stop and page.is_blank_line(position) and page.eol(position) <= stop:
        position = page.eol(position)
    return position


def _stripped(page: Page, scalar: Node, edits: list[Edit]) -> list[Edit]:
    """A block scalar that ends the text without a line break has none in its value; say so once a line follows."""
    header = _header(page, scalar)
    if "-" in header or any(edit.start <= scalar.body < edit.end for edit in edits):
        return edits
    keep = header.find("+")
    position = scalar.body + 1 + max(keep, 0)
    change = Edit(position, position + (keep >= 0), "-")
    return sorted([change, *edits], key=lambda edit: edit.start)


def splice_within(page: Page, start: int, end: int, edits: list[Edit]) -> str:
    """text[start:end] after edits that lie within it."""
    out, position = [], start
    for edit in sorted(edits, key=lambda edit: edit.start):
        out += [page.text[position : edit.start], edit.text]
        position = edit.end
    return "".join(out) + page.text[position:end]
