"""A unified diff that `git apply` takes, and that never shows a Secret's values.

DiffLines end at LF alone, as for git: a CR is part of its line. Context is cut short before a line that holds a Secret's
value, never altered. git takes a hunk that ends in a change for one at the end of the file, so at least one line of
context must follow elsewhere; GNU patch wants as much before as after. Where that cannot be had, or a changed line
itself holds a value (JSON on one line), the file's diff is left out and named.
"""

from __future__ import annotations

import difflib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

from samigrate.domain.outcome import FileChange, Outcome
from samigrate.report.formats import Look, Reporter

CONTEXT = 3
_SURE = 10  # this many equal lines end a difference
_FAR = 400  # the most lines to insert and remove before the rest is compared as a whole
_NOWHERE = -(1 << 60)
_ESCAPES = {"\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_COLORS = {"-": "31", "+": "32", "@": "36"}


class DiffBlock(NamedTuple):
    """Lines old[start:end] become new[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


class Hunk(NamedTuple):
    """Differences shown together, with `before` and `after` lines of context."""

    blocks: Sequence[DiffBlock]
    before: int
    after: int


class DiffLines(Sequence[str]):
    """The lines of a text with their LF, cut out when they are asked for: all of a large text's would be several times
    its size."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = array("Q", [0])
        position = text.find("\n")
        while position >= 0:
            self.starts.append(position + 1)
            position = text.find("\n", position + 1)
        if self.starts[-1] != len(text):
            self.starts.append(len(text))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.text[self.starts[index] : self.starts[index + 1]]


def unified(change: FileChange) -> str | None:
    """The diff of one file; None where it cannot be shown without a Secret's values."""
    old, new = DiffLines(change.old or ""), DiffLines(change.new)
    secret = {line - 1 for first, last in change.secret_lines for line in range(first, last + 1)}
    blocks = differences(old, new, change.secret_lines)
    if any(line in secret for block in blocks for line in range(block.start, block.end)):
        return None
    hunks = _hunks(blocks, len(old), secret)
    if hunks is None:
        return None
    before = "/dev/null" if change.old is None else _name("a/", change.path)
    head = f"--- {before}\n+++ {_name('b/', change.path)}\n"
    return head + "".join(_hunk(hunk, old, new) for hunk in hunks)


def _name(side: str, path: str) -> str:
    """A path as git writes it: quoted where it holds unusual bytes, ended by a tab where it holds spaces."""
    name = side + path.lstrip("/")
    raw = name.encode("utf-8", "surrogateescape")
    if name.isprintable() and raw.isascii() and not set('"\\') & set(name):
        return name + "\t" if " " in name else name
    return '"' + "".join(_quoted(byte) for byte in raw) + '"'


def _quoted(byte: int) -> str:
    character = chr(byte)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if 32 <= byte < 127 else f"\\{byte:03o}"


# ---------------------------------------------------------------- differences


def differences(old: DiffLines, new: DiffLines, fixed: Sequence[tuple[int, int]] = ()) -> list[DiffBlock]:
    """What to replace in `old` to get `new`. `fixed` are 1-based line ranges of `old` that are the same in `new`,
    in order: they are matched first. Linear where the differences are small and far between, as edits are."""
    blocks: list[DiffBlock] = []
    start = new_start = 0
    for first, last in sorted(fixed):
        current = _find(old, first - 1, last, new, new_start)
        if current is not None and first - 1 >= start:
            blocks += _between(old, new, DiffBlock(start, first - 1, new_start, current))
            start, new_start = last, current + last - first + 1
    blocks += _between(old, new, DiffBlock(start, len(old), new_start, len(new)))
    return blocks


def _find(old: DiffLines, first: int, end: int, new: DiffLines, start: int) -> int | None:
    """Where old[first:end] stands in `new`, from the line `start` on."""
    expected = old.text[old.starts[first] : old.starts[end]]
    position = new.text.find(expected, new.starts[start])
    while position >= 0:
        line = bisect_right(new.starts, position) - 1
        if new.starts[line] == position and new[line : line + end - first] == old[first:end]:
            return line
        position = new.text.find(expected, position + 1)
    return None


def _equal_lines(old: DiffLines, new: DiffLines, i: int, j: int, span: DiffBlock) -> int:
    """How many lines from old[i] and new[j] on are the same, within the span."""
    start, new_start = old.starts[i], new.starts[j]
    same = _equal(old.text, start, new.text, new_start, min(old.starts[span.end] - start, new.starts[span.new_end] - new_start))
    count = min(bisect_right(old.starts, start + same, i) - 1 - i, span.end - i, span.new_end - j)
    return count - 1 if count and old[i + count - 1] != new[j + count - 1] else count  # the last line may lack its LF


def _equal(name: str, position: int, other_name: str, target: int, most: int) -> int:
    """How many characters are the same: in steps that grow as long as they are, then in halves."""
    completed, step = 0, 64
    while completed < most:
        step = min(step, most - completed)
        if name[position + completed : position + completed + step] != other_name[target + completed : target + completed + step]:
            break
        completed, step = completed + step, min(2 * step, 1 << 20)
    else:
        return completed
    while step > 1:
        half = step // 2
        if name[position + completed : position + completed + half] == other_name[target + completed : target + completed + half]:
            completed, step = completed + half, step - half
        else:
            step = half
    return completed


def _between(old: DiffLines, new: DiffLines, span: DiffBlock) -> Iterator[DiffBlock]:
    i, j = span.start, span.new_start
    completed = i
    while i < span.end or j < span.new_end:
        if i < span.end and j < span.new_end and (same := _equal_lines(old, new, i, j, span)):
            i, j = i + same, j + same
            continue
        for block in _nearest(old, new, DiffBlock(i, span.end, j, span.new_end)):
            yield _slid(old, new, block, completed)
            i, j = block.end, block.new_end
            completed = i


def _nearest(old: DiffLines, new: DiffLines, block: DiffBlock) -> list[DiffBlock]:
    """The fewest lines to replace before many lines in a row are equal again, or all are done: the greedy algorithm
    of Myers (1986), stopped early. Where the difference is large the rest is compared as a whole."""
    length, new_length = block.end - block.start, block.new_end - block.new_start
    reached = {1: 0}  # by diagonal (old minus new): the furthest old line
    trace: list[dict[int, int]] = []
    for cost in range(min(_FAR, length + new_length) + 1):
        trace.append(dict(reached))
        for diagonal in range(-cost, cost + 1, 2):
            x = _step(reached, diagonal, cost)[0]
            y = x - diagonal
            if not (0 <= x <= length and 0 <= y <= new_length):
                reached[diagonal] = _NOWHERE
                continue
            equal = 0
            while x + equal < length and y + equal < new_length and old[block.start + x + equal] == new[block.new_start + y + equal]:
                equal += 1
            reached[diagonal] = x + equal
            if equal >= _SURE or (x + equal == length and y + equal == new_length):
                return _traced(trace, diagonal, x, block)
    return _as_a_whole(old, new, block)


def _step(reached: dict[int, int], diagonal: int, cost: int) -> tuple[int, bool]:
    """The old line after one more insertion or removal, whichever leads further; and whether it is an insertion."""
    inserted, removed = reached.get(diagonal + 1, _NOWHERE), reached.get(diagonal - 1, _NOWHERE) + 1
    is_insertion = diagonal == -cost or (diagonal != cost and removed <= inserted)
    return (inserted if is_insertion else removed), is_insertion


def _traced(trace: list[dict[int, int]], diagonal: int, x: int, block: DiffBlock) -> list[DiffBlock]:
    """The way to a point right after an edit, as blocks in order."""
    blocks: list[DiffBlock] = []
    for cost in range(len(trace) - 1, 0, -1):
        is_insertion = _step(trace[cost], diagonal, cost)[1]
        i, j = block.start + x, block.new_start + x - diagonal
        edit = DiffBlock(i, i, j - 1, j) if is_insertion else DiffBlock(i - 1, i, j, j)
        if blocks and (blocks[-1].start, blocks[-1].new_start) == (i, j):
            edit = DiffBlock(edit.start, blocks[-1].end, edit.new_start, blocks.pop().new_end)
        blocks.append(edit)
        diagonal += 1 if is_insertion else -1
        x = _step(trace[cost - 1], diagonal, cost - 1)[0]
    return blocks[::-1]


def _as_a_whole(old: DiffLines, new: DiffLines, block: DiffBlock) -> list[DiffBlock]:
    is_long = block.end - block.start > 10 * _FAR
    matcher = difflib.SequenceMatcher(None, old[block.start : block.end], new[block.new_start : block.new_end], autojunk=is_long)
    return [
        DiffBlock(block.start + i1, block.start + i2, block.new_start + j1, block.new_start + j2)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _slid(old: DiffLines, new: DiffLines, block: DiffBlock, floor: int) -> DiffBlock:
    """A pure insertion, moved up where that makes it start after the `---` it would otherwise end before."""
    if block.start != block.end:
        return block
    for up in range(min(CONTEXT, block.start - floor) + 1):
        if up and new[block.new_end - up] != old[block.start - up]:
            break
        if new[block.new_end - up - 1].startswith("---"):
            return DiffBlock(block.start - up, block.end - up, block.new_start - up, block.new_end - up)
    return block


# ---------------------------------------------------------------- hunks


def _hunks(blocks: Sequence[DiffBlock], length: int, secret: set[int]) -> list[Hunk] | None:
    """The differences with their context; None where there is none to be had."""
    groups: list[list[DiffBlock]] = []
    for block in blocks:
        between = range(groups[-1][-1].end, block.start) if groups else range(0)
        if groups and len(between) <= 2 * CONTEXT and not secret.intersection(between):
            groups[-1].append(block)
        else:
            groups.append([block])
    hunks: list[Hunk] = []
    for index, group in enumerate(groups):
        floor = groups[index - 1][-1].end + hunks[-1].after if index else 0
        ceiling = groups[index + 1][0].start if index + 1 < len(groups) else length
        before = _free(range(group[0].start - 1, floor - 1, -1), secret)
        after = _free(range(group[-1].end, ceiling), secret)
        if after == 0 and group[-1].end < length:
            return None
        if before < CONTEXT and group[0].start > before:
            after = min(after, max(before, 1))
        if after < CONTEXT and group[-1].end + after < length:
            before = min(before, after)
        hunks.append(Hunk(group, before, after))
    return hunks


def _free(lines: range, secret: set[int]) -> int:
    """How many of the lines may be shown, from the first."""
    shown = 0
    for line in lines[:CONTEXT]:
        if line in secret:
            break
        shown += 1
    return shown


def _hunk(hunk: Hunk, old: DiffLines, new: DiffLines) -> str:
    first, last = hunk.blocks[0], hunk.blocks[-1]
    lines: list[str] = []
    position = first.start - hunk.before
    for block in hunk.blocks:
        lines += _marked(" ", old[position : block.start])
        lines += _marked("-", old[block.start : block.end])
        lines += _marked("+", new[block.new_start : block.new_end])
        position = block.end
    lines += _marked(" ", old[position : last.end + hunk.after])
    before = _range(first.start - hunk.before, last.end + hunk.after)
    after = _range(first.new_start - hunk.before, last.new_end + hunk.after)
    return f"@@ -{before} +{after} @@\n" + "".join(lines)


def _range(start: int, end: int) -> str:
    """Lines start to end as a hunk's head has them: from 1, and the line before where there are none."""
    size = end - start
    return f"{start + 1 if size else start},{size}" if size != 1 else str(start + 1)


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


# ---------------------------------------------------------------- the reporter


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    for change in outcome.changes:
        shown = unified(change)
        if shown is not None:
            yield _painted(shown) if look.color else shown


def hidden(outcome: Outcome) -> list[str]:
    """Changed files whose diff cannot be shown."""
    return [change.path for change in outcome.changes if change.secret_lines and unified(change) is None]


def _painted(text: str) -> str:
    return "".join(_paint(line) for line in DiffLines(text))


def _paint(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return f"\033[1m{line[:-1]}\033[0m\n"
    code = _COLORS.get(line[:1])
    return f"\033[{code}m{line[:-1]}\033[0m\n" if code else line


REPORTER = Reporter("diff", "a unified diff that `git apply` takes", render)
