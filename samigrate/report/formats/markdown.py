"""The report as Markdown: for a job's summary page, a comment, a wiki."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from samigrate.base.markdown import arrow, bullets, code, details, table
from samigrate.base.wording import USES_API, count, scopes
from samigrate.domain.model import Finding, Level, Severity
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.report import coverage, running
from samigrate.report.formats import Look, Reporter

_HEAD = ("Workload", "At", "Account", "Tokens", "Uses the API", "Risk", "Why")
_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    yield "## samigrate\n\n" + "\n\n".join([_totals(outcome), *coverage.told(outcome)]) + "\n"
    ordered = sorted(outcome.workloads, key=lambda report: (report.scopes, report.workload.key))
    for content, reports in groupby((report for report in ordered if not report.running), key=lambda report: report.scopes):
        yield f"\n### {code(scopes(content))}\n\n" + table(_HEAD, map(_row, reports))
    if present := running.rows(outcome):
        yield "\n### What runs\n\n" + table(running.HEAD, ([code(cell) for cell in row.cells] for row in present))
        yield "\n" + table(running.TOTALS, ([code(cell) for cell in total.cells] for total in running.totals(outcome)))
    for problem in outcome.problems:
        yield f"\n> **Not done:** {code(f'{problem.path}:{problem.line}')}: {code(problem.message)}\n"
    if outcome.findings:
        yield "\n" + details(_counted(outcome.findings), bullets(_findings(outcome.findings)))
    if outcome.skipped:
        lines = (f"{code(f'{skip.path}:{skip.line}')}: {code(skip.reason)}" for skip in outcome.skipped)
        yield "\n" + details(f"Left alone: {len(outcome.skipped)}", bullets(lines))


def _totals(outcome: Outcome) -> str:
    before = sum(report.tokens_before for report in outcome.workloads)
    after = sum(report.tokens_after for report in outcome.workloads)
    levels = Counter(report.verdict.level for report in outcome.workloads)
    message = ", ".join(f"{levels[level]} {USES_API[level]}" for level in Level if levels[level])
    use = f" API use: {message}." if message else ""
    if not outcome.changes:
        return f"{count(len(outcome.workloads), 'workload')} in {count(outcome.files, 'file')}, nothing to change.{use}"
    changed = sum(bool(report.applied) for report in outcome.workloads)
    description = f"{changed} of {count(len(outcome.workloads), 'workload')} in {count(len(outcome.changes), 'file')} would change"
    return f"**{description}: tokens {before} → {after}.**{use}"


def _row(report: WorkloadReport) -> Sequence[str]:
    workload = report.workload
    reason = code(report.verdict.evidence[0].detail) if report.verdict.evidence else ""
    part = f" [{workload.component}]" if workload.component else ""
    return (
        "<br>".join([code(f"{workload.id}{part}"), *(f"runs {code(str(placement))}" for placement in report.builds if report.is_renamed)]),
        code(f"{workload.resource.at.path}:{report.line}"),
        arrow(code(report.account_before), code(report.account_after)),
        arrow(str(report.tokens_before), str(report.tokens_after)),
        USES_API[report.verdict.level],
        str(report.risk) if report.applied else "",
        reason,
    )


def _counted(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return "Findings: " + ", ".join(count(counts[severity], severity.value) for severity in _SEVERITIES if counts[severity])


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Worst first; the same one on many workloads is told once, with their number."""
    groups: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[_SEVERITIES.index(finding.severity), finding.id].append(finding)
    for (_, id_), group in sorted(groups.items()):
        first = group[0]
        location = f" ({code(f'{first.at.path}:{first.at.line}')})" if first.at.path else ""
        suffix = f", and {len(group) - 1} more" if len(group) > 1 else ""
        hint = f"; {code(first.action)}" if first.action else ""
        yield f"{first.severity.value} {code(id_)}: {code(first.message)}{location}{hint}{suffix}"


REPORTER = Reporter("markdown", "Markdown, for a job's summary page or a comment", render)
