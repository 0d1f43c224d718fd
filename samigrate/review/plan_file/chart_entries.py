"""Entries for Helm charts and installations of them: what is edited there is text, proven by rendering, so an entry has its lines."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from samigrate.domain.model import Level, Risk
from samigrate.domain.outcome import FileChange, Outcome
from samigrate.review.plan_file.planfile import Entry, Left, Target


def lines(change: FileChange) -> tuple[str, ...]:
    """The lines that go (-) and come (+)."""
    before, after = (change.old or "").splitlines(), change.new.splitlines()
    result = list(difflib.unified_diff(before, after, lineterm="", n=0))[2:]
    return tuple(line for line in result if not line.startswith("@@"))


class Made(NamedTuple):
    """What an entry is for: a chart, or an installation of one, and its line. `bump` is which part of the chart's version a pull
    request raises ("" where there is none to raise), and `to_do` is left for people to do."""

    at: Target
    line: int
    bump: str = ""
    to_do: tuple[str, ...] = ()


def entry(made: Made, outcome: Outcome, digest: Callable[[str], str]) -> Entry | None:
    """The entry for what becomes of a chart; None where nothing does."""
    if not outcome.changes:
        return None
    at, line, bump, to_do = made
    changed = [report for report in outcome.workloads if report.files]
    files = {change.path for change in outcome.changes} | ({at.file} if bump not in ("", "none") else set())
    names = ", ".join(dict.fromkeys(str(report.workload.id) for report in changed))
    evidence = [each for report in changed for each in report.verdict.evidence]
    return Entry(
        at=at,
        pod="",
        line=line,
        namespace="",
        verdict=Level.NONE,
        risk=max((report.risk for report in changed), default=Risk.L0),
        reason=f"Declares no use of the Kubernetes API, so it gets no token: {names}.",
        account="",
        automount="",
        was=("", ""),
        was_mounted=False,
        tokens=(sum(report.tokens_before for report in changed), sum(report.tokens_after for report in changed)),
        steps=(),
        files={path: digest(path) for path in sorted(files)},
        edits={change.path: lines(change) for change in outcome.changes},
        bump=bump,
        risks=tuple(dict.fromkeys(f"{level}: {text}" for report in changed for level, text in report.risks)),
        evidence=tuple(dict.fromkeys(f"{each.strength}: {each.detail} ({each.at.path})" for each in evidence)),
        notes=(*(finding.message for finding in outcome.findings), *to_do),
    )


def left(outcome: Outcome) -> list[Left]:
    """The workloads of a chart that hold a token and stay as they are."""
    reasons = {finding.at.path: finding.message for finding in outcome.findings}
    return [
        Left(
            Target(report.workload.resource.at.path, str(report.workload.id)),
            report.line,
            "",
            report.verdict.level,
            report.tokens_before,
            reasons.get(report.workload.resource.at.path, "the recipe has nothing to change here"),
        )
        for report in outcome.workloads
        if report.tokens_before and not report.files
    ]


def difference(entry: Entry, outcome: Outcome, text: Callable[[str], str]) -> str | None:
    """Why an entry cannot be followed, where a fresh run comes to that outcome: "" where it can, None where all of it is done."""
    fresh = {change.path: lines(change) for change in outcome.changes}
    if fresh == dict(entry.edits):
        return ""
    if not fresh and all(_is_done(text(path), edit) for path, edit in entry.edits.items()):
        return None
    said = next((finding.message for finding in outcome.findings if finding.id == "chart-left"), "other lines would be edited now")
    return f"{said}; make the plan anew"


def _is_done(text: str, edit: Sequence[str]) -> bool:
    present = text.splitlines()
    return all(line[1:] in present for line in edit if line.startswith("+"))
