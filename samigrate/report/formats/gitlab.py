"""GitLab's Code Quality report: what a merge request brings and mends, in its widget and beside its lines.

The fields are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format (read 2026-11). A
fingerprint must be unique in a report; what has no line is told at the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from samigrate.base.wording import clean
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome
from samigrate.report import remarks
from samigrate.report.formats import Look, Reporter
from samigrate.report.remarks import Remark

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    yield json.dumps([_issue(remark) for remark in remarks.of(outcome)], indent=2) + "\n"


def _issue(remark: Remark) -> dict[str, Any]:
    return {
        "description": remark.sentence,
        "check_name": remark.id,
        "fingerprint": remark.fingerprint,
        "severity": _SEVERITIES[remark.severity],
        "location": {"path": clean(remark.at.path) or ".", "lines": {"begin": max(remark.at.line, 1)}},
    }


REPORTER = Reporter("gitlab", "GitLab's Code Quality report", render, syntax="json")
