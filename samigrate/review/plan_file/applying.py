"""From a plan file back to a plan: what is left of it, on the files as they are now.

A file is as it was, or all that was to happen to it has happened, or it has changed: then whatever touches it or rests
on it stays as it is, together with what shares a file with that. So applying again finishes what was interrupted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from samigrate import reading, transforms
from samigrate.base.errors import InputError
from samigrate.base.values import at, mapping, sequence, text
from samigrate.base.wording import count
from samigrate.domain import account_names as names
from samigrate.domain.json_patch import Inapplicable
from samigrate.domain.model import DEFAULT_ACCOUNT, About, Level, NewResource, Operation, Problem, Proposal, Resource, Risk
from samigrate.facts import identity
from samigrate.facts.state import Work
from samigrate.kustomize import placing
from samigrate.plan import planner
from samigrate.plan.planner import Blocked, Plan, Planned, part_key
from samigrate.plan.recipe import Recipe
from samigrate.plan.settling import Decide
from samigrate.reading import Inventory, Root
from samigrate.review.plan_file import choices, planfile
from samigrate.review.plan_file.holding import contains, holds
from samigrate.review.plan_file.planfile import KEEP, NEW, Entry, Step, Target
from samigrate.review.plan_file.review import resources_by_target

LATER = "make the plan anew, or bring the file back"
KEPT = "as planned"
USES = {Level.REQUIRED, Level.LIKELY}
"""Between these a plan makes no difference; what has done the half of a plan may have turned one into the other."""


@dataclass(slots=True)
class Progress:
    """What became of the entries, filled while a run decides: those done before, and those refused with the reason."""

    done: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


def decide(root: Root, recipe: Recipe, entries: Sequence[Entry], progress: Progress, result: Sequence[Entry]) -> Decide:
    """How a run over a root follows the entries that concern it. `result` are the entries of a plan that is made anew: a
    plan file may ask for less, and for nothing else."""
    existing = frozenset(step.effect for entry in result for step in entry.steps)

    def decided(works: Sequence[Work], found: Inventory, blocked: Blocked) -> Plan:
        return _Applying(root, recipe, entries, _Input(found, works, blocked), progress, existing).plan()

    return decided


class _Input(NamedTuple):
    """What the plan meets: what is in the files now, the workloads, and the parts that a text could not take."""

    inventory: Inventory
    works: Sequence[Work]
    blocked: Blocked


class _Applying:
    """One root's entries against its files."""

    def __init__(
        self, root: Root, recipe: Recipe, entries: Sequence[Entry], files: _Input, progress: Progress, existing: Container[object]
    ) -> None:
        self.known = existing
        self.recipe, self.found, self.blocked, self.progress = recipe, files.inventory, files.blocked, progress
        self.sources = {source.path: source for source in root.sources}
        self.entries = [entry for entry in entries if not entry.skip and self._is_ours(entry.at.file)]
        self.objects = resources_by_target(files.inventory)
        self.resources = files.inventory.resources
        called = {resource.key: target for target, resource in self.objects.items()}
        self.works = {(called[work.workload.resource.key], work.workload.pod): work for work in files.works}
        self.digests: dict[str, str] = {}
        self.lenders = {(entry.key, step.part) for entry in self.entries for step in entry.steps if _lends(entry, step)}
        self.held = self._held()

    def plan(self) -> Plan:
        pending = [entry for entry in self.entries if not self._is_done(entry)]
        self.progress.done |= {entry.key for entry in self.entries} - {entry.key for entry in pending}
        refused = dict(self._stale(pending))
        refused |= {entry.key: reason for entry in pending if entry.key not in refused and (reason := self._surprise(entry))}
        parts: dict[str, list[choices.Part]] = {}
        for entry in pending:
            if entry.key not in refused:
                try:
                    parts[entry.key] = self._parts(entry)
                except choices.CannotChooseError as error:
                    refused[entry.key] = f"{entry.at}: account: {entry.account or KEPT}, automount: {entry.automount or KEPT}: {error}"
        self._spread(pending, refused)
        self._say(pending, refused)
        return self._made([(entry, parts[entry.key]) for entry in pending if entry.key not in refused])

    # ---- the files

    def _is_ours(self, path: str) -> bool:
        return path in self.sources and self.sources[path].may_change

    def _digest(self, path: str) -> str:
        if path not in self.sources:
            return planfile.ABSENT
        if path not in self.digests:
            try:
                data = self.sources[path].read()
            except OSError:
                data = b""
            is_same = reading.digest(data) == self.found.digests.get(path)
            self.digests[path] = planfile.digest(data) if is_same else ""
        return self.digests[path]

    def _is_fresh(self, entry: Entry, path: str) -> bool:
        return self._digest(path) == entry.files[path]

    def _held(self) -> set[str]:
        """Changed files that are as all their operations leave them."""
        by_file: dict[str, list[Step]] = defaultdict(list)
        for entry in self.entries:
            for step in self._wanted(entry):
                if not self._is_fresh(entry, step.file):
                    by_file[step.file].append(step)
        return {path for path, steps in by_file.items() if self._all_hold(steps)}

    def _wanted(self, entry: Entry) -> Iterator[Step]:
        """The steps of an entry that no other entry takes care of."""
        return (step for step in choices.chosen(entry) if (step.unless, step.part) not in self.lenders)

    def _all_hold(self, steps: Sequence[Step]) -> bool:
        by_object: dict[Target, list[Step]] = defaultdict(list)
        for step in steps:
            if step.op == NEW or not step.pointer:
                if (step.op == NEW) is not self._is_there(step):
                    return False
            else:
                by_object[step.on].append(step)
        return all(on in self.objects and holds(self.objects[on].value, group) for on, group in by_object.items())

    def _is_there(self, step: Step) -> bool:
        """Whether the object stands in its file: one to be removed, or a new one, which may also stand beside it."""
        if step.op != NEW:
            return step.on in self.objects
        positions = (step.file, placing.sibling(step.on.file))
        return any(contains(resource.value, step.value) for target, resource in self.objects.items() if target.file in positions)

    # ---- what cannot be done

    def _is_done(self, entry: Entry) -> bool:
        return all(not self._is_fresh(entry, path) and path in self.held for path in {step.file for step in self._wanted(entry)})

    def _stale(self, pending: Sequence[Entry]) -> Iterator[tuple[str, str]]:
        for entry in pending:
            for path in sorted(entry.files):
                if not self._is_fresh(entry, path) and path not in self.held:
                    destination = "has changed since the plan was made" if path in self.sources else "is not there any more"
                    yield entry.key, f"{path} {destination}: {LATER}"

    def _surprise(self, entry: Entry) -> str:
        """Why the workload is not what the plan was made for, or ""."""
        work = self.works.get((entry.at, entry.pod))
        if work is None:
            return f"{entry.at} is not there any more: {LATER}"
        level = work.verdict.level
        if entry.pod and self._is_fresh(entry, entry.at.file) and level is not entry.verdict and not {level, entry.verdict} <= USES:
            reason = next((evidence.detail for evidence in work.verdict.evidence), "what spoke for it is gone")
            return f"{entry.at}: its verdict was {entry.verdict} and is {level} now ({reason}): make the plan anew"
        for part, finding in ((step.part, self.blocked.get(part_key(work, step.part))) for step in entry.steps):
            if finding is not None:
                return f"{entry.at}: {part} cannot be applied: {finding.message}"
        return ""

    def _spread(self, pending: Sequence[Entry], refused: dict[str, str]) -> None:
        """What shares a file with a refused entry waits for it: a file is written once, with all that is left for it."""
        waiting = {entry.key: {path for path in entry.edited if path not in self.held} for entry in pending}
        while True:
            bad = {path for key in refused for path in waiting[key]}
            entries = [
                e for e in pending if e.key not in refused and (waiting[e.key] & bad or {step.unless for step in e.steps} & refused.keys())
            ]
            if not entries:
                return
            for entry in entries:
                refused[entry.key] = ""

    def _say(self, pending: Sequence[Entry], refused: Mapping[str, str]) -> None:
        self.progress.refused |= refused
        with_it = sum(not reason for reason in refused.values())
        by_reason: dict[str, Entry] = {}
        for entry in pending:
            by_reason.setdefault(refused.get(entry.key, ""), entry)
        for reason, number in Counter(filter(None, refused.values())).items():
            beside = f", and {with_it} that share{'s' * (with_it == 1)} a file" if with_it else ""
            waiting = f" ({number} of {count(len(pending), 'entry')} wait{'s' * (number == 1)}{beside})"
            first = by_reason[reason]
            problem = Problem(first.at.file, first.line, reason + waiting)
            if problem not in self.found.problems:
                self.found.problems.append(problem)

    # ---- what is done

    def _parts(self, entry: Entry) -> list[choices.Part]:
        """The entry's steps as proposals on the objects as they stand, as chosen."""
        work = self.works[entry.at, entry.pod]
        steps = [step for step in self._wanted(entry) if self._is_to_do(step, entry)]
        self._require_known(entry)
        risks = tuple((Risk[level], text) for level, _, text in (risk.partition(": ") for risk in entry.risks))
        parts = []
        for (transform, part), group in groupby(steps, key=lambda step: (step.transform, step.part)):
            together = list(group)
            operations = tuple(self._operation(step) for step in together if step.op != NEW)
            added = tuple(NewResource(step.value, self._object(step).at, step.reason, step.into) for step in together if step.op == NEW)
            parts.append((transform, Proposal(part, operations, added, risks)))
        if not choices.is_changed(entry):
            return parts
        return choices.settle(entry, work, parts, self.recipe.transforms, self.resources)

    def _require_known(self, entry: Entry) -> None:
        """Raises InputError for a step that no migration of these files would make."""
        for step in entry.steps:
            if self._is_to_do(step, entry) and step.effect not in self.known and not self._is_rest(step, entry):
                description = f"{step.op} {step.pointer or at(step.value, 'kind') or step.on.object}"
                message = f"{entry.at}: the plan asks for `{description}` in {step.file}, which no migration of it does: {LATER}"
                raise InputError(entry.at.file, entry.line, message)

    def _is_rest(self, step: Step, entry: Entry) -> bool:
        """Whether the step is what an interruption has left: the workload has moved from `default` to an account made for
        it, which the rights of `default` in its namespace do not name yet."""
        work = self.works.get((entry.at, entry.pod))
        if work is None or not step.pointer.startswith("/subjects") or work.workload.spec.account != entry.planned_account:
            return False
        if not any(identity.is_managed(work, visible.resource) for view in work.views for visible in view.account(entry.planned_account)):
            return False
        binding = self._object(step).key
        names_old = any(grant.binding.key == binding for view in work.views for grant in view.grants(DEFAULT_ACCOUNT))
        present = [one for one in sequence(self._object(step).value, "subjects") if text(one, "name") == DEFAULT_ACCOUNT]
        return names_old and any(step.value == mapping(one) | {"name": entry.planned_account} for one in present)

    def _is_to_do(self, step: Step, entry: Entry) -> bool:
        if not self._is_fresh(entry, step.file):
            return False
        sibling = placing.sibling(step.on.file)
        return step.op != NEW or not (sibling in self.sources and self._is_there(step))

    def _object(self, step: Step) -> Resource:
        if step.on not in self.objects:
            raise InputError(step.on.file, 0, f"{step.on} is not there any more: {LATER}")
        return self.objects[step.on]

    def _operation(self, step: Step) -> Operation:
        return Operation(self._object(step).at, step.op, step.pointer, step.value, step.before, step.after, step.reason)

    def _made(self, chosen: Sequence[tuple[Entry, Sequence[choices.Part]]]) -> Plan:
        """In the order that a run has: transform by transform, and within each by the workloads' precedence."""
        order = {transform.id: place for place, transform in enumerate(transforms.ordered(list(self.recipe.transforms)))}
        planned = [
            Planned(self.works[entry.at, entry.pod], transform, proposal) for entry, parts in chosen for transform, proposal in parts
        ]
        if unknown := {one.transform for one in planned} - order.keys():
            raise InputError("", 0, f"the recipe has no {', '.join(sorted(unknown))} any more, which the plan rests on: make it anew")
        planned.sort(key=lambda one: (order[one.transform], names.precedence(one.work.workload), one.work.workload.key))
        plan = planner.Plan()
        for candidate in planned:
            try:
                plan.state.accept(candidate.work, candidate.transform, candidate.proposal, self.resources)
            except Inapplicable as error:  # a path that somebody has edited
                workload = candidate.work.workload
                message = f"{workload.id}: {candidate.proposal.part} cannot be done: {error}; make the plan anew"
                raise InputError(workload.resource.at.path, workload.resource.at.line, message) from error
            plan.accepted.append(candidate)
        return plan


def _lends(entry: Entry, step: Step) -> bool:
    """Whether a part of the entry is still as others count on it to be."""
    if step.about is About.COMMENTARY:
        return not choices.is_changed(entry) or {entry.account, entry.automount} - {"", KEEP} != set()
    return entry.account != KEEP and not choices.names_another(entry)
