"""reviewdog's rdjson: remarks as review comments, and each edit as a suggestion that is taken with one click.

The format is https://github.com/reviewdog/reviewdog/tree/master/proto/rdf (read 2026-11). reviewdog posts a suggestion only
where it covers the very lines of its comment, so each edit of a workload's change is a diagnostic of its own, at its lines.
A new file has no lines to comment on: the workload's own line says that there is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from samigrate.base.wording import clean
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome
from samigrate.report import remarks
from samigrate.report.fixes import Edit, Fixes
from samigrate.report.formats import Look, Reporter
from samigrate.report.remarks import Remark

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    fixes, suggested = Fixes(outcome), set[Edit]()
    diagnostics = []
    for remark in remarks.of(outcome):
        edits = fixes.of(remark.report) if remark.report else ()
        here = [edit for edit in edits if not edit.is_new_file and edit not in suggested]
        suggested.update(here)
        diagnostics += [_suggestion(remark, edit) for edit in here]
        if not here or len(here) < len(edits):
            diagnostics.append(_diagnostic(remark, edits))
    yield json.dumps({"source": {"name": "samigrate"}, "diagnostics": diagnostics}, indent=2) + "\n"


def _diagnostic(remark: Remark, edits: tuple[Edit, ...]) -> dict[str, Any]:
    new = sorted({clean(edit.path) for edit in edits if edit.is_new_file})
    place = {"range": {"start": {"line": remark.at.line}}} if remark.at.line else {}
    message = remark.sentence + (f"; a new file belongs to it: {', '.join(new)}" if new else "")
    return _of(remark, message, {"path": clean(remark.at.path) or ".", **place})


def _suggestion(remark: Remark, edit: Edit) -> dict[str, Any]:
    span = _range(edit)
    text = edit.text if edit.last < edit.first else edit.text.removesuffix("\n")
    where = _of(remark, remark.sentence, {"path": clean(edit.path), "range": span})
    return {**where, "suggestions": [{"range": span, "text": text}]}


def _range(edit: Edit) -> dict[str, Any]:
    """Whole lines; where text only goes in, the place before the first column of a line."""
    if edit.last < edit.first:
        spot = {"line": edit.first, "column": 1}
        return {"start": spot, "end": spot}
    return {"start": {"line": edit.first}, "end": {"line": edit.last}}


def _of(remark: Remark, message: str, location: dict[str, Any]) -> dict[str, Any]:
    return {"message": message, "location": location, "severity": _SEVERITIES[remark.severity], "code": {"value": remark.id}}


REPORTER = Reporter("rdjson", "review comments with suggestions, for reviewdog", render, syntax="json")
