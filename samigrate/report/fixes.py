"""The edits of one workload's change, cut out of what becomes of whole files: for tools that offer a change piece by piece."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.domain.outcome import FileChange, ObjectReport, Outcome, WorkloadReport
from samigrate.files import file_types
from samigrate.kustomize import placing
from samigrate.report.formats.diff import DiffBlock, DiffLines, differences


class Edit(NamedTuple):
    """Lines `first` to `last` of a file (1-based) become `text`; `last` is `first - 1` where the text goes in before `first`.
    `last_width` is how many characters the last line has where it lacks its line end, else None."""

    path: str
    first: int
    last: int
    text: str
    is_new_file: bool = False
    last_width: int | None = None


class Fixes:
    """The edits in an outcome, by workload. Each file is compared once."""

    def __init__(self, outcome: Outcome) -> None:
        self._changes = {change.path: change for change in outcome.changes}
        self._blocks: dict[str, list[tuple[frozenset[int], Edit]] | None] = {}
        self._claimed: dict[str, set[int]] = defaultdict(set)
        reports: list[WorkloadReport | ObjectReport] = [*outcome.workloads, *outcome.objects]
        for report in reports:
            for path, document in _places(report):
                self._claimed[path].add(document)

    def of(self, report: WorkloadReport | ObjectReport) -> tuple[Edit, ...]:
        """The edits that make the workload's change, whole: () where a part of it cannot be shown without a Secret's values.
        Where two workloads share an object, as a binding, its edit belongs to both."""
        own: dict[str, set[int]] = defaultdict(set)
        for path, document in _places(report):
            own[path].add(document)
        edits: list[Edit] = []
        files = report.files if isinstance(report, WorkloadReport) else own.keys()
        beside = {path for path in map(placing.sibling, files) if path in self._changes and self._changes[path].old is None}
        for path in sorted(files | beside):
            blocks = self._of_file(path)
            if blocks is None:
                return ()
            edits += (edit for documents, edit in blocks if not own[path] or own[path] & documents or not self._claimed[path] & documents)
        return tuple(edits)

    def _of_file(self, path: str) -> list[tuple[frozenset[int], Edit]] | None:
        if path not in self._blocks:
            change = self._changes.get(path)
            self._blocks[path] = _edits(change) if change else None
        return self._blocks[path]


def _places(report: WorkloadReport | ObjectReport) -> set[tuple[str, int]]:
    """The documents that the change edits, where they are those of the file: what a chart renders, or a program says, has
    numbers of its own."""
    if isinstance(report, WorkloadReport) and report.is_of_chart:
        return set()
    targets = {applied.operation.target for applied in report.applied}
    return {(target.path, target.document) for target in targets if not file_types.is_program(target.path)}


def _edits(change: FileChange) -> list[tuple[frozenset[int], Edit]] | None:
    """Each edit of a file with the documents that it may belong to; None where one would show a Secret's value."""
    if change.old is None:
        return [(frozenset(), Edit(change.path, 1, 0, change.new, is_new_file=True))]
    old, new = DiffLines(change.old), DiffLines(change.new)
    secret = {line - 1 for first, last in change.secret_lines for line in range(first, last + 1)}
    starts = [chunk.start for chunk in yamltext.split(change.old)]
    edits = []
    for block in differences(old, new, change.secret_lines):
        block = _before_end(block, old, new, secret)
        if any(line in secret for line in range(block.start, block.end)):
            return None
        text = "".join(new[block.new_start : block.new_end])
        is_open = block.end == len(old) and block.end > block.start and not old[block.end - 1].endswith("\n")
        width = len(old[block.end - 1]) if is_open else None
        edits.append((_documents(block, text, old, starts), Edit(change.path, block.start + 1, block.end, text, last_width=width)))
    return edits


def _before_end(block: DiffBlock, old: DiffLines, new: DiffLines, secret: set[int]) -> DiffBlock:
    """Text that goes behind the last line takes that line with it: a place behind the end is no line of the file."""
    start, new_start = block.start - 1, block.new_start - 1
    if block.start < block.end or block.start < len(old) or start < 0 or new_start < 0 or start in secret:
        return block
    return DiffBlock(start, block.end, new_start, block.new_end)


def _documents(block: DiffBlock, text: str, old: DiffLines, starts: Sequence[int]) -> frozenset[int]:
    """The documents that a block may belong to: of two that meet where it goes in, what brings a `---` is for the second."""
    offset = old.starts[block.start]
    first = max(bisect_right(starts, offset) - 1, 0)
    if block.start < block.end:
        last = max(bisect_right(starts, old.starts[block.end] - 1) - 1, first)
        return frozenset(range(first, last + 1))
    if not first or starts[first] != offset or text.startswith("---"):
        return frozenset([first])
    return frozenset([first, first - 1] if "\n---" in text else [first - 1])
