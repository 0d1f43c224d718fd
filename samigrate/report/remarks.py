"""An outcome as remarks on lines of files, for code scanning, annotations and reviews: findings, what could not be read,
and each workload that would change. The standing finding is left out: there is nothing in it to be mended.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from samigrate.base.wording import clean
from samigrate.domain.model import Finding, Location, Problem, ResourceId, Severity
from samigrate.domain.outcome import ObjectReport, Outcome, WorkloadReport
from samigrate.findings.catalogue import findings
from samigrate.findings.unseen import STANDING
from samigrate.report import words

WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
WOULD_CHANGE = "would-change"
NEXT = "`samigrate audit` says why; `samigrate migrate --write` does it"
OWN = {
    "proof-failed": (
        "Our own proof of a change failed, so the file stays as it is.",
        "This is a bug in samigrate: report it, with the manifest if you can.",
    ),
    "unreadable": ("A file could not be read. What it would have said is not known.", "Mend the file."),
    WOULD_CHANGE: (
        "A workload holds an API credential that samigrate would take away, or would give an account of its own.",
        "`samigrate audit` says why; `samigrate migrate --write` makes the change. "
        'To keep the workload as it is, annotate it with samigrate.dev/ignore: "all: why".',
    ),
}
"""Remarks that are no findings: what each means, and the way out."""


class Remark(NamedTuple):
    """One thing to be said of one place. `at.path` is "" where it is about no file, `at.line` 0 where it is about a file as a
    whole. `subject` names what it is about; `fingerprint` is the same as long as that is, whatever line it stands at. `report`
    is of the workload or object that would change."""

    id: str
    severity: Severity
    message: str
    action: str
    at: Location
    subject: str
    rule: str = ""
    resource: ResourceId | None = None
    fingerprint: str = ""
    report: WorkloadReport | ObjectReport | None = None

    @property
    def sentence(self) -> str:
        """The message and the way out, on one line."""
        return clean(f"{self.message}; {self.action}" if self.action else self.message)


def of(outcome: Outcome) -> list[Remark]:
    """Everything that is to be said, worst first: of one level what would change stands before findings, the riskiest before
    the rest."""
    remarks = [*map(_problem, outcome.problems), *_changes(outcome), *map(_finding, _reported(outcome))]
    seen: Counter[tuple[str, str, str]] = Counter()
    marked = []
    for remark in remarks:
        key = remark.id, remark.at.path, remark.subject
        marked.append(remark._replace(fingerprint=_fingerprint(*key, str(seen[key]))))
        seen[key] += 1
    return sorted(marked, key=lambda remark: WORST_FIRST.index(remark.severity))


def _reported(outcome: Outcome) -> Iterator[Finding]:
    return (finding for finding in outcome.findings if finding.id != STANDING)


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def meaning(id_: str) -> tuple[str, str]:
    """What a remark of that id means, and the way out."""
    if id_ in OWN:
        return OWN[id_]
    entry = findings()[id_]
    return str(entry["summary"]), str(entry["action"])


def _problem(problem: Problem) -> Remark:
    id_ = "proof-failed" if problem.ours else "unreadable"
    return Remark(id_, Severity.ERROR, problem.message, OWN[id_][1].rstrip("."), Location(problem.path, line=problem.line), problem.message)


def _finding(finding: Finding) -> Remark:
    subject = f"{finding.resource} {finding.pointer}"
    return Remark(finding.id, finding.severity, finding.message, finding.action, finding.at, subject, finding.rule, finding.resource)


def _changes(outcome: Outcome) -> Iterator[Remark]:
    reports: list[tuple[WorkloadReport | ObjectReport, str, str, Location]] = [
        (report, words.name(report), words.change(report), report.workload.resource.at._replace(line=report.line, column=0))
        for report in outcome.workloads
        if report.applied
    ]
    reports += [(report, str(report.resource.id), _words(report), report.resource.at) for report in outcome.objects if report.applied]
    for report, name, change, at in sorted(reports, key=lambda item: -item[0].risk):
        yield Remark(WOULD_CHANGE, Severity.WARNING, f"{name} would change: {change}", NEXT, at, name, report=report)


def _words(report: ObjectReport) -> str:
    reasons = dict.fromkeys(applied.operation.reason for applied in report.applied if applied.operation.reason)
    return f"{'; '.join(reasons) or 'see the diff'} (risk {report.risk})"
