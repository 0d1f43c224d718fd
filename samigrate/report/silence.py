"""What opt-outs silence, and opt-outs that silence nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from samigrate.domain.model import Finding, Key, Location, Resource, Severity
from samigrate.optouts import suppress
from samigrate.optouts.suppress import ALL
from samigrate.plan.planner import Silenced
from samigrate.plan.recipe import Recipe
from samigrate.reading import Inventory, Root
from samigrate.report.against import COMPARISON


def filtered(reported: Iterable[Finding], inventory: Inventory, prefix: str) -> tuple[list[Finding], Silenced]:
    """The findings that no opt-out of their object silences, and (object, id) of those that one does."""
    opts = {manifest.path: suppress.by_document(manifest.opts) for manifest in inventory.manifests}
    resources = inventory.resources
    findings, silenced = [], set()
    for finding in reported:
        key = finding.at.path, finding.at.document, finding.at.item
        resource = resources.get(key)
        ignored = suppress.ignored(opts[finding.at.path], resource, prefix) if resource and finding.at.path in opts else frozenset()
        if finding.id in ignored or ALL in ignored:
            silenced.add((key, finding.id))
        else:
            findings.append(finding)
    return findings, silenced


def unused(inventory: Inventory, silenced: Silenced, root: Root, recipe: Recipe) -> Iterator[Finding]:
    """A finding for every id that an opt-out names and that silences nothing in this run, unless the recipe leaves
    out what could have raised it."""
    changing = {source.path for source in root.sources if source.may_change}
    by_document: dict[tuple[str, int], list[tuple[Key, str]]] = defaultdict(list)
    for key, id_ in silenced:
        by_document[key[0], key[1]].append((key, id_))
    for manifest in inventory.manifests:
        if manifest.path not in changing:
            continue
        for opt in manifest.opts:
            location = Location(manifest.path, opt.document, opt.item, opt.line)
            current = {id_ for key, id_ in by_document[manifest.path, opt.document] if suppress.counts_for(opt, Location(*key))}
            yield from _unused(sorted(opt.ids), current, recipe, location, None, "comment")
        for resource in manifest.resources:
            if stated := suppress.in_annotations(resource, root.settings.prefix):
                current = {id_ for key, id_ in by_document[manifest.path, resource.at.document] if key == resource.key}
                yield from _unused(sorted(stated), current, recipe, resource.at, resource, "annotation")


def _unused(
    ids: Sequence[str], silenced: set[str], recipe: Recipe, location: Location, resource: Resource | None, description: str
) -> Iterator[Finding]:
    for id_ in ids:
        if (silenced if id_ == ALL else id_ in silenced) or not _could_silence(id_, recipe):
            continue
        message = f"the {description} ignore {id_} silences nothing here"
        action = "remove it" if _is_known(id_) else "no transform and no finding has this id: `samigrate explain` lists them"
        resource_id = resource.id if resource else None
        yield Finding("unused-suppression", "R-F3", Severity.NOTE, message, action, location, "", resource_id)


def _could_silence(id_: str, recipe: Recipe) -> bool:
    """Whether this run would have raised it at all; an id that does not exist never is, and is reported."""
    from samigrate.findings.catalogue import findings
    from samigrate.transforms import discover

    if id_ in discover():
        return id_ in recipe.transforms
    if id_ in COMPARISON:
        return False
    raised_by = findings().get(id_, {}).get("from", [])
    return not raised_by or any(transform in recipe.transforms for transform in raised_by)


def _is_known(id_: str) -> bool:
    from samigrate.findings.catalogue import findings
    from samigrate.transforms import discover

    return id_ == ALL or id_ in discover() or id_ in findings()
