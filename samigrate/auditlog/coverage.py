"""What a log covers, and what it cannot show: absence is evidence only of what would have been logged (R-E19)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samigrate.auditlog import moments
from samigrate.auditlog.tally import SYSTEM, Tally
from samigrate.base.errors import InputError
from samigrate.base.wording import count, listed
from samigrate.settings.evidence_files import Log, Ran

_NEVER = (
    "accounts, verbs and resources that the audit policy leaves out",
    "calls at an API server whose log is not among the files",
    "logins elsewhere with the token",
)
"""What no log can show of itself."""


def log(tally: Tally, files: Sequence[str], since: str) -> Log:
    """What the log says of itself. `since` is a date or a span, or "". Raises InputError for anything else."""
    begin = _begin(tally, since) if since else None
    missing = tuple(_missing(tally, begin)) if since else ("--audit-since is not given, so nobody says what period the log is to cover",)
    ran = tuple(
        Ran(namespace, name if resource == "serviceaccounts" else "", name if resource == "pods" else "", span.first, span.last)
        for (namespace, resource, name), span in sorted(tally.running.items())
    )
    return Log(
        files=tuple(files),
        first=tally.period.first,
        last=tally.period.last,
        since=since,
        missing=missing,
        unseen=_NEVER,
        events=tally.events,
        unreadable=tally.broken,
        ran=ran,
        doubted=tuple(sorted(account for account in tally.doubted | _only_received(tally) if account != ("", ""))),
    )


def _only_received(tally: Tally) -> set[tuple[str, str]]:
    return {key for key, account in tally.accounts.items() if account.received and not account.callers}


def _begin(tally: Tally, since: str) -> int:
    """When the period begins that the log is to cover."""
    span, moment = moments.span(since), moments.seconds(since)
    if span is None and moment is None:
        raise InputError("", 0, f"--audit-since {since}: must be a date (2026-10-01, 2026-10-01T06:00:00Z) or a span (36h, 7d, 2w)")
    last = moments.seconds(tally.period.last) or 0
    return last - span if span is not None else moment or 0


def _missing(tally: Tally, begin: int | None) -> Iterator[str]:
    """Why the log does not cover the period; nothing where it does."""
    begin, last = begin or 0, moments.seconds(tally.period.last)
    if last is None:
        yield "it holds no event with a time"
        return
    if last - begin < moments.DAY:
        yield f"the period is shorter than a day ({moments.in_words(max(last - begin, 0))})"
    for server, stretches in sorted(tally.stretches.items()):
        who = f"the log of {server}" if server else "it"
        if stretches[0][0] > begin + moments.HOUR:
            yield f"{who} begins {moments.in_words(stretches[0][0] - begin)} after the period does"
        if stretches[-1][1] < last - moments.HOUR:
            yield f"{who} ends {moments.in_words(last - stretches[-1][1])} before the period does"
    gaps = [(server, start, end) for server, start, end in tally.gaps() if end > begin]
    if gaps:
        longest = moments.in_words(max(end - start for _, start, end in gaps))
        yield f"{count(len(gaps), 'gap')} of more than an hour without any event, the longest {longest}: a file may be missing"
    if not tally.outside:
        yield f"it holds no event of a service account outside {SYSTEM}, so its policy may leave them out"
    elif not tally.reads:
        yield f"it holds no get, list or watch of a service account outside {SYSTEM}, so its policy may leave reads out"
    if ("", "") in tally.doubted:
        yield "lines that cannot be read do not say whose they are"


def summary(log: Log) -> Iterator[str]:
    """What people are told: how long was looked at, and what the log cannot show."""
    first, last = moments.seconds(log.first), moments.seconds(log.last)
    if first is None or last is None:
        yield "the log holds no event with a time"
    else:
        yield f"looked at {moments.in_words(last - first)}, {log.first} to {log.last}"
    if log.missing:
        yield f"that a workload made no call says nothing: {'; '.join(log.missing)}"
    yield f"not shown: {listed(log.unseen)}"
