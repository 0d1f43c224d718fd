"""The plan that the files can take: what a text refuses is blocked, and planned around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from samigrate import reading
from samigrate.base import processes
from samigrate.domain.model import Finding, Location, Problem, Severity
from samigrate.domain.outcome import FileChange
from samigrate.facts.state import Work
from samigrate.files.manifests import Manifest, RefusedError
from samigrate.plan import rewriting
from samigrate.plan.planner import Blocked, Plan, Planned, part_key, plan
from samigrate.plan.recipe import Recipe
from samigrate.reading import Reading, Root, Source

Decide = Callable[[Sequence[Work], Reading, Blocked], Plan]
"""Makes the plan where a recipe does not: from a plan file, or from what a person has said yes to."""


def settled(
    works: Sequence[Work], found: Reading, recipe: Recipe, root: Root, decided: Decide | None
) -> tuple[Plan, Blocked, dict[str, FileChange]]:
    """Plan, and write the texts; whatever a text cannot take is blocked and planned around."""
    blocked: dict[tuple[object, ...], Finding] = {}
    sources = {source.path: source for source in root.sources}
    held = {manifest.path: manifest for manifest in found.manifests}
    resources, untouchable = found.resources, fixed(found, sources)
    editable = [work for work in works if sources[work.workload.resource.at.path].may_change]
    while True:
        known = len(blocked)
        made = decided(works, found, blocked) if decided else plan(editable, recipe.transforms, resources, blocked, untouchable)
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


def fixed(found: Reading, sources: Mapping[str, Source]) -> Callable[[Location], str]:
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
