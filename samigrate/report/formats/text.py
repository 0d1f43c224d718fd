"""The report for people: who holds a token and why, and what a run changes.

Nothing is wrapped: on a terminal what does not fit is cut with `…`, but for a `file:line`, which goes on a line of its
own. Elsewhere nothing is cut. What comes from manifests is shown without control characters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from samigrate.base.wording import clean as clean
from samigrate.base.wording import count as count
from samigrate.base.wording import cut, scopes
from samigrate.domain.model import AGAINST, Evidence, Finding, Level, Severity, Strength
from samigrate.domain.outcome import STREAM, Outcome, WorkloadReport
from samigrate.findings.unseen import STANDING
from samigrate.report import coverage, running, words
from samigrate.report.against import COMPARISON
from samigrate.report.formats import Look, Reporter

SCREENFUL = 12
_INDENT = 12
_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
_STRENGTHS = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER, Strength.SILENT)
_COLORS = {
    Severity.ERROR: "31",
    Severity.WARNING: "33",
    Severity.NOTE: "36",
    Level.REQUIRED: "32",
    Level.LIKELY: "32",
    Level.UNKNOWN: "33",
    Level.NONE: "36",
}
ROLLED_BACK = (
    'The next run would migrate them again. To keep one as it is, annotate it with samigrate.dev/ignore: "all: why" (docs/phases.md).'
)
UNSEEN = "Not seen here: what is granted in the cluster alone, by cloud IAM or by Vault. To see it, for each account:"


def _place(path: str, line: int) -> str:
    return clean(f"{path}:{line}" if line else path)


def _fit(look: Look, start: str, text: str, pointer: str = "") -> Iterator[str]:
    """Text and the place it speaks of on one line; where the terminal is too narrow for both, on two."""
    line = f"{start}{text}  {pointer}" if pointer else start + text
    if look.width is None or len(line) <= look.width:
        yield line
        return
    yield cut(start + text, look.width)
    if pointer:
        yield " " * _INDENT + pointer


def _paint(look: Look, code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if look.color and code else text


# ---------------------------------------------------------------- the table


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    ordered = sorted(outcome.workloads, key=lambda report: (report.scopes, report.workload.key))
    if not look.workload:
        yield from (line + "\n" for line in running.lines(outcome, partial(_paint, look), look.width))
    for content, reports in groupby((report for report in ordered if not report.running), key=lambda report: report.scopes):
        yield _paint(look, "1", clean(scopes(content))) + "\n"
        yield from (line + "\n" for line in _table(list(reports), look))
        yield "\n"
    if look.workload:
        yield from (line + "\n" for report in ordered for line in _chain(report, outcome.findings, look))
        return
    sections = (*_objects(outcome, look), *findings(outcome, look), *skips(outcome, look))
    yield from (line + "\n" for line in sections)
    if sections:
        yield "\n"
    yield from (line + "\n" for line in (*_unseen(outcome), *_totals(outcome)))


def _table(reports: Sequence[WorkloadReport], look: Look) -> Iterator[str]:
    rows = [("WORKLOAD", "ACCOUNT", "AUTOMOUNT", "TOKENS", "API USE", "AT"), *map(_row, reports)]
    account = 24 if (look.width or 120) >= 100 else 14
    limits = (look.width - account - 37, account, 9, 6, 8) if look.width is not None else (999,) * 5
    widths = [min(max(len(row[column]) for row in rows), limit) for column, limit in enumerate(limits)]
    for row, report in zip(rows, (None, *reports), strict=True):
        cells = [cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=False)]
        if report is None:
            yield _paint(look, "2", "  ".join(["", *cells, row[-1]]))
            continue
        cells[4] = _paint(look, _COLORS[report.verdict.level], cells[4])
        is_wide = look.width is not None and sum(widths) + 12 + len(row[-1]) > look.width
        yield "  ".join(["", *cells, "" if is_wide else row[-1]]).rstrip()
        if is_wide:
            yield "      at    " + row[-1]
        yield from _why(report, look)
        yield from _runs(report, look)
        yield from _fit(look, "      then  ", words.change(report))


def _row(report: WorkloadReport) -> tuple[str, ...]:
    return (
        words.name(report),
        clean(report.account_before),
        words.automount(report.automount_before),
        str(report.tokens_before) if report.tokens_before else "-",
        report.verdict.level.value,
        _place(report.workload.resource.at.path, report.line),
    )


def _why(report: WorkloadReport, look: Look) -> Iterator[str]:
    ordered = sorted(enumerate(report.verdict.evidence), key=lambda item: _STRENGTHS.index(item[1].strength))
    telling = ordered if report.verdict.level is not Level.NONE else [item for item in ordered if item[1].strength in AGAINST]
    if not telling:
        yield "      why   no sign of any use of the API"
        return
    index, evidence = telling[0]
    suffix = f" (+{len(ordered) - 1})" if len(ordered) > 1 else ""
    yield from _fit(look, "      why   ", clean(evidence.detail), _evidence_place(report, index, evidence) + suffix)


def _evidence_place(report: WorkloadReport, index: int, evidence: Evidence) -> str:
    return _place(evidence.at.path, report.lines.get(index, evidence.at.line))


def _runs(report: WorkloadReport, look: Look) -> Iterator[str]:
    """What it runs as, where kustomize builds make something else of it than what is written."""
    if not report.is_renamed:
        return
    is_all = look.verbosity > 0 or look.workload or len(report.builds) <= SCREENFUL
    for placement in report.builds if is_all else report.builds[:SCREENFUL]:
        yield from _fit(look, "      runs  ", clean(str(placement)), clean(f"({placement.build})"))
    if not is_all:
        yield f"      runs  and {len(report.builds) - SCREENFUL} more; -v shows all"


def _objects(outcome: Outcome, look: Look) -> Iterator[str]:
    """What happens to accounts and bindings, by recipes that are about them."""
    for report in outcome.objects:
        for applied in report.applied:
            operation = applied.operation
            description = f"{operation.op} {operation.pointer}" if operation.pointer else f"{operation.op} it"
            location = _place(report.resource.at.path, report.resource.at.line)
            yield from _fit(
                look, f"{clean(str(report.resource.id))}: ", clean(f"{description}: {operation.reason} (risk {report.risk})"), location
            )


# ---------------------------------------------------------------- one workload's chain of evidence


def _chain(report: WorkloadReport, result: Iterable[Finding], look: Look) -> Iterator[str]:
    location = _place(report.workload.resource.at.path, report.line)
    yield _paint(look, "1", f"{words.name(report)}: {report.verdict.level}") + f"  ({location}, {clean(report.workload.pod)})"
    yield "  evidence" if report.verdict.evidence else "  evidence: none"
    for index, evidence in sorted(enumerate(report.verdict.evidence), key=lambda item: _STRENGTHS.index(item[1].strength)):
        speaker = f"container {evidence.container}: " if evidence.container else ""
        location = _evidence_place(report, index, evidence)
        yield f"    {location}: {evidence.strength}: {clean(speaker + evidence.detail)} ({evidence.source})"
        if evidence.calls:
            yield f"      as {clean(evidence.caller)}"
        yield from (f"      {clean(str(call))}" for call in evidence.calls)
    if report.applied:
        yield "  changes"
    for applied in report.applied:
        operation = applied.operation
        description = f"{operation.op} {operation.pointer}" if operation.pointer else f"add {operation.value.get('kind', 'object')}"
        yield f"    {clean(operation.target.path)}: {clean(description)} ({applied.transform}): {clean(operation.reason)}"
    if report.radius:
        yield f"  what names the account {clean(report.account_before)}"
    for mention in report.radius:
        location = f"{_place(mention.at.path, mention.at.line)}: {clean(str(mention.resource) + ' ' + mention.pointer).rstrip()}"
        yield f"    {location}: {clean(mention.action)} ({mention.rule})"
    if report.risks:
        yield f"  risk {report.risk}"
    for risk, reason in report.risks:
        yield f"    {risk}: {clean(reason)}"
    named = [finding for finding in result if finding.is_about(report.workload)]
    if named:
        yield "  findings"
    yield from (f"  {line}" for finding in named for line in _finding(finding, look))
    yield ""


# ---------------------------------------------------------------- findings, skipped, totals


def findings(outcome: Outcome, look: Look) -> Iterator[str]:
    """Findings, worst first: one of each id, or all of them with -v."""
    reported = [finding for finding in outcome.findings if finding.id != STANDING]
    if not reported:
        return
    counts = Counter(finding.severity for finding in reported)
    sums = ", ".join(count(counts[severity], severity.value) for severity in _SEVERITIES if counts[severity])
    yield _paint(look, "1", "findings") + f" ({sums})"
    groups: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for finding in reported:
        groups[_SEVERITIES.index(finding.severity), finding.id].append(finding)
    ordered = [groups[key] for key in sorted(groups)]
    if look.verbosity > 0:
        yield from (line for group in ordered for finding in group for line in _finding(finding, look))
        return
    for group in ordered[:SCREENFUL]:
        yield from _grouped(group, look) if group[0].id not in COMPARISON else (line for one in group for line in _grouped([one], look))
    remainder = len(ordered) - SCREENFUL
    yield (f"  and {count(remainder, 'more kind')}; " if remainder > 0 else "  ") + "-v shows all, `samigrate explain ID` says why"


def _grouped(group: Sequence[Finding], look: Look) -> Iterator[str]:
    first = group[0]
    suffix = f" (and {len(group) - 1} more)" if len(group) > 1 else ""
    start = f"  {first.severity} {first.id} "
    lines = _fit(look, start, clean(first.message), _place(first.at.path, first.at.line) + suffix)
    yield next(lines).replace(first.severity, _paint(look, _COLORS[first.severity], first.severity), 1)
    yield from lines


def _finding(finding: Finding, look: Look) -> Iterator[str]:
    severity = _paint(look, _COLORS[finding.severity], finding.severity)
    rule = f" {finding.rule}" if finding.rule else ""
    yield f"  {_place(finding.at.path, finding.at.line)}: {severity} {finding.id}{rule}: {clean(finding.message)}"
    if finding.action:
        yield f"      {clean(finding.action)}"


def skips(outcome: Outcome, look: Look) -> Iterator[str]:
    if not outcome.skipped:
        return
    yield _paint(look, "1", "left alone") + f" ({len(outcome.skipped)})"
    shown = outcome.skipped if look.verbosity > 0 else outcome.skipped[:SCREENFUL]
    for skip in shown:
        yield from _fit(look, "  ", clean(skip.reason), _place(skip.path, skip.line))
    if len(shown) < len(outcome.skipped):
        yield f"  and {len(outcome.skipped) - len(shown)} more; -v shows all"


def _unseen(outcome: Outcome) -> Iterator[str]:
    """What the input cannot show, with the commands that do (R-D35): for one scope, which stands for all."""
    standing = [finding for finding in outcome.findings if finding.id == STANDING]
    if standing:
        yield UNSEEN
        yield from (f"  {clean(command)}" for command in standing[0].action.split("; "))


def _totals(outcome: Outcome) -> Iterator[str]:
    holding = sum(report.tokens_before > 0 for report in outcome.workloads)
    levels = Counter(report.verdict.level for report in outcome.workloads)
    message = ", ".join(f"{levels[level]} {level}" for level in Level if levels[level])
    line = f"{count(len(outcome.workloads), 'workload')} in {count(outcome.files, 'file')}: {holding} with a token"
    yield f"{line}; API use: {message}" if message else line
    if against := outcome.against:
        differing = f"{against.absent} declared in {clean(against.path)} and not there, {against.differing} that differ"
        yield f"{count(against.running, 'workload')} in the cluster: {against.undeclared} that no manifest declares, {differing}"
    if outcome.changes:
        yield f"`samigrate migrate` would change {count(len(outcome.changes), 'file')}: {tokens(outcome)}"
    yield from coverage.told(outcome)


def tokens(outcome: Outcome) -> str:
    """How many tokens the containers can read before and after."""
    before = sum(report.tokens_before for report in outcome.workloads)
    after = sum(report.tokens_after for report in outcome.workloads)
    return f"tokens {before} → {after}"


# ---------------------------------------------------------------- the summary of a migration


def summary(outcome: Outcome, look: Look, written: Sequence[str] | None) -> Iterator[str]:
    """What a migration says on stderr. `written` are the paths written, None where nothing was to be."""
    yield from (*findings(outcome, look), *skips(outcome, look))
    yield from coverage.told(outcome)
    changed = len(outcome.changes) if written is None else len(written)
    for path in _some(written or (), look):
        yield f"wrote {clean(path)}"
    if not changed:
        yield f"Nothing to change: {count(outcome.files, 'file')} read, {count(len(outcome.workloads), 'workload')}."
        return
    touched = f"{sum(bool(report.applied) for report in outcome.workloads)} of {count(len(outcome.workloads), 'workload')}"
    if outcome.objects:
        touched += f", {count(len(outcome.objects), 'other object')}"
    if [change.path for change in outcome.changes] == [STREAM]:
        yield f"On the stream: {touched}, {tokens(outcome)}."
        return
    verb = "Would change" if written is None else "Changed"
    yield f"{verb} {count(changed, 'file')} ({outcome.files} read): {touched}, {tokens(outcome)}."
    is_recorded = any(report.account_before != report.account_after and not report.is_of_chart for report in outcome.workloads)
    if written and is_recorded and not outcome.is_rollback:
        yield "Back: `samigrate migrate --recipe rollback --write`; `git revert` would leave live objects with accounts that are gone."
    if written and outcome.is_rollback:
        yield ROLLED_BACK
    if written is None:
        yield "Next: `samigrate audit` says why; `samigrate migrate --write` does it."


def compared(outcome: Outcome, look: Look, new: int, gone: int) -> Iterator[str]:
    """What a check against a baseline says on stderr, where `new` changes are not in it, and `gone` of it are no more."""
    yield from (*findings(outcome, look), *skips(outcome, look), *coverage.told(outcome))
    files = count(len(outcome.changes), "file")
    if new:
        yield f"Not in the baseline: {count(new, 'change')}. With what is in it, {files} would change ({outcome.files} read)."
        yield "Next: `samigrate audit` says why; `samigrate migrate --write` does it."
    elif outcome.changes:
        yield f"Nothing new: what would change in {files} ({outcome.files} read) is in the baseline."
    else:
        yield f"Nothing to change: {count(outcome.files, 'file')} read, {count(len(outcome.workloads), 'workload')}."
    if gone:
        yield f"{count(gone, 'change')} in the baseline would not be made any more: record it anew, so that none comes back unseen."


def _some(paths: Sequence[str], look: Look) -> Iterator[str]:
    yield from paths if look.verbosity > 0 else paths[:SCREENFUL]
    if look.verbosity <= 0 and len(paths) > SCREENFUL:
        yield f"and {len(paths) - SCREENFUL} more"


REPORTER = Reporter("text", "for people: who holds a token, why, and what would change", render, with_lines=True)
