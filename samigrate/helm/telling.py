"""What became of a chart, or of an installation of one, as an outcome: pods are told at the lines that they come from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import pointer
from samigrate.domain.model import Evidence, Finding, Location, Resource, Severity
from samigrate.domain.outcome import STREAM, Applied, FileChange, Outcome, WorkloadReport
from samigrate.helm import known as charts
from samigrate.helm.exploring import Left
from samigrate.helm.migrating import Result
from samigrate.helm.releases import Release
from samigrate.helm.rendering import Pod

NAMED = 4
"""How many variants are named."""


def outcome(shown: str, result: Result, texts: Mapping[str, str], recipe: str) -> Outcome:
    """Everything that is said of the chart in a folder, of which these are the texts, and its files as they become."""
    changes = tuple(FileChange(_path(shown, path), texts.get(path), text) for path, text in sorted(result.changed.items()))
    files = frozenset(change.path for change in changes)
    reports = []
    for rendered, pod, site, is_done in result.pods:
        sources = [_path(shown, source) for source in rendered.sources]
        place = (_path(shown, site.path), site.line) if site else (sources[pod.document], 1)
        reports.append(_report(pod, Told(shown, place, sources, files if is_done else frozenset())))
    return _outcome(shown, result, reports, recipe, len(texts))._replace(findings=tuple(_findings(shown, result)), changes=changes)


def outcome_of_release(release: Release, result: Result, text: str, recipe: str) -> Outcome:
    """Everything that is said of an installation of a chart that lies elsewhere; `text` is the file that holds it."""
    line = line_of(release, text)
    reports = []
    for rendered, pod, _, is_done in result.pods:
        sources = [release.path] * len(rendered.sources)
        reports.append(_report(pod, Told(release.path, (release.path, line), sources, frozenset([release.path] if is_done else []))))
    findings = [_left(release.path, left._replace(line=line, reason=f"{release.title}: {left.reason}")) for left in result.left]
    if result.changed:
        message = f"{release.title}: rendered with its values, which give what is planned, and change nothing else"
        findings.append(Finding("chart-edited", "R-F22", Severity.NOTE, message, "", Location(release.path, line=line)))
    changes = tuple(FileChange(path, text, new) for path, new in result.changed.items())
    return _outcome(release.path, result, reports, recipe, 0)._replace(findings=tuple(findings), changes=changes)


def not_here(release: Release, text: str, recipe: str) -> Outcome:
    """What is said of an installation of a chart that is not at hand."""
    name = release.chart_name
    message = f"{release.title} installs {name} of {release.source or 'another repository'}, which is not here"
    action = f"give it, for an edit that is proven: --chart {name}=DIR or a packed one"
    if known := charts.chart(name):
        keys = " and ".join(f"{key}=false" for key in known.keys)
        action = f"{keys} takes unused tokens in {known.version} of {known.source} ({known.date}); {action}"
    finding = Finding("chart-not-here", "R-F22", Severity.NOTE, message, action, Location(release.path, line=line_of(release, text)))
    return _outcome(release.path, Result((), (), {}, ()), [], recipe, 0)._replace(findings=(finding,))


def line_of(release: Release, text: str) -> int:
    """Where an installation stands in its file."""
    chunk = yamltext.split(text)[release.document]
    return text.count("\n", 0, chunk.start) + yamltext.position(text[chunk.start : chunk.end], pointer(*release.place))[0]


def _outcome(scope: str, result: Result, reports: Sequence[WorkloadReport], recipe: str, files: int) -> Outcome:
    documents = len(result.variants[0].documents.pieces) if result.variants else 0
    return Outcome((recipe,), (scope,), files, documents, tuple(reports), (), (), (), (), holds_objects=documents > 0)


def _path(shown: str, path: str) -> str:
    return os.path.normpath(os.path.join(shown, path)).replace(os.sep, "/")


class Told(NamedTuple):
    """Where a pod is told of: the chart or file, path and line, the paths that its evidence is told at by document, and the files
    that its change is made in."""

    scope: str
    place: tuple[str, int]
    sources: Sequence[str]
    files: frozenset[str]


def _report(pod: Pod, told: Told) -> WorkloadReport:
    report = pod.report if told.files else pod.report.unchanged()
    path, line = told.place
    at = _moved(pod.report.workload.resource.at, path, line)
    workload = replace(report.workload, resource=Resource(at, report.workload.resource.value))
    verdict = report.verdict._replace(evidence=tuple(_evidence(told.sources, each) for each in report.verdict.evidence))
    applied = tuple(_applied(each, at) for each in report.applied)
    return report._replace(
        workload=workload,
        scopes=(told.scope,),
        namespace=None,
        line=line,
        verdict=verdict,
        applied=applied,
        lines={},
        radius=(),
        builds=(),
        files=told.files,
        is_of_chart=True,
    )


def _moved(location: Location, path: str, line: int) -> Location:
    return location._replace(path=path, line=line, column=0)


def _applied(applied: Applied, at: Location) -> Applied:
    return applied._replace(operation=applied.operation._replace(target=at))


def _evidence(sources: Sequence[str], evidence: Evidence) -> Evidence:
    source = sources[evidence.at.document] if 0 <= evidence.at.document < len(sources) else ""
    return evidence._replace(at=_moved(evidence.at, source, 1)) if evidence.at.path == STREAM else evidence


def _left(path: str, left: Left) -> Finding:
    return Finding("chart-left", "R-F22", Severity.WARNING, left.reason, left.action, Location(path, line=left.line))


def _findings(shown: str, result: Result) -> Iterator[Finding]:
    for left in result.left:
        yield _left(_path(shown, left.path), left)
    if result.changed:
        names = ", ".join(each.variant.name for each in result.variants[:NAMED])
        names += f" and {len(result.variants) - NAMED} more" if len(result.variants) > NAMED else ""
        message = f"rendered with {names}: the edit gives what is planned each time, and changes nothing else"
        action = "raise the chart's version, and look at README tables and snapshots of tests"
        yield Finding("chart-edited", "R-F22", Severity.NOTE, message, action, Location(_path(shown, "Chart.yaml")))
