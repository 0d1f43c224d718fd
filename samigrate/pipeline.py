"""One run, from bytes to an outcome.

    sources ─read→ manifests ─scope→ views ─evidence→ works ─plan→ proposals ─rewrite→ text ─prove→ outcome

Nothing flows back, but for one thing: where a text cannot take an edit, that part is blocked and planned again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from samigrate import catalog as catalogs
from samigrate import collector, kinds, manifests, observations, processes, reading, rewriting, substrates, transforms, verify, yamltext
from samigrate.catalog import Catalog
from samigrate.evidence import judge
from samigrate.facts.state import Work
from samigrate.kinds import Kinds
from samigrate.manifests import Manifest, RefusedError
from samigrate.model import Finding, Level, Location, Problem, Severity
from samigrate.optouts import suppress
from samigrate.outcome import FileChange, Outcome
from samigrate.plan import objects
from samigrate.plan.planner import Blocked, Plan, Planned, part_key, plan
from samigrate.reading import Reading, Root, Source
from samigrate.recipe import Recipe
from samigrate.report import asked as asking
from samigrate.report import assembly as report
from samigrate.report import places, silence
from samigrate.scope.cuts import scopes
from samigrate.scope.view import View
from samigrate.tokens import Token
from samigrate.values import Value

__all__ = ["Root", "Run", "Source", "merge", "run", "trace"]

Decide = Callable[[Sequence[Work], Reading, Blocked], Plan]
"""Makes the plan where a recipe does not: from a plan file, or from what a person has said yes to."""


class Run(NamedTuple):
    """An outcome and what led to it."""

    root: Root
    recipe: Recipe
    found: Reading
    works: Sequence[Work]
    accepted: Sequence[Planned]
    outcome: Outcome


def run(root: Root, recipe: Recipe, *, with_lines: bool = False) -> Outcome:
    """Everything that is found in a root and would change. `with_lines` looks up the line of each piece of evidence
    (the files are read once more for it)."""
    return trace(root, recipe, with_lines=with_lines).outcome


@collector.paused()
@yamltext.keeping()
def trace(root: Root, recipe: Recipe, *, with_lines: bool = False, decided: Decide | None = None) -> Run:
    """The same, with what led to it; `decided` makes the plan instead of the recipe."""
    known, catalog = kinds.load(root.settings.kinds), catalogs.load(root.settings.catalog)
    found = reading.read(root, known)
    works = decide(found, root, catalog)
    made, blocked, changes = _plan_and_write([*works, *objects.works(found, root, recipe, catalog)], found, recipe, root, decided)
    failures = list(_prove(works, made, blocked, changes, found, root, recipe, known, catalog, decided)) if changes else []
    kept = _without(changes, made, failures)
    lines = places.of_evidence(found, works, root) if with_lines else {}
    problems = [Problem(failure.path, failure.line, failure.message, ours=True) for failure in failures]
    accepted = [one for one in made.accepted if not any(path in changes and path not in kept for path in rewriting.paths(one))]
    asking.narrow(found, root)
    asked, elsewhere = asking.asked(found, works, root)
    live = _live(found, root, catalog) if root.reports_live else []
    by_path = {manifest.path: manifest.resources for manifest in found.manifests}
    held = [one for source in root.sources if source.may_change for one in by_path.get(source.path, ())]
    observed = observations.of(asked, accepted, held)
    told, silenced = silence.filtered([*found.findings, *made.findings, *elsewhere, *observed], found, root.settings.prefix)
    told += silence.unused(found, silenced | made.silenced, root, recipe)
    told = places.with_own_lines(told, works, found, root)
    outcome = report.outcome(root, recipe, found, [*asked, *live], accepted, made.state, kept, problems, told, lines)
    return Run(root, recipe, found, works, accepted, outcome)


def _live(found: Reading, root: Root, catalog: Catalog) -> list[Work]:
    """What runs, as far as dumps of it are among the files that PATH holds: to be reported, and to be edited elsewhere."""
    paths = {source.path for source in root.sources if source.may_change}
    live = [workload for workload in found.live if workload.resource.at.path in paths]
    by_path = scopes(found, root) if live else {}
    works = []
    for workload in live:
        views = tuple(View(scope, workload) for scope in by_path.get(workload.resource.at.path, ()))
        if views:
            works.append(Work(workload, views, judge(workload, views, catalog, root.settings), root.settings, catalog))
    return works


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several roots' outcomes as one, in their order."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        recipes=outcomes[0].recipes if outcomes else (),
        scopes=tuple(dict.fromkeys(scope for one in outcomes for scope in one.scopes)),
        files=sum(one.files for one in outcomes),
        documents=sum(one.documents for one in outcomes),
        workloads=tuple(each for one in outcomes for each in one.workloads),
        findings=tuple(each for one in outcomes for each in one.findings),
        skipped=tuple(each for one in outcomes for each in one.skipped),
        problems=tuple(each for one in outcomes for each in one.problems),
        changes=tuple(each for one in outcomes for each in one.changes),
        objects=tuple(each for one in outcomes for each in one.objects),
    )


def decide(found: Reading, root: Root, catalog: Catalog) -> list[Work]:
    """Every workload with its views and its verdict, in the order of the files."""
    by_path = scopes(found, root)
    works = []
    for manifest in found.manifests:
        for workload in found.workloads.get(manifest.path, ()):
            views = tuple(View(scope, workload) for scope in by_path[manifest.path])
            ignored = suppress.ignored(manifest.opts, workload.resource, root.settings.prefix)
            works.append(Work(workload, views, judge(workload, views, catalog, root.settings), root.settings, catalog, ignored))
    return works


# ---------------------------------------------------------------- planning and writing


def _plan_and_write(
    works: Sequence[Work], found: Reading, recipe: Recipe, root: Root, decided: Decide | None
) -> tuple[Plan, Blocked, dict[str, FileChange]]:
    """Plan, and write the texts; whatever a text cannot take is blocked and planned around."""
    blocked: dict[tuple[object, ...], Finding] = {}
    sources = {source.path: source for source in root.sources}
    held = {manifest.path: manifest for manifest in found.manifests}
    resources, fixed = found.resources, _fixed(found, sources)
    editable = [work for work in works if sources[work.workload.resource.at.path].may_change]
    while True:
        known = len(blocked)
        made = decided(works, found, blocked) if decided else plan(editable, recipe.transforms, resources, blocked, fixed)
        changes: dict[str, FileChange] = {}
        is_settled = True
        by_file = rewriting.by_file(made.accepted)
        changes |= {path: rewriting.new_file(path, accepted) for path, accepted in by_file.items() if path not in sources}
        edited = [(path, accepted) for path, accepted in by_file.items() if path in sources]
        results = processes.each(partial(_write, root, found, held, sources), edited, root.jobs)
        for (path, accepted), written in zip(edited, results, strict=True):
            if isinstance(written, Problem):
                found.problems += [written] if written not in found.problems else []
                _block(blocked, accepted, written.line, written.message)
                is_settled = False
            elif isinstance(written, RefusedError):
                for one in (written, *written.others):
                    _block(blocked, rewriting.meant(accepted, path, one), one.line, one.reason)
                is_settled = False
            else:
                changes |= {change.path: change for change in written}
        if is_settled:
            return made, blocked, changes
        if len(blocked) == known:
            raise AssertionError("the plan does not settle")  # each round blocks at least one part more


def _write(
    root: Root, found: Reading, held: Mapping[str, Manifest], sources: Mapping[str, Source], edited: tuple[str, Sequence[Planned]]
) -> list[FileChange] | RefusedError | Problem:
    path, accepted = edited
    content = _text(sources[path], found)
    if isinstance(content, Problem):
        return content
    try:
        return rewriting.write(content, held[path], rewriting.work_on(held[path], accepted), sources, is_stream=root.is_stream)
    except RefusedError as error:
        return error


def _text(source: Source, found: Reading) -> str | Problem:
    if source.path in found.digests:
        return reading.content(source, found.digests[source.path])
    return Problem(source.path, 1, "holds no manifest, and an account should go into it")


def _fixed(found: Reading, sources: Mapping[str, Source]) -> Callable[[Location], str]:
    """Tells why an object must not be edited, or ""."""
    frozen = {(manifest.path, one.index): one.frozen for manifest in found.manifests for one in manifest.documents.values() if one.frozen}

    def reason(target: Location) -> str:
        if target.path in sources and not sources[target.path].may_change:
            return "is not among the files that may change"
        why = frozen.get((target.path, target.document))
        return f"holds it in a document that is left alone: {why}" if why else ""

    return reason


def _block(blocked: dict[tuple[object, ...], Finding], planned: Sequence[Planned], line: int, reason: str) -> None:
    for one in planned:
        workload = one.work.workload
        message = f"{workload.id.name}: {one.proposal.part} stays as it is: {reason} (line {line})"
        where = workload.resource.at
        blocked[part_key(one.work, one.proposal.part)] = Finding(
            "cannot-edit", "R-A26", Severity.WARNING, message, "change it by hand", where, workload.pod, workload.id
        )


# ---------------------------------------------------------------- proving


def _prove(
    works: Sequence[Work],
    made: Plan,
    blocked: Blocked,
    changes: Mapping[str, FileChange],
    found: Reading,
    root: Root,
    recipe: Recipe,
    known: Kinds,
    catalog: Catalog,
    decided: Decide | None,
) -> Iterator[verify.Failure]:
    """Every proof of a run, and the files they failed for (architecture, idea 6)."""
    accepted = rewriting.by_file(made.accepted)
    edits = [
        _Edit(manifest, changes[manifest.path], work, work.planned(manifest))
        for manifest in found.manifests
        if manifest.path in accepted and manifest.path in changes
        for work in [rewriting.work_on(manifest, accepted[manifest.path])]
    ]
    yield from filter(None, processes.each(_says, edits, root.jobs))
    by_path = {edit.manifest.path: _after(edit, known) for edit in edits}
    after = Reading(manifests=[by_path.get(manifest.path, manifest) for manifest in found.manifests])
    after.manifests += [manifests.read(change.path, change.new, known.names) for change in changes.values() if change.old is None]
    after.manifests.sort(key=lambda manifest: manifest.path)
    reading.expand(after, known)
    later = decide(after, root, catalog)
    left = _left_out(works, made.accepted) if decided else None
    yield from _settles([*later, *objects.works(after, root, recipe, catalog)], after, blocked, recipe, root, left)
    yield from _holds(works, later, made)


class _Edit(NamedTuple):
    """A file that was edited: what it held, its new text, what was asked of it, and the values that come of that."""

    manifest: Manifest
    change: FileChange
    work: rewriting.FileWork
    planned: Mapping[int, Value]


def _says(edit: _Edit) -> verify.Failure | None:
    """Whether the new text says what was planned."""
    path, change, work = edit.manifest.path, edit.change, edit.work
    if substrates.is_program(path):
        old, new = substrates.program_values(change.old or ""), substrates.program_values(change.new)
        return verify.values_say(path, [value for _, value in old], new, edit.planned, work.inserts)
    return verify.text_says(path, change.old or "", change.new, edit.planned, work.inserts, work.removals)


def _after(edit: _Edit, known: Kinds) -> Manifest:
    """What reading the new text would give."""
    manifest, work = edit.manifest, edit.work
    if any(opt.item for opt in manifest.opts):  # the items that comments count for have moved
        return replace(substrates.read(manifest.path, edit.change.new, known.names), generated=manifest.generated)
    return manifests.again(manifest, edit.planned, work.inserts, work.removals)


def _settles(
    later: Sequence[Work], after: Reading, blocked: Blocked, recipe: Recipe, root: Root, left: dict[object, int] | None
) -> Iterator[verify.Failure]:
    """Planning again on the output leaves nothing to do but what was left out: `left`, where somebody chose."""
    sources = {source.path: source for source in root.sources}
    editable = [work for work in later if work.workload.resource.at.path in sources and sources[work.workload.resource.at.path].may_change]
    waiting: set[object] = set()
    for one in plan(editable, recipe.transforms, after.resources, blocked, _fixed(after, sources)).accepted:
        part = _who(one.work), one.proposal.part
        follows = one.proposal.part == "annotations" and part[0] in waiting  # they say what would be done, too
        if left is not None and (follows or left.get(part) != 0):
            waiting.add(part[0])
            if left.get(part):
                left[part] -= 1
            continue
        workload = one.work.workload
        message = f"{workload.id}: a second run would change it again ({one.transform}, {one.proposal.part})"
        yield verify.Failure(workload.resource.at.path, workload.resource.at.line, message)


def _left_out(works: Sequence[Work], accepted: Sequence[Planned]) -> dict[object, int]:
    """Of each part that was chosen for a workload, how many copies of the workload go without it."""
    copies = Counter(_who(work) for work in works)
    each = {(one.work.workload.key, one.proposal.part): _who(one.work) for one in accepted}
    chosen = Counter((who, part) for (_, part), who in each.items())
    return {(who, part): max(copies[who] - number, 0) for (who, part), number in chosen.items()}


def _holds(works: Sequence[Work], later: Sequence[Work], made: Plan) -> Iterator[verify.Failure]:
    """The token table before and after differs only as planned (A.3), who was to be restored is, and nobody loses a
    grant who keeps the account. What the output no longer counts as a workload of its own (an export without its
    injected volume is a plain dump) is taken as planned."""
    then: dict[object, list[Work]] = defaultdict(list)
    for work in later:
        then[_who(work)].append(work)
    restored = {one.work.workload.key for one in made.accepted if transforms.discover()[one.transform].restores}
    narrowed = {one.work.workload.key for one in made.accepted if transforms.discover()[one.transform].narrows}
    for before in works:
        after = then[_who(before)].pop(0) if then[_who(before)] else None
        workload = before.workload
        if after is not None and workload.key in restored:
            wrong = verify.restored(workload.resource.value, after.workload.resource.value, workload.pod, before.settings.prefix)
        else:
            wrong = ""
        tokens = after.tokens if after is not None else made.state.tokens(before)
        moves = after is not None and after.workload.spec.account != workload.spec.account
        spared = set(verify.without_need(before.verdict, before.tokens)) if moves else set()
        if workload.key in narrowed:
            spared |= verify.scoped(before.verdict.evidence, [container.name for container in workload.spec.containers()])
        wrong = wrong or _tokens_hold(before, tokens, may_gain=workload.key in restored, spared=spared)
        if after is not None and not wrong and after.workload.spec.account == workload.spec.account:
            wrong = verify.rights_hold(_rights(before), _rights(after))
        if wrong:
            yield verify.Failure(workload.resource.at.path, workload.resource.at.line, f"{workload.id}: {wrong}")


def _tokens_hold(before: Work, after: Sequence[Token], *, may_gain: bool, spared: set[str]) -> str:
    level = before.verdict.level
    may_lose = level is Level.NONE or (level is Level.UNKNOWN and before.settings.unknown == "disable")
    return verify.tokens_hold(level, before.tokens, after, may_lose=may_lose, may_gain=may_gain, spared=spared)


def _rights(work: Work) -> set[str]:
    """What the workload's account is bound to, view by view."""
    grants = [(view.scope.name, grant) for view in work.views for grant in view.grants(work.workload.spec.account)]
    return {f"{grant.binding.id} ({grant.role_kind} {grant.role_name}) in {scope}" for scope, grant in grants}


def _who(work: Work) -> object:
    return work.workload.resource.at.path, work.workload.id, work.workload.pod


def _without(changes: Mapping[str, FileChange], made: Plan, failures: Sequence[verify.Failure]) -> dict[str, FileChange]:
    """The changes but for the failed files and all files that share a proposal with them."""
    bad = rewriting.whole({failure.path for failure in failures}, (rewriting.paths(one) for one in made.accepted))
    return {path: change for path, change in changes.items() if path not in bad}


# ---------------------------------------------------------------- reporting
