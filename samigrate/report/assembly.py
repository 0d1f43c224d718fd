"""A run's outcome as plain values for the reporters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from samigrate import transforms
from samigrate.domain.model import Finding, Key, Location, Operation, Problem, Risk, Severity
from samigrate.domain.outcome import Applied, FileChange, ObjectReport, Outcome, WorkloadReport
from samigrate.domain.tokens import api_tokens, is_mounted
from samigrate.facts import built, radius
from samigrate.facts.state import State, Work
from samigrate.findings import observations
from samigrate.plan import rewriting
from samigrate.plan.planner import Planned
from samigrate.plan.recipe import Recipe
from samigrate.reading import Reading, Root


def outcome(
    root: Root,
    recipe: Recipe,
    found: Reading,
    works: Sequence[Work],
    accepted: Sequence[Planned],
    state: State,
    changes: Mapping[str, FileChange],
    problems: Sequence[Problem],
    findings: Sequence[Finding],
    lines: Mapping[tuple[str, int, str], int],
) -> Outcome:
    """All that is known at the end of a run. `lines` are those of evidence, by (path, document, pointer into it)."""
    by_workload: dict[tuple[str, int, str, str], list[Planned]] = defaultdict(list)
    for one in accepted:
        by_workload[one.work.workload.key].append(one)
    reports = tuple(_workload(work, by_workload[work.workload.key], state, lines) for work in works)
    return Outcome(
        recipes=(recipe.name,),
        is_rollback=any(transforms.discover()[id_].restores for id_ in recipe.transforms),
        scopes=tuple(sorted({view.scope.name for work in works for view in work.views})),
        files=found.files,
        documents=sum(manifest.count for manifest in found.manifests),
        workloads=reports,
        findings=tuple(observations.folded([*findings, *_frozen(root, found)])),
        skipped=tuple(found.skipped),
        problems=(*found.problems, *problems),
        changes=tuple(change for _, change in sorted(changes.items())),
        objects=tuple(_objects(accepted)),
    )


def _frozen(root: Root, found: Reading) -> Iterator[Finding]:
    """A finding for each document that must not be edited, of the files that PATH holds."""
    paths = {source.path for source in root.sources if source.may_change}
    for manifest in found.manifests:
        for one in manifest.documents.values() if manifest.path in paths else ():
            if one.frozen:
                message, at = f"{one.frozen}, so the document is left alone", Location(manifest.path, one.index, "", one.frozen_line)
                yield Finding("duplicate-key", "R-A26", Severity.WARNING, message, "remove one of them", at)


def _objects(accepted: Sequence[Planned]) -> Iterator[ObjectReport]:
    by_object: dict[Key, list[Planned]] = defaultdict(list)
    for one in accepted:
        if one.work.is_object:
            by_object[one.work.workload.resource.key].append(one)
    for _, planned in sorted(by_object.items()):
        risks = tuple(dict.fromkeys(each for one in planned for each in one.proposal.risks))
        worst = max((level for level, _ in risks), default=Risk.L0)
        yield ObjectReport(planned[0].work.workload.resource, worst, risks, tuple(each for one in planned for each in _applied(one)))


def _workload(work: Work, planned: Sequence[Planned], state: State, lines: Mapping[tuple[str, int, str], int]) -> WorkloadReport:
    workload, before = work.workload, work.workload.spec
    after = state.spec(workload) if planned else before
    account_automount = state.account_automount(work) if planned else work.account_automount
    tokens = state.tokens(work) if planned else work.tokens
    risks = tuple(dict.fromkeys(each for one in planned for each in one.proposal.risks))
    evidence = work.verdict.evidence
    places = {index: (one.at.path, one.at.document, one.at.item + one.pointer) for index, one in enumerate(evidence)}
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
        applied=tuple(each for one in planned for each in _applied(one)),
        lines={index: lines[place] for index, place in places.items() if place in lines},
        radius=radius.of(work, after.account),
        builds=built.of(work, state),
        files=frozenset(path for one in planned for path in rewriting.paths(one)),
    )


def _applied(one: Planned) -> list[Applied]:
    added = [Operation(each.beside, "add", "", each.value, reason=each.reason) for each in one.proposal.resources]
    return [Applied(one.transform, one.proposal.part, operation, one.about) for operation in (*added, *one.proposal.operations)]
