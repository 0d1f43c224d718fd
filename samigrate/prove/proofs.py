"""What a run must prove before a file is changed (architecture, idea 6)."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from samigrate import catalog as catalogs
from samigrate import kinds, reading, transforms
from samigrate.base import processes
from samigrate.base.values import Value
from samigrate.domain.model import About
from samigrate.domain.outcome import FileChange
from samigrate.domain.tokens import Token
from samigrate.facts.state import Work
from samigrate.files import file_types, manifests
from samigrate.files.manifests import Manifest
from samigrate.kinds import Kinds
from samigrate.plan import assess, objects, rewriting
from samigrate.plan.planner import Blocked, Limits, Plan, Planned, plan
from samigrate.plan.recipe import Recipe
from samigrate.plan.settling import Decide, Settled, fixed
from samigrate.prove import checks
from samigrate.reading import Inventory, Root
from samigrate.scope.cuts import scopes


def failures(
    works: Sequence[Work], settled: Settled, inventory: Inventory, root: Root, recipe: Recipe, decided: Decide | None
) -> Iterator[checks.Failure]:
    """Every proof of a run, and the files they failed for (architecture, idea 6)."""
    kind_rules, catalog, changes = kinds.load(root.settings.kinds), catalogs.load(root.settings.catalog), settled.changes
    accepted = rewriting.by_file(settled.plan.accepted)
    edits = [
        _Edit(manifest, changes[manifest.path], work, work.planned(manifest))
        for manifest in inventory.manifests
        if manifest.path in accepted and manifest.path in changes
        for work in [rewriting.work_on(manifest, accepted[manifest.path])]
    ]
    yield from filter(None, processes.each(_says, edits, root.jobs))
    by_path = {edit.manifest.path: _after(edit, kind_rules) for edit in edits}
    after = Inventory(manifests=[by_path.get(manifest.path, manifest) for manifest in inventory.manifests])
    after.manifests += [manifests.read(change.path, change.new, kind_rules.names) for change in changes.values() if change.old is None]
    after.manifests.sort(key=lambda manifest: manifest.path)
    reading.expand(after, kind_rules)
    scopes_of = scopes(after, root)
    later = assess.workloads(after, scopes_of, root, catalog)
    left = _left_out(works, settled.plan.accepted) if decided else None
    again = [*later, *objects.works(after, scopes_of, root, recipe, catalog)]
    yield from _settles(again, after, settled.blocked, recipe, root, left)
    yield from _holds(works, later, settled.plan)


class _Edit(NamedTuple):
    """A file that was edited: what it held, its new text, what was asked of it, and the values that come of that."""

    manifest: Manifest
    change: FileChange
    work: rewriting.FileWork
    planned: Mapping[int, Value]


def _says(edit: _Edit) -> checks.Failure | None:
    """Whether the new text says what was planned."""
    path, change, work = edit.manifest.path, edit.change, edit.work
    if file_types.is_program(path):
        old, new = file_types.program_values(change.old or ""), file_types.program_values(change.new)
        return checks.values_say(path, [value for _, value in old], new, edit.planned, work.inserts)
    return checks.text_says(path, change.old or "", change.new, edit.planned, work.inserts, work.removals)


def _after(edit: _Edit, kind_rules: Kinds) -> Manifest:
    """What reading the new text would give."""
    manifest, work = edit.manifest, edit.work
    if any(opt.item for opt in manifest.opts):  # the items that comments count for have moved
        return replace(file_types.read(manifest.path, edit.change.new, kind_rules.names), generated=manifest.generated)
    return manifests.again(manifest, edit.planned, work.inserts, work.removals)


def _settles(
    later: Sequence[Work], after: Inventory, blocked: Blocked, recipe: Recipe, root: Root, left: dict[object, int] | None
) -> Iterator[checks.Failure]:
    """Planning again on the output leaves nothing to do but what was left out: `left` counts what a person has left out."""
    sources = {source.path: source for source in root.sources}
    editable = [work for work in later if work.workload.resource.at.path in sources and sources[work.workload.resource.at.path].may_change]
    waiting: set[object] = set()
    for planned in plan(editable, recipe.transforms, Limits(after.resources, blocked, fixed(after, sources))).accepted:
        part = _who(planned.work), planned.proposal.part
        follows = planned.about is About.COMMENTARY and part[0] in waiting  # they say what would be done, too
        if left is not None and (follows or left.get(part) != 0):
            waiting.add(part[0])
            if left.get(part):
                left[part] -= 1
            continue
        workload = planned.work.workload
        message = f"{workload.id}: a second run would change it again ({planned.transform}, {planned.proposal.part})"
        yield checks.Failure(workload.resource.at.path, workload.resource.at.line, message)


def _left_out(works: Sequence[Work], accepted: Sequence[Planned]) -> dict[object, int]:
    """Of each part that was chosen for a workload, how many copies of the workload go without it."""
    copies = Counter(_who(work) for work in works)
    group = {(planned.work.workload.key, planned.proposal.part): _who(planned.work) for planned in accepted}
    chosen = Counter((who, part) for (_, part), who in group.items())
    return {(who, part): max(copies[who] - number, 0) for (who, part), number in chosen.items()}


def _holds(works: Sequence[Work], later: Sequence[Work], result: Plan) -> Iterator[checks.Failure]:
    """The token table before and after differs only as planned (R-A7), who was to be restored is, and no workload loses a
    grant who keeps the account. What the output no longer counts as a workload of its own (an export without its
    injected volume is a plain dump) is taken as planned."""
    then: dict[object, deque[Work]] = defaultdict(deque)
    for work in later:
        then[_who(work)].append(work)
    restored = {planned.work.workload.key for planned in result.accepted if transforms.discover()[planned.transform].restores}
    narrowed = {planned.work.workload.key for planned in result.accepted if transforms.discover()[planned.transform].narrows}
    for before in works:
        after = then[_who(before)].popleft() if then[_who(before)] else None
        workload = before.workload
        if after is not None and workload.key in restored:
            wrong = checks.restored(workload.resource.value, after.workload.resource.value, workload.pod, before.settings.prefix)
        else:
            wrong = ""
        tokens = after.tokens if after is not None else result.state.tokens(before)
        moves = after is not None and after.workload.spec.account != workload.spec.account
        spared = set(checks.without_need(before.verdict, before.tokens)) if moves else set()
        if workload.key in narrowed:
            spared |= checks.scoped(before.verdict.evidence, [container.name for container in workload.spec.containers()])
        wrong = wrong or _tokens_hold(before, tokens, may_gain=workload.key in restored, spared=spared)
        if after is not None and not wrong and after.workload.spec.account == workload.spec.account:
            wrong = checks.rights_hold(_rights(before), _rights(after))
        if wrong:
            yield checks.Failure(workload.resource.at.path, workload.resource.at.line, f"{workload.id}: {wrong}")


def _tokens_hold(before: Work, after: Sequence[Token], *, may_gain: bool, spared: set[str]) -> str:
    level = before.verdict.level
    return checks.tokens_hold(level, before.tokens, after, may_lose=before.is_unused, may_gain=may_gain, spared=spared)


def _rights(work: Work) -> set[str]:
    """What the workload's account is bound to, view by view."""
    grants = [(view.scope.name, grant) for view in work.views for grant in view.grants(work.workload.spec.account)]
    return {f"{grant.binding.id} ({grant.role_kind} {grant.role_name}) in {scope}" for scope, grant in grants}


def _who(work: Work) -> object:
    return work.workload.resource.at.path, work.workload.id, work.workload.pod
