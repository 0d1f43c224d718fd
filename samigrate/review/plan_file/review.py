"""From a run to a plan that people can read: one entry for each workload, independent of its neighbours.

An entry holds all that its workload needs. Where two workloads need the same thing (copies of one object share an
account; the pod templates of one object share its annotations), the second has it too, `unless` the first is there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from samigrate import reading
from samigrate.base.errors import InputError
from samigrate.base.values import at
from samigrate.domain.model import About, Finding, Key, Level, Location, Operation, Resource
from samigrate.domain.outcome import FileChange, ObjectReport, WorkloadReport
from samigrate.facts.state import Work
from samigrate.pipeline import Run
from samigrate.plan import planner, rewriting
from samigrate.plan.planner import Planned
from samigrate.reading import Reading
from samigrate.review.plan_file import planfile
from samigrate.review.plan_file.planfile import NEW, Entry, Left, Step, Target


def targets(found: Reading) -> Mapping[Key, Target]:
    """What the objects of a root are called in a plan, by key."""
    seen: Counter[tuple[str, str]] = Counter()
    names = {}
    for manifest in found.manifests:
        for resource in manifest.resources:
            name = (manifest.path, str(resource.id))
            names[resource.key] = Target(*name, seen[name])
            seen[name] += 1
    return names


def read_out(run: Run) -> tuple[list[Entry], list[Left]]:
    """The entries of a run, and the workloads that it leaves as they are. Raises InputError for a file that changes
    while it is being read."""
    called, by_work = targets(run.found), _by_work(run.accepted)
    steps = {key: [step for one in planned for step in _steps(one, called)] for key, planned in by_work.items()}
    notes = _notes(run.outcome.findings)
    files = _Files(run)
    entries, left = [], []
    reports = {report.workload.key: report for report in run.outcome.workloads}
    for work in (work for work in run.works if files.may_change(work)):
        key = work.workload.key
        report = reports[key]
        said = tuple(text for where, text in notes[work.workload.resource.at] if not where or where.startswith(work.workload.pod))
        if key not in steps:
            if report.tokens_before or said:
                left.append(_left(called[work.workload.resource.key], report, said))
            continue
        borrowed = list(_borrowed(work, run, steps, called))
        entries.append(_entry(called[work.workload.resource.key], report, [*steps[key], *borrowed], said, files, work))
    for thing in run.outcome.objects:
        own = called[thing.resource.key]
        entries.append(_object(own, thing, steps[*thing.resource.key, ""], [text for _, text in notes[thing.resource.at]], files))
    return entries, left


def _by_work(accepted: Sequence[Planned]) -> Mapping[tuple[str, int, str, str], list[Planned]]:
    found = defaultdict(list)
    for one in accepted:
        found[one.work.workload.key].append(one)
    return found


def _steps(one: Planned, called: Mapping[Key, Target]) -> Iterator[Step]:
    """A proposal's new objects and operations."""
    for added in one.proposal.resources:
        yield Step(
            one.transform, one.proposal.part, called[_key(added.beside)], NEW, value=added.value, reason=added.reason, into=added.file
        )
    for each in one.proposal.operations:
        yield _step(one, each, called[_key(each.target)])


def _step(one: Planned, each: Operation, on: Target) -> Step:
    return Step(one.transform, one.proposal.part, on, each.op, each.pointer, each.value, each.before, each.after, each.reason)


def _key(place: Location) -> Key:
    return place.path, place.document, place.item


# ---------------------------------------------------------------- what another entry does for it


def _borrowed(
    work: Work, run: Run, steps: Mapping[tuple[str, int, str, str], Sequence[Step]], called: Mapping[Key, Target]
) -> Iterator[Step]:
    """What the workload would need if it were the only one, and another's entry does."""
    own = steps[work.workload.key]
    alone = planner.plan([work], run.recipe.transforms, run.found.resources, {}, lambda _: "")
    wanted = [step for one in alone.accepted for step in _steps(one, called) if not any(_is_same(step, other) for other in own)]
    if not wanted:
        return
    has_shared = any(step.about is About.COMMENTARY for step in own)
    for other in run.works:
        if other is work or not _share_a_scope(work, other):
            continue
        theirs = steps.get(other.workload.key, ())
        lender = f"{called[other.workload.resource.key]} at {other.workload.pod}"
        is_same_object = other.workload.resource.key == work.workload.resource.key
        they_share = any(one.about is About.COMMENTARY for one in theirs)
        for step in wanted:
            is_shared = step.about is About.COMMENTARY and is_same_object and not has_shared and they_share
            if is_shared or any(_is_same(step, one) for one in theirs):
                yield Step(**{name: getattr(step, name) for name in Step.__slots__} | {"unless": lender})
        wanted = [step for step in wanted if not any(_is_same(step, one) for one in theirs)]
        has_shared = has_shared or (is_same_object and they_share)


def _share_a_scope(one: Work, other: Work) -> bool:
    return any(view.scope is seen.scope for view in one.views for seen in other.views)


def _is_same(one: Step, other: Step) -> bool:
    """Whether two steps have the same effect; an account is the same wherever it stands."""
    if one.op == NEW or other.op == NEW:
        return (one.op, one.value, one.into) == (other.op, other.value, other.into)
    return (one.on, one.op, one.pointer, one.value) == (other.on, other.op, other.pointer, other.value)


def alone(run: Run, work: Work) -> list[FileChange]:
    """What becomes of the files if only this workload changes; [] where a text has changed since it was read."""
    sources = {source.path: source for source in run.root.sources}
    held = {manifest.path: manifest for manifest in run.found.manifests}
    changes: list[FileChange] = []
    for path, accepted in rewriting.by_file(one for one in run.accepted if one.work is work).items():
        if path not in sources:
            changes.append(rewriting.new_file(path, accepted))
            continue
        content = reading.content(sources[path], run.found.digests[path])
        if isinstance(content, str):
            changes += rewriting.write(content, held[path], rewriting.work_on(held[path], accepted), sources, is_stream=False)
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
    found = defaultdict(list)
    for one in findings:
        said = f"{one.message}; {one.action}" if one.action else one.message
        if one.resource is not None:
            found[one.at].append((one.pointer, said))
        if any(resource.at == one.at for resource in one.concerns):  # one of several that have raised it: it is on each
            for resource in one.concerns:
                if resource.at != one.at:
                    found[resource.at].append(("", said))
    return found


def _entry(own: Target, report: WorkloadReport, steps: Sequence[Step], notes: tuple[str, ...], files: _Files, work: Work) -> Entry:
    rests_on = sorted({step.file for step in steps} | {one.at.path for one in report.verdict.evidence if one.at.path in files.read})
    entry = Entry(
        at=own,
        pod=report.workload.pod,
        line=report.line,
        namespace=report.namespace or "",
        verdict=report.verdict.level,
        risk=report.risk,
        reason=_reason(steps, own, work.settings.prefix),
        account="",
        automount="",
        was=(report.account_before, _stated(report.automount_before)),
        was_mounted=work.is_mounted,
        tokens=(report.tokens_before, report.tokens_after),
        steps=tuple(steps),
        files={path: files.digest(path) for path in rests_on},
        risks=tuple(f"{level}: {text}" for level, text in report.risks),
        evidence=tuple(_evidence(report)),
        notes=notes,
    )
    return planfile.with_choices(entry, entry.planned_account, entry.planned_automount)


def _object(own: Target, thing: ObjectReport, steps: Sequence[Step], notes: Sequence[str], files: _Files) -> Entry:
    """The entry of an object that holds no pods."""
    return Entry(
        at=own,
        pod="",
        line=thing.resource.at.line,
        namespace=thing.resource.id.namespace or "",
        verdict=Level.NONE,
        risk=thing.risk,
        reason="; ".join(dict.fromkeys(step.reason for step in steps if step.reason)),
        account="",
        automount="",
        was=("", ""),
        was_mounted=False,
        tokens=(0, 0),
        steps=tuple(steps),
        files={path: files.digest(path) for path in sorted({step.file for step in steps})},
        risks=tuple(f"{level}: {text}" for level, text in thing.risks),
        notes=tuple(notes),
    )


def _reason(steps: Sequence[Step], own: Target, prefix: str) -> str:
    """The sentence that the workload is given, else the operations' own reasons."""
    for step in steps:
        if step.on == own and step.about is About.COMMENTARY:
            if step.pointer == f"/metadata/annotations/{prefix}~1reason":
                return str(step.value)
            if found := at(step.value, f"{prefix}/reason"):
                return str(found)
    return "; ".join(dict.fromkeys(step.reason for step in steps if step.reason))


def _stated(value: bool | None) -> str:
    return "unset" if value is None else str(value).lower()


def _evidence(report: WorkloadReport) -> Iterator[str]:
    for index, one in enumerate(report.verdict.evidence):
        speaker = f"container {one.container}: " if one.container else ""
        place = f" ({one.at.path}:{report.lines.get(index, one.at.line)})" if one.at.path else ""
        yield f"{one.strength}: {speaker}{one.detail}{place}"


def _left(own: Target, report: WorkloadReport, notes: tuple[str, ...]) -> Left:
    reason = "; ".join(notes) or "the recipe has nothing to change here"
    return Left(own, report.line, report.namespace or "", report.verdict.level, report.tokens_before, reason)


def resources_by_target(found: Reading) -> Mapping[Target, Resource]:
    """The objects of a root by what a plan calls them."""
    held = found.resources
    return {name: held[key] for key, name in targets(found).items()}
