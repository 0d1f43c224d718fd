"""The report for programs, version 1: its shape is part of the command line's contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from samigrate.domain.model import Finding, Level, Problem, ResourceId, Risk, Skip
from samigrate.domain.outcome import Applied, Built, Mention, ObjectReport, Outcome, WorkloadReport
from samigrate.report import coverage, running
from samigrate.report.formats import Look, Reporter

VERSION = 1


def render(outcome: Outcome, look: Look) -> Iterator[str]:
    report = {
        "version": VERSION,
        "recipe": list(outcome.recipes),
        "scopes": list(outcome.scopes),
        "summary": summary(outcome),
        "not_seen": coverage.counted(outcome),
        "workloads": [_workload(report) for report in outcome.workloads],
        "findings": [_finding(finding) for finding in outcome.findings] + [_problem(problem) for problem in outcome.problems],
        "skipped": [_skip(skip) for skip in outcome.skipped],
        "objects": [_object(report) for report in outcome.objects],
        "against": outcome.against._asdict() if outcome.against else None,
        "running": [total._asdict() for total in running.totals(outcome) if total.namespace != running.ALL],
    }
    yield json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def summary(outcome: Outcome) -> dict[str, int]:
    levels = Counter(report.verdict.level for report in outcome.workloads)
    return {
        "files": outcome.files,
        "documents": outcome.documents,
        "workloads": len(outcome.workloads),
        "changed_files": len(outcome.changes),
        "containers": sum(report.containers for report in outcome.workloads),
        "tokens_before": sum(report.tokens_before for report in outcome.workloads),
        "tokens_after": sum(report.tokens_after for report in outcome.workloads),
    } | {level.value: levels[level] for level in Level}


def _workload(report: WorkloadReport) -> dict[str, Any]:
    identity = report.workload.id
    return {
        "resource": _resource(identity) | {"namespace": report.namespace},
        "scope": report.scope,
        "path": report.workload.resource.at.path,
        "line": report.line,
        "pod": report.workload.pod,
        "account": {"before": report.account_before, "after": report.account_after},
        "automount": {"before": report.automount_before, "after": report.automount_after, "effective": report.effective},
        "tokens": {"before": report.tokens_before, "after": report.tokens_after},
        "verdict": report.verdict.level.value,
        "risk": str(report.risk),
        "evidence": [
            {
                "source": evidence.source,
                "strength": evidence.strength.value,
                "container": evidence.container,
                "detail": evidence.detail,
                "path": evidence.at.path,
                "line": report.lines.get(index, evidence.at.line),
                **({"caller": evidence.caller, "calls": [call._asdict() for call in evidence.calls]} if evidence.calls else {}),
            }
            for index, evidence in enumerate(report.verdict.evidence)
        ],
        "operations": [_operation(applied) for applied in report.applied],
        "blast_radius": [_mention(mention) for mention in report.radius],
        "risks": _risks(report.risks),
        "builds": [_built(placement) for placement in report.builds],
        "running": running.as_values(report.running) if report.running else None,
    }


def _built(placement: Built) -> dict[str, Any]:
    account = {"before": placement.account_before or None, "after": placement.account_after or None}
    return {"build": placement.build, "namespace": placement.namespace, "name": placement.name, "account": account}


def _object(report: ObjectReport) -> dict[str, Any]:
    location = report.resource.at
    return {
        "resource": _resource(report.resource.id),
        "path": location.path,
        "line": location.line,
        "risk": str(report.risk),
        "risks": _risks(report.risks),
        "operations": [_operation(applied) for applied in report.applied],
    }


def _risks(risks: Sequence[tuple[Risk, str]]) -> list[dict[str, str]]:
    return [{"level": str(level), "reason": reason} for level, reason in risks]


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "resource": _resource(mention.resource),
        "rule": mention.rule,
        "pointer": mention.pointer,
        "action": mention.action,
        "path": mention.at.path,
        "line": mention.at.line,
    }


def _operation(applied: Applied) -> dict[str, Any]:
    operation = applied.operation
    return {
        "transform": applied.transform,
        "op": operation.op,
        "pointer": operation.pointer,
        "before": operation.before,
        "after": operation.value,
        "reason": operation.reason,
    }


def _resource(identity: ResourceId | None) -> dict[str, str | None]:
    return identity._asdict() if identity else {}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "level": finding.severity.value,
        "message": finding.message,
        "action": finding.action,
        "path": finding.at.path,
        "line": finding.at.line,
        "column": finding.at.column,
        "pointer": finding.pointer,
        "resource": _resource(finding.resource),
        "workloads": [{**_resource(resource.id), "path": resource.at.path, "line": resource.at.line} for resource in finding.concerns],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "id": "proof-failed" if problem.ours else "unreadable",
        "rule": "",
        "level": "error",
        "message": problem.message,
        "action": "report it to samigrate" if problem.ours else "mend the file",
        "path": problem.path,
        "line": problem.line,
        "column": 0,
        "pointer": "",
        "resource": {},
        "workloads": [],
    }


def _skip(skip: Skip) -> dict[str, Any]:
    return {"path": skip.path, "line": skip.line, "reason": skip.reason}


REPORTER = Reporter("json", "the report for programs, version 1", render, with_lines=True, syntax="json")
