"""Workflow commands for GitHub Actions: annotations on the lines of a pull request, worst first.

GitHub keeps ten annotations of each level for a step and fifty for a job, and drops the rest without a word
(https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands, and the discussion
https://github.com/orgs/community/discussions/26680, read 2026-11). So the tenth of a level says how many more there are,
and those follow as plain lines of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from samigrate.base.wording import clean, count, inert
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome
from samigrate.report import remarks
from samigrate.report.formats import Look, Reporter
from samigrate.report.remarks import Remark

MOST = 10
"""How many annotations of a level GitHub keeps for a step."""
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    for severity, group in groupby(remarks.of(outcome), key=lambda remark: remark.severity):
        yield from _level(severity, list(group))


def _level(severity: Severity, level: Sequence[Remark]) -> Iterator[str]:
    if len(level) <= MOST:
        yield from map(_annotation, level)
        return
    shown, others = level[: MOST - 1], level[MOST - 1 :]
    yield from map(_annotation, shown)
    number = count(len(others), f"more {severity.value}")
    yield f"::{_COMMANDS[severity]} title=samigrate::{number} in the log; GitHub shows {MOST} of a level, `--format sarif` has all\n"
    for remark in others:
        yield inert(f"{_place(remark)}: {severity.value} {remark.id}: {remark.sentence}") + "\n"


def _place(remark: Remark) -> str:
    return clean(f"{remark.at.path}:{remark.at.line}" if remark.at.line else remark.at.path or "samigrate")


def _annotation(remark: Remark) -> str:
    location = {"file": remark.at.path, "line": remark.at.line, "col": remark.at.column} if remark.at.path else {}
    values = {**location, "title": f"samigrate {remark.id}"}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values.items() if value)
    lines = [inert(clean(line)) for line in (remark.message, remark.action) if line]
    return f"::{_COMMANDS[remark.severity]} {properties}::{_data(chr(10).join(lines))}\n"


def _data(text: str) -> str:
    """As the runner reads what follows the second `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(inert(clean(text))).replace(":", "%3A").replace(",", "%2C")


REPORTER = Reporter("github", "annotations in a GitHub workflow", render, syntax="commands")
