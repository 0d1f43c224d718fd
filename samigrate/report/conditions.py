"""What an audit is asked: for one workload only, and whether a condition is met."""

from __future__ import annotations

from collections.abc import Sequence

from samigrate.base.errors import InputError
from samigrate.base.wording import count
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.findings.unseen import STANDING
from samigrate.settings.config import suggestion

SEVERITIES = (Severity.NOTE, Severity.WARNING, Severity.ERROR)


def narrow(outcome: Outcome, expected: str) -> Outcome:
    """The outcome for one workload: KIND/NAME, or KIND/NAMESPACE/NAME, as written or as a build calls it. Raises
    InputError where there is none."""
    kind, _, remainder = expected.partition("/")
    namespace, _, name = remainder.rpartition("/")
    if not kind or not name:
        raise InputError("", 0, f"--workload {expected}: takes KIND/NAME or KIND/NAMESPACE/NAME")
    reports = tuple(
        report
        for report in outcome.workloads
        if any(
            (called_kind.lower(), called) == (kind.lower(), name) and namespace in ("", space)
            for called_kind, space, called in _names(report)
        )
    )
    if not reports:
        existing = {f"{called}/{name}" for report in outcome.workloads for called, _, name in _names(report)}
        raise InputError("", 0, f"no workload {expected!r}{suggestion(expected, existing) if existing else ''}")
    reported = tuple(finding for finding in outcome.findings if any(finding.is_about(report.workload) for report in reports))
    return outcome._replace(workloads=reports, findings=reported)


def _names(report: WorkloadReport) -> set[tuple[str, str | None, str]]:
    """(kind, namespace, name) of a workload: as written, as it runs, and of what has made the pod that it is."""
    kind = report.workload.id.kind
    built = {(kind, placement.namespace, placement.name) for placement in report.builds}
    return {(kind, report.namespace, report.workload.id.name), *built, *([report.running.owner[1:]] if report.running else [])}


def reason(outcome: Outcome, condition: str) -> str:
    """Why a condition is met, "" where it is not. `token`: a container holds one; a finding's level: one of that level or
    worse; a verdict: a workload with it; a risk: a change of that level."""
    if condition in SEVERITIES:
        enough = SEVERITIES[SEVERITIES.index(Severity(condition)) :]
        return _first([finding.id for finding in outcome.findings if finding.severity in enough and finding.id != STANDING], "finding")
    return _first([str(report.workload.id) for report in outcome.workloads if _is_met(report, condition)], "workload")


def _is_met(report: WorkloadReport, condition: str) -> bool:
    if condition == "token":
        return report.tokens_before > 0
    return report.verdict.level == condition or bool(report.applied and str(report.risk) == condition)


def _first(names: Sequence[str], noun: str) -> str:
    """`3 workloads, Deployment web first`."""
    return f"{count(len(names), noun)}, {names[0]} first" if len(names) > 1 else f"1 {noun}, {names[0]}" if names else ""
