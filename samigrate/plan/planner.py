"""From verdicts to a plan: each transform in turn over the planned state, every proposal taken whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from samigrate import transforms
from samigrate.base.values import Value
from samigrate.domain import account_names as names
from samigrate.domain import host_annotations
from samigrate.domain.model import About, Finding, Key, Location, Proposal, Resource, Risk, Severity
from samigrate.facts.state import State, Work
from samigrate.kustomize import placing
from samigrate.kustomize.overlays import Overlay

Blocked = Mapping[tuple[object, ...], Finding]
"""Parts that the text could not take, by `part_key`, with what is said of each."""
Silenced = Set[tuple[Key, str]]
"""(object, id) of each transform and finding that an opt-out has silenced."""


class Planned(NamedTuple):
    """One accepted proposal."""

    work: Work
    transform: str
    proposal: Proposal

    @property
    def about(self) -> About:
        return transforms.about(self.transform, self.proposal.part)

    @property
    def changes_pods(self) -> bool:
        """Whether it edits the workload's pod template, not its metadata or other objects alone."""
        pods, location = self.work.workload.pod + "/", self.work.workload.resource.at
        return any(operation.target == location and operation.pointer.startswith(pods) for operation in self.proposal.operations)


@dataclass(slots=True)
class Plan:
    state: State = field(default_factory=State)
    accepted: list[Planned] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    silenced: set[tuple[Key, str]] = field(default_factory=set)


class Limits(NamedTuple):
    """What a plan has to keep to: the objects as they are, by key; the parts that a text could not take; and why an
    object's file or document must not be edited, "" where it may."""

    resources: Mapping[Key, Resource]
    blocked: Blocked
    fixed: Callable[[Location], str]


def part_key(work: Work, part: str) -> tuple[object, ...]:
    """What a part of a change is known by, the same for all copies of an object in a scope."""
    return work.views[0].scope.name, work.workload.id, work.workload.pod, part


def plan(works: Sequence[Work], recipe: Mapping[str, Mapping[str, Value]], limits: Limits) -> Plan:
    """What the recipe's transforms make of the workloads."""
    result = Plan()
    in_turn = sorted(works, key=lambda work: (names.precedence(work.workload), work.workload.key))
    for transform in transforms.ordered(recipe):
        for work in in_turn:
            workload = work.workload
            if work.is_object is not transform.for_objects or workload.rule.report_only or workload.spec.has_invalid_automount:
                continue
            for yielded in transform.propose(work, result.state, recipe[transform.id]):
                if silenced := _silenced_by(work, transform.id, yielded):
                    result.silenced.add((workload.resource.key, silenced))
                elif isinstance(yielded, Finding):
                    result.findings.append(yielded)
                else:
                    _take(result, work, transform.id, _settled(work, yielded, result.state), limits)
    return result


def _silenced_by(work: Work, transform: str, yielded: Proposal | Finding) -> str:
    """The id under which the workload has opted out of it, or ""."""
    ids = (transform, yielded.id) if isinstance(yielded, Finding) else (transform,)
    return next((one for one in ids if work.is_ignored(one)), "")


def _take(plan: Plan, work: Work, transform: str, proposal: Proposal, limits: Limits) -> None:
    """The proposal into the plan, or a finding that says why not."""
    if refusal := _refusal(work, proposal, limits):
        plan.findings.append(refusal)
        return
    plan.state.accept(work, transform, proposal, limits.resources)
    plan.accepted.append(Planned(work, transform, proposal))
    plan.findings += [remark for overlay in overlays(work) for remark in overlay.remarks(work.workload, proposal)]


def _settled(work: Work, proposal: Proposal, state: State) -> Proposal:
    """The proposal with all that its new objects' host and place ask for."""
    if not proposal.resources:
        return proposal
    dressed = proposal._replace(resources=tuple(host_annotations.dressed(added, work.workload) for added in proposal.resources))
    builds = [overlay.build for overlay in overlays(work)]
    return placing.placed(dressed, work.workload, work.settings.account_file, builds, state.changed())


def overlays(work: Work) -> list[Overlay]:
    """The kustomize builds that the workload is part of."""
    return [view.scope.overlay for view in work.views if view.scope.overlay]


def _refusal(work: Work, proposal: Proposal, limits: Limits) -> Finding | None:
    """Why a proposal is left out, or None."""
    if finding := limits.blocked.get(part_key(work, proposal.part)):
        return finding
    workload = work.workload
    for overlay in overlays(work):
        reason, way_out = overlay.obstacle(workload, proposal)
        if reason:
            message = f"{proposal.part} stays as it is: {reason}"
            return work.finding("kustomize-overlay", "R-F21", message, way_out, Severity.WARNING)
    worst = max(proposal.risks, default=(Risk.L0, ""))
    if worst[0] > work.settings.max_risk:
        reasons = ", ".join(dict.fromkeys(text for level, text in proposal.risks if level > work.settings.max_risk))
        message = f"{proposal.part} stays as it is: risk {worst[0]} is above {work.settings.max_risk!s} ({reasons})"
        action = f"review it, and pass --max-risk {worst[0]}" if worst[0] < Risk.L5 else "review it and change it by hand"
        return work.finding("above-max-risk", "G.3", message, action, Severity.WARNING)
    for target in _targets(proposal):
        if reason := limits.fixed(target):
            message = f"{workload.id.name}: {proposal.part} stays as it is: {target.path} {reason}"
            return Finding(
                "cannot-edit", "R-A26", Severity.WARNING, message, "change it by hand, or include the file", target, "", workload.id
            )
    return None


def _targets(proposal: Proposal) -> set[Location]:
    """Every document that the proposal edits, or that stands in a file which it adds to."""
    locations = {Location(added.file) if added.file else added.beside for added in proposal.resources}
    return {operation.target for operation in proposal.operations} | locations
