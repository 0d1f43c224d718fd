"""What audit logs among the evidence cover, and whom their silence says nothing of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samigrate.auditlog import coverage
from samigrate.auditlog.found import STALE
from samigrate.domain.model import Finding, Level, Location, Severity
from samigrate.evidence import CALLS, audit_log
from samigrate.facts.state import Work
from samigrate.settings.config import Settings

USUAL = Settings().token_expiration


def of(works: Sequence[Work]) -> Iterator[Finding]:
    known = {id(work.settings.evidence): work.settings.evidence for work in works}
    for log in dict.fromkeys(log for one in known.values() for log in one.logs):
        message = "; ".join(coverage.summary(log))
        yield Finding("audit-log", "R-E19", Severity.NOTE, message, "", Location(log.file or log.files[0], line=1))
    for work in works:
        yield from _stale(work)
        logs = work.settings.evidence.logs
        if not logs or work.verdict.level is not Level.UNKNOWN or any(item.source.startswith(CALLS) for item in work.verdict.evidence):
            continue
        reasons = [audit_log.why_not(log, work.workload, view, work.settings) for log in logs for view in work.views]
        if reason := next(filter(None, reasons), ""):
            message = f"the audit log holds no call of it, which does not say that it needs none: {reason}"
            yield work.finding("silence-not-shown", "R-E19", message, "give a log that covers it, with --audit-since")


def _stale(work: Work) -> Iterator[Finding]:
    """Clients that read their token once only live on the year that a token of 3607 seconds is given in truth (R-B17)."""
    if work.settings.token_expiration == USUAL:
        return
    if any(item.source.startswith(CALLS) and STALE in item.detail for item in work.verdict.evidence):
        message = f"its client does not read the token anew: one that lives for other than {USUAL} s is refused once that is over"
        yield work.finding("stale-token", "R-B17", message, f"leave token-expiration at {USUAL}", Severity.WARNING)
