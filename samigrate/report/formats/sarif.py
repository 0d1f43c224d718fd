"""SARIF 2.1.0, for code scanning (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): findings, and what would change with its edits.

Columns count code points. What is about no file is no result, which GitHub would refuse, but a notification of the run.
GitHub refuses more than 25,000 results of a run (https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit,
read 2026-11): the worst are kept, and a notification says so. It works out `primaryLocationLineHash` itself when a file is
uploaded by its action; ours stands beside it under a name of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from samigrate import __version__
from samigrate.base.wording import clean, count
from samigrate.domain.model import Severity
from samigrate.domain.outcome import Outcome
from samigrate.report import remarks
from samigrate.report.fixes import Edit, Fixes
from samigrate.report.formats import Look, Reporter
from samigrate.report.remarks import OWN, WORST_FIRST, Remark

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "samigrateSubject/v1"
MOST = 25_000
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_PROBLEM_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    every = remarks.of(outcome)
    placed = [remark for remark in every if remark.at.path]
    ids = sorted({remark.id for remark in placed[:MOST]})
    fixes = Fixes(outcome)
    run = {
        "tool": {"driver": {"name": "samigrate", "semanticVersion": __version__, "rules": [_rule(id_, every) for id_ in ids]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder that samigrate was run in."}}},
        "invocations": [_invocation(outcome, every, len(placed) - MOST)],
        "results": [_result(remark, ids, fixes) for remark in placed[:MOST]],
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(id_: str, every: Iterable[Remark]) -> dict[str, Any]:
    summary, action = remarks.meaning(id_)
    worst = min((remark.severity for remark in every if remark.id == id_), key=WORST_FIRST.index)
    ways = [action]
    if id_ not in OWN:
        ways.append(f'To silence it on one object: the annotation samigrate.dev/ignore: "{id_}: reason".')
    return {
        "id": id_,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": "\n".join([summary, *ways]), "markdown": "\n\n".join([summary, *ways])},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": ["security", "kubernetes"], "problem.severity": _PROBLEM_LEVELS[worst]},
    }


def _invocation(outcome: Outcome, every: Iterable[Remark], beyond: int) -> dict[str, Any]:
    notes = [_note(_LEVELS[remark.severity], f"{remark.id}: {remark.sentence}") for remark in every if not remark.at.path]
    if beyond > 0:
        notes.append(_note("warning", f"{count(beyond, 'more result')}: GitHub takes {MOST} of a run, so the least of them are left out"))
    return {"executionSuccessful": not outcome.problems, "toolExecutionNotifications": notes}


def _note(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": _plain(text)}}


def _plain(text: str) -> str:
    """A message in which no `[text](target)` is taken for a link."""
    return clean(text).replace("](", "] (")


def _result(remark: Remark, ids: Sequence[str], fixes: Fixes) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": remark.id,
        "ruleIndex": ids.index(remark.id),
        "level": _LEVELS[remark.severity],
        "message": {"text": _plain(remark.sentence)},
        "locations": [{"physicalLocation": _location(remark)}],
        "partialFingerprints": {FINGERPRINT: remark.fingerprint},
    }
    if remark.rule:
        result["properties"] = {"rule": remark.rule}
    if remark.report and (edits := fixes.of(remark.report)):
        result["fixes"] = [_fix(edits)]
    return result


def _location(remark: Remark) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _artifact(remark.at.path)}
    if remark.at.line:
        column = {"startColumn": remark.at.column} if remark.at.column else {}
        location["region"] = {"startLine": remark.at.line, **column}
    return location


def _artifact(path: str) -> dict[str, str]:
    uri = quote(os.fsencode(path))
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _fix(edits: Sequence[Edit]) -> dict[str, Any]:
    paths = dict.fromkeys(edit.path for edit in edits)
    changes = [
        {"artifactLocation": _artifact(path), "replacements": [_replacement(edit) for edit in edits if edit.path == path]} for path in paths
    ]
    return {"description": {"text": "What samigrate migrate --write would write, whole."}, "artifactChanges": changes}


def _replacement(edit: Edit) -> dict[str, Any]:
    end = {"endLine": edit.last + 1, "endColumn": 1}
    if edit.last_width is not None:
        end = {"endLine": edit.last, "endColumn": edit.last_width + 1}
    region = {"startLine": edit.first, "startColumn": 1, **end}
    return {"deletedRegion": region, **({"insertedContent": {"text": edit.text}} if edit.text else {})}


REPORTER = Reporter("sarif", "SARIF 2.1.0, for code scanning", render, syntax="json")
