"""The plan that the files can take: what a text refuses is blocked, and planned around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from samigrate import reading
from samigrate.base import processes
from samigrate.domain.model import Finding, Location, Problem, Severity
from samigrate.domain.outcome import FileChange
from samigrate.facts.state import Work
from samigrate.files.manifests import Manifest, RefusedError
from samigrate.plan import rewriting
from samigrate.plan.planner import Blocked, Limits, Plan, Planned, part_key, plan
from samigrate.plan.recipe import Recipe
from samigrate.reading import Inventory, Root, Source

Decide = Callable[[Sequence[Work], Inventory, Blocked], Plan]
"""Makes the plan where a recipe does not: from a plan file, or from what a person has said yes to."""


class Settled(NamedTuple):
    """A plan that the files take, the parts that they could not take, and the changes by path."""

    plan: Plan
    blocked: Blocked
    changes: Mapping[str, FileChange]


def settled(works: Sequence[Work], inventory: Inventory, recipe: Recipe, root: Root, decided: Decide | None) -> Settled:
    """Plan, and write the texts; whatever a text cannot take is blocked and planned around."""
    blocked: dict[tuple[object, ...], Finding] = {}
    sources = {source.path: source for source in root.sources}
    manifests = {manifest.path: manifest for manifest in inventory.manifests}
    limits = Limits(inventory.resources, blocked, fixed(inventory, sources))
    editable = [work for work in works if sources[work.workload.resource.at.path].may_change]
    while True:
        limit = len(blocked)
        output = decided(works, inventory, blocked) if decided else plan(editable, recipe.transforms, limits)
        changes: dict[str, FileChange] = {}
        is_settled = True
        by_file = rewriting.by_file(output.accepted)
        changes |= {path: rewriting.new_file(path, accepted) for path, accepted in by_file.items() if path not in sources}
        edited = [(path, accepted) for path, accepted in by_file.items() if path in sources]
        results = processes.each(partial(_write, root, inventory, manifests, sources), edited, root.jobs)
        for (path, accepted), written in zip(edited, results, strict=True):
            if isinstance(written, Problem):
                inventory.problems += [written] if written not in inventory.problems else []
                _block(blocked, accepted, written.line, written.message)
                is_settled = False
            elif isinstance(written, RefusedError):
                documents = rewriting.by_document(accepted, path)
                for error in (written, *written.others):
                    _block(blocked, rewriting.meant(accepted, documents, path, error), error.line, error.reason)
                is_settled = False
            else:
                changes |= {change.path: change for change in written}
        if is_settled:
            return Settled(output, blocked, changes)
        if len(blocked) == limit:
            raise AssertionError("the plan does not settle")  # each round blocks at least one part more


def _write(
    root: Root,
    inventory: Inventory,
    manifests: Mapping[str, Manifest],
    sources: Mapping[str, Source],
    edited: tuple[str, Sequence[Planned]],
) -> list[FileChange] | RefusedError | Problem:
    path, accepted = edited
    content = _text(sources[path], inventory)
    if isinstance(content, Problem):
        return content
    try:
        return rewriting.write(content, manifests[path], rewriting.work_on(manifests[path], accepted), sources, is_stream=root.is_stream)
    except RefusedError as error:
        return error


def _text(source: Source, found: Inventory) -> str | Problem:
    if source.path in found.digests:
        return reading.content(source, found.digests[source.path])
    return Problem(source.path, 1, "holds no manifest, and an account should go into it")


def fixed(inventory: Inventory, sources: Mapping[str, Source]) -> Callable[[Location], str]:
    """Tells why an object must not be edited, or ""."""
    frozen = {
        (manifest.path, document.index): document.frozen
        for manifest in inventory.manifests
        for document in manifest.documents.values()
        if document.frozen
    }

    def reason(target: Location) -> str:
        if target.path in sources and not sources[target.path].may_change:
            return "is not among the files that may change"
        explanation = frozen.get((target.path, target.document))
        return f"holds it in a document that is left alone: {explanation}" if explanation else ""

    return reason


def _block(blocked: dict[tuple[object, ...], Finding], planned: Sequence[Planned], line: int, reason: str) -> None:
    for candidate in planned:
        workload = candidate.work.workload
        message = f"{workload.id.name}: {candidate.proposal.part} stays as it is: {reason} (line {line})"
        location = workload.resource.at
        blocked[part_key(candidate.work, candidate.proposal.part)] = Finding(
            "cannot-edit", "R-A26", Severity.WARNING, message, "change it by hand", location, workload.pod, workload.id
        )
