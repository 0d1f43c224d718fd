"""What became of a chart, as an outcome: its pods are told at the lines of the templates that they come from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from samigrate.domain.model import Evidence, Finding, Location, Resource, Severity
from samigrate.domain.outcome import STREAM, Applied, FileChange, Outcome, WorkloadReport
from samigrate.helm.chart import Chart
from samigrate.helm.migrating import Result
from samigrate.helm.rendering import Pod, Rendered
from samigrate.helm.sites import Site

NAMED = 4
"""How many variants are named."""


def outcome(chart: Chart, result: Result, recipe: str) -> Outcome:
    """Everything that is said of the chart, and its files as they become."""
    changes = tuple(FileChange(_path(chart, path), chart.texts.get(path), text) for path, text in sorted(result.changed.items()))
    files = frozenset(change.path for change in changes)
    return Outcome(
        recipes=(recipe,),
        scopes=(chart.shown,),
        files=len(chart.texts),
        documents=len(result.variants[0].documents.pieces) if result.variants else 0,
        workloads=tuple(_report(chart, *told, files) for told in result.pods),
        findings=tuple(_findings(chart, result)),
        skipped=(),
        problems=(),
        changes=changes,
    )


def _path(chart: Chart, path: str) -> str:
    return os.path.normpath(os.path.join(chart.shown, path)).replace(os.sep, "/")


def _report(chart: Chart, rendered: Rendered, pod: Pod, site: Site | None, is_done: bool, files: frozenset[str]) -> WorkloadReport:
    report = pod.report if is_done else pod.report.unchanged()
    path, line = (site.path, site.line) if site else (rendered.sources[pod.document], 1)
    at = _moved(pod.report.workload.resource.at, _path(chart, path), line)
    workload = replace(report.workload, resource=Resource(at, report.workload.resource.value))
    verdict = report.verdict._replace(evidence=tuple(_evidence(chart, rendered, each) for each in report.verdict.evidence))
    applied = tuple(_applied(each, at) for each in report.applied)
    return report._replace(
        workload=workload,
        scopes=(chart.shown,),
        namespace=None,
        line=line,
        verdict=verdict,
        applied=applied,
        lines={},
        radius=(),
        builds=(),
        files=files if is_done else frozenset(),
        is_of_chart=True,
    )


def _moved(location: Location, path: str, line: int) -> Location:
    return location._replace(path=path, line=line, column=0)


def _applied(applied: Applied, at: Location) -> Applied:
    return applied._replace(operation=applied.operation._replace(target=at))


def _evidence(chart: Chart, rendered: Rendered, evidence: Evidence) -> Evidence:
    source = rendered.sources[evidence.at.document] if 0 <= evidence.at.document < len(rendered.sources) else ""
    return evidence._replace(at=_moved(evidence.at, _path(chart, source), 1)) if evidence.at.path == STREAM else evidence


def _findings(chart: Chart, result: Result) -> Iterator[Finding]:
    for left in result.left:
        at = Location(_path(chart, left.path), line=left.line)
        yield Finding("chart-left", "R-F22", Severity.WARNING, left.reason, left.action, at)
    if result.changed:
        names = ", ".join(each.variant.name for each in result.variants[:NAMED])
        names += f" and {len(result.variants) - NAMED} more" if len(result.variants) > NAMED else ""
        message = f"rendered with {names}: the edit gives what is planned each time, and changes nothing else"
        action = "raise the chart's version, and look at README tables and snapshots of tests"
        yield Finding("chart-edited", "R-F22", Severity.NOTE, message, action, Location(_path(chart, "Chart.yaml")))
