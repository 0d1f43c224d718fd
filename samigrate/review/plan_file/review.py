"""From a run to a plan that people can read: one entry for each workload, independent of its neighbours.

An entry holds all that its workload needs. Where two workloads need the same thing (copies of one object share an
account; the pod templates of one object share its annotations), the second has it too, `unless` the first is there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence

from samigrate import reading
from samigrate.base.errors import InputError
from samigrate.base.values import Value, at
from samigrate.domain.model import About, Finding, Key, Level, Location, Operation, Resource
from samigrate.domain.outcome import FileChange, ObjectReport, WorkloadReport
from samigrate.facts.state import Work
from samigrate.pipeline import Run
from samigrate.plan import planner, rewriting
from samigrate.plan.planner import Planned
from samigrate.reading import Inventory
from samigrate.report import words
from samigrate.review.plan_file import planfile
from samigrate.review.plan_file.planfile import NEW, Entry, Left, Step, Target

_StepsOf = Mapping[tuple[str, int, str, str], Sequence[Step]]
"""The steps of workloads, by key."""


def targets(inventory: Inventory) -> Mapping[Key, Target]:
    """What the objects of a root are called in a plan, by key."""
    visited: Counter[tuple[str, str]] = Counter()
    names = {}
    for manifest in inventory.manifests:
        for resource in manifest.resources:
            name = (manifest.path, str(resource.id))
            names[resource.key] = Target(*name, visited[name])
            visited[name] += 1
    return names


def read_out(run: Run) -> tuple[list[Entry], list[Left]]:
    """The entries of a run, and the workloads that it leaves as they are. Raises InputError for a file that changes
    while it is being read."""
    called, by_work = targets(run.found), _by_work(run.accepted)
    steps = {key: [step for one in planned for step in _steps(one, called)] for key, planned in by_work.items()}
    lenders = _Lenders(run, steps, called)
    notes = _notes(run.outcome.findings)
    files = _Files(run)
    entries, left = [], []
    reports = {report.workload.key: report for report in run.outcome.workloads}
    for work in (work for work in run.works if files.may_change(work)):
        key = work.workload.key
        report = reports[key]
        stated = tuple(text for where, text in notes[work.workload.resource.at] if not where or where.startswith(work.workload.pod))
        if key not in steps:
            if report.tokens_before or stated:
                left.append(_left(called[work.workload.resource.key], report, stated))
            continue
        borrowed = list(_borrowed(work, lenders))
        entries.append(_entry(called[work.workload.resource.key], report, [*steps[key], *borrowed], stated, files, work))
    for thing in run.outcome.objects:
        own_target = called[thing.resource.key]
        entries.append(_object(own_target, thing, steps[*thing.resource.key, ""], [text for _, text in notes[thing.resource.at]], files))
    return entries, left


def _by_work(accepted: Sequence[Planned]) -> Mapping[tuple[str, int, str, str], list[Planned]]:
    by_workload = defaultdict(list)
    for planned in accepted:
        by_workload[planned.work.workload.key].append(planned)
    return by_workload


def _steps(planned: Planned, called: Mapping[Key, Target]) -> Iterator[Step]:
    """A proposal's new objects and operations."""
    for added in planned.proposal.resources:
        yield Step(
            planned.transform,
            planned.proposal.part,
            called[_key(added.beside)],
            NEW,
            value=added.value,
            reason=added.reason,
            into=added.file,
        )
    for operation in planned.proposal.operations:
        yield _step(planned, operation, called[_key(operation.target)])


def _step(planned: Planned, operation: Operation, on: Target) -> Step:
    return Step(
        planned.transform,
        planned.proposal.part,
        on,
        operation.op,
        operation.pointer,
        operation.value,
        operation.before,
        operation.after,
        operation.reason,
    )


def _key(location: Location) -> Key:
    return location.path, location.document, location.item


# ---------------------------------------------------------------- what another entry does for it


class _Lenders:
    """Who does what in a run: workloads by their place in it, the first of each scope to do a thing before the others."""

    def __init__(self, run: Run, steps: _StepsOf, called: Mapping[Key, Target]) -> None:
        self.works, self.steps, self.called, self.recipe = run.works, steps, called, run.recipe
        self.limits = planner.Limits(run.found.resources, {}, lambda _: "")
        self.by_object: dict[Key, list[int]] = defaultdict(list)
        self.by_effect: dict[Hashable, list[int]] = defaultdict(list)
        for place, work in enumerate(run.works):
            self.by_object[work.workload.resource.key].append(place)
            for step in steps.get(work.workload.key, ()):
                for view in work.views:
                    doers = self.by_effect[id(view.scope), _effect(step)]
                    doers += [place] if len(doers) < 2 and place not in doers else []  # two: one of them is another than who asks

    def of(self, work: Work, expected: Sequence[Step]) -> Iterator[Work]:
        """The other workloads that may do one of the steps for a workload, in the order of the run."""
        doers = (self.by_effect.get((id(view.scope), _effect(step)), ()) for view in work.views for step in expected)
        places = {place for group in (*doers, self.by_object[work.workload.resource.key]) for place in group}
        return (self.works[place] for place in sorted(places) if self.works[place] is not work)


def _borrowed(work: Work, lenders: _Lenders) -> Iterator[Step]:
    """What the workload would need if it were the only one, and another's entry does."""
    own_steps, called = lenders.steps[work.workload.key], lenders.called
    own_effects = {_effect(step) for step in own_steps}
    alone = planner.plan([work], lenders.recipe.transforms, lenders.limits)
    expected = [step for planned in alone.accepted for step in _steps(planned, called) if _effect(step) not in own_effects]
    if not expected:
        return
    has_shared = any(step.about is About.COMMENTARY for step in own_steps)
    for sibling in lenders.of(work, expected):
        theirs = lenders.steps.get(sibling.workload.key, ())
        effects = {_effect(step) for step in theirs}
        lender = f"{called[sibling.workload.resource.key]} at {sibling.workload.pod}"
        is_same_object = sibling.workload.resource.key == work.workload.resource.key
        they_share = any(one.about is About.COMMENTARY for one in theirs)
        for step in expected:
            is_shared = step.about is About.COMMENTARY and is_same_object and not has_shared and they_share
            if is_shared or _effect(step) in effects:
                yield Step(**{name: getattr(step, name) for name in Step.__slots__} | {"unless": lender})
        expected = [step for step in expected if _effect(step) not in effects]
        has_shared = has_shared or (is_same_object and they_share)


def _effect(step: Step) -> Hashable:
    """What is equal for two steps of the same effect; an account is the same wherever it stands."""
    value = _hashable(step.value)
    return (NEW, value, step.into) if step.op == NEW else (step.on, step.op, step.pointer, value)


def _hashable(value: Value) -> Hashable:
    """What is equal where the values are."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def alone(run: Run, work: Work) -> list[FileChange]:
    """What becomes of the files if only this workload changes; [] where a text has changed since it was read."""
    sources = {source.path: source for source in run.root.sources}
    manifests = {manifest.path: manifest for manifest in run.found.manifests}
    changes: list[FileChange] = []
    for path, accepted in rewriting.by_file(planned for planned in run.accepted if planned.work is work).items():
        if path not in sources:
            changes.append(rewriting.new_file(path, accepted))
            continue
        content = reading.content(sources[path], run.found.digests[path])
        if isinstance(content, str):
            changes += rewriting.write(content, manifests[path], rewriting.work_on(manifests[path], accepted), sources, is_stream=False)
    return changes


# ---------------------------------------------------------------- what is said of it


class _Files:
    """The files of a root, as they were read."""

    def __init__(self, run: Run) -> None:
        self.sources = {source.path: source for source in run.root.sources}
        self.read = run.found.digests
        self.known: dict[str, str] = {}

    def may_change(self, work: Work) -> bool:
        return self.sources[work.workload.resource.at.path].may_change

    def digest(self, path: str) -> str:
        if path not in self.sources:
            return planfile.ABSENT
        if path not in self.known:
            data = self.sources[path].read()
            if reading.digest(data) != self.read[path]:
                raise InputError(path, 0, "changed while it was being read; run again")
            self.known[path] = planfile.digest(data)
        return self.known[path]


def _notes(findings: Sequence[Finding]) -> Mapping[Location, list[tuple[str, str]]]:
    """What was found out about each object, with the pointer to where in it."""
    result = defaultdict(list)
    for finding in findings:
        sentence = f"{finding.message}; {finding.action}" if finding.action else finding.message
        if finding.resource is not None:
            result[finding.at].append((finding.pointer, sentence))
        if any(resource.at == finding.at for resource in finding.concerns):  # one of several that have raised it: it is on each
            for resource in finding.concerns:
                if resource.at != finding.at:
                    result[resource.at].append(("", sentence))
    return result


def _entry(own_target: Target, report: WorkloadReport, steps: Sequence[Step], notes: tuple[str, ...], files: _Files, work: Work) -> Entry:
    rests_on = sorted(
        {step.file for step in steps} | {evidence.at.path for evidence in report.verdict.evidence if evidence.at.path in files.read}
    )
    entry = Entry(
        at=own_target,
        pod=report.workload.pod,
        line=report.line,
        namespace=report.namespace or "",
        verdict=report.verdict.level,
        risk=report.risk,
        reason=_reason(steps, own_target, work.settings.prefix),
        account="",
        automount="",
        was=(report.account_before, words.automount(report.automount_before)),
        was_mounted=work.is_mounted,
        tokens=(report.tokens_before, report.tokens_after),
        steps=tuple(steps),
        files={path: files.digest(path) for path in rests_on},
        risks=tuple(f"{level}: {text}" for level, text in report.risks),
        evidence=tuple(_evidence(report)),
        notes=notes,
    )
    return planfile.with_choices(entry, entry.planned_account, entry.planned_automount)


def _object(own_target: Target, report: ObjectReport, steps: Sequence[Step], notes: Sequence[str], files: _Files) -> Entry:
    """The entry of an object that holds no pods."""
    return Entry(
        at=own_target,
        pod="",
        line=report.resource.at.line,
        namespace=report.resource.id.namespace or "",
        verdict=Level.NONE,
        risk=report.risk,
        reason="; ".join(dict.fromkeys(step.reason for step in steps if step.reason)),
        account="",
        automount="",
        was=("", ""),
        was_mounted=False,
        tokens=(0, 0),
        steps=tuple(steps),
        files={path: files.digest(path) for path in sorted({step.file for step in steps})},
        risks=tuple(f"{level}: {text}" for level, text in report.risks),
        notes=tuple(notes),
    )


def _reason(steps: Sequence[Step], own_target: Target, prefix: str) -> str:
    """The sentence that the workload is given, else the operations' own reasons."""
    for step in steps:
        if step.on == own_target and step.about is About.COMMENTARY:
            if step.pointer == f"/metadata/annotations/{prefix}~1reason":
                return str(step.value)
            if result := at(step.value, f"{prefix}/reason"):
                return str(result)
    return "; ".join(dict.fromkeys(step.reason for step in steps if step.reason))


def _evidence(report: WorkloadReport) -> Iterator[str]:
    for index, evidence in enumerate(report.verdict.evidence):
        speaker = f"container {evidence.container}: " if evidence.container else ""
        location = f" ({evidence.at.path}:{report.lines.get(index, evidence.at.line)})" if evidence.at.path else ""
        yield f"{evidence.strength}: {speaker}{evidence.detail}{location}"


def _left(own_target: Target, report: WorkloadReport, notes: tuple[str, ...]) -> Left:
    reason = "; ".join(notes) or "the recipe has nothing to change here"
    return Left(own_target, report.line, report.namespace or "", report.verdict.level, report.tokens_before, reason)


def resources_by_target(found: Inventory) -> Mapping[Target, Resource]:
    """The objects of a root by what a plan calls them."""
    resources = found.resources
    return {name: resources[key] for key, name in targets(found).items()}
