"""A run's outcome as plain values for the reporters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate import transforms
from samigrate.domain.model import Finding, Key, Location, Operation, Problem, Risk, Severity
from samigrate.domain.outcome import Applied, FileChange, ObjectReport, Outcome, Running, WorkloadReport
from samigrate.domain.tokens import api_tokens, is_mounted
from samigrate.facts import built, radius
from samigrate.facts.state import State, Work
from samigrate.findings import observations
from samigrate.plan import rewriting
from samigrate.plan.planner import Planned
from samigrate.plan.recipe import Recipe
from samigrate.reading import Inventory, Root
from samigrate.report import coverage


class End(NamedTuple):
    """What stands at the end of a run: the workloads that PATH asks about, the accepted proposals and the state that they
    lead to, the changes by path, what went wrong, what is to be said, and the lines of evidence by (path, document, pointer
    into it)."""

    works: Sequence[Work]
    accepted: Sequence[Planned]
    state: State
    changes: Mapping[str, FileChange]
    problems: Sequence[Problem]
    findings: Sequence[Finding]
    lines: Mapping[tuple[str, int, str], int]


def outcome(root: Root, recipe: Recipe, inventory: Inventory, end: End) -> Outcome:
    """The outcome of a run."""
    by_workload: dict[tuple[str, int, str, str], list[Planned]] = defaultdict(list)
    for planned in end.accepted:
        by_workload[planned.work.workload.key].append(planned)
    return Outcome(
        recipes=(recipe.name,),
        is_rollback=any(transforms.discover()[id_].restores for id_ in recipe.transforms),
        scopes=tuple(sorted({view.scope.name for work in end.works for view in work.views})),
        files=inventory.files,
        documents=sum(manifest.count for manifest in inventory.manifests),
        workloads=tuple(_workload(work, by_workload[work.workload.key], end.state, end.lines) for work in end.works),
        findings=tuple(observations.folded([*end.findings, *_frozen(root, inventory)])),
        skipped=tuple(inventory.skipped),
        problems=(*inventory.problems, *end.problems),
        changes=tuple(change for _, change in sorted(end.changes.items())),
        objects=tuple(_objects(end.accepted)),
        unseen=coverage.of(root, inventory, end.works),
        holds_objects=coverage.holds_objects(root, inventory),
    )


def _frozen(root: Root, inventory: Inventory) -> Iterator[Finding]:
    """A finding for each document that must not be edited, of the files that PATH holds."""
    paths = {source.path for source in root.sources if source.may_change}
    for manifest in inventory.manifests:
        for document in manifest.documents.values() if manifest.path in paths else ():
            if document.frozen:
                message, location = (
                    f"{document.frozen}, so the document is left alone",
                    Location(manifest.path, document.index, "", document.frozen_line),
                )
                yield Finding("duplicate-key", "R-A26", Severity.WARNING, message, "remove one of them", location)


def _objects(accepted: Sequence[Planned]) -> Iterator[ObjectReport]:
    by_object: dict[Key, list[Planned]] = defaultdict(list)
    for candidate in accepted:
        if candidate.work.is_object:
            by_object[candidate.work.workload.resource.key].append(candidate)
    for _, planned in sorted(by_object.items()):
        risks = tuple(dict.fromkeys(group for one in planned for group in one.proposal.risks))
        worst = max((level for level, _ in risks), default=Risk.L0)
        yield ObjectReport(planned[0].work.workload.resource, worst, risks, tuple(applied for one in planned for applied in _applied(one)))


def _workload(work: Work, planned: Sequence[Planned], state: State, lines: Mapping[tuple[str, int, str], int]) -> WorkloadReport:
    workload, before = work.workload, work.workload.spec
    after = state.spec(workload) if planned else before
    account_automount = state.account_automount(work) if planned else work.account_automount
    tokens = state.tokens(work) if planned else work.tokens
    risks = tuple(dict.fromkeys(group for one in planned for group in one.proposal.risks))
    evidence = work.verdict.evidence
    positions = {index: (sign.at.path, sign.at.document, sign.at.item + sign.pointer) for index, sign in enumerate(evidence)}
    return WorkloadReport(
        workload=workload,
        scopes=tuple(dict.fromkeys(view.scope.name for view in work.views)),
        namespace=work.views[0].namespace,
        line=workload.resource.at.line,
        account_before=before.account,
        account_after=after.account,
        automount_before=before.automount,
        automount_after=after.automount,
        effective=is_mounted(after.automount, account_automount),
        tokens_before=len(api_tokens(work.tokens)),
        tokens_after=len(api_tokens(tokens)),
        containers=len(list(before.containers())),
        verdict=work.verdict,
        risk=max((level for level, _ in risks), default=Risk.L0),
        risks=risks,
        applied=tuple(applied for one in planned for applied in _applied(one)),
        spec_after=after,
        lines={index: lines[place] for index, place in positions.items() if place in lines},
        radius=radius.blast_radius(work, after.account),
        builds=built.placements(work, state),
        files=frozenset(path for one in planned for path in rewriting.paths(one)),
        running=Running(work.live.owner, work.live.pods, tuple(work.tokens)) if work.live else None,
    )


def _applied(planned: Planned) -> list[Applied]:
    added = [
        Operation(new_resource.beside, "add", "", new_resource.value, reason=new_resource.reason)
        for new_resource in planned.proposal.resources
    ]
    return [
        Applied(planned.transform, planned.proposal.part, operation, planned.about) for operation in (*added, *planned.proposal.operations)
    ]
