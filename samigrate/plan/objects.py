"""Objects that hold no pods, as works: accounts, bindings and the rest, for transforms that are asked about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samigrate.catalog import Catalog
from samigrate.domain.model import KindRule, Level, Verdict, Workload
from samigrate.facts.state import Work
from samigrate.optouts import suppress
from samigrate.plan.recipe import Recipe
from samigrate.reading import Inventory, Root
from samigrate.scope.index import Scope
from samigrate.scope.view import View
from samigrate.transforms import discover

_NO_VERDICT = Verdict(Level.NONE, ())


def works(inventory: Inventory, by_path: Mapping[str, Sequence[Scope]], root: Root, recipe: Recipe, catalog: Catalog) -> list[Work]:
    """A work for every object in the order of the files; none where no transform of the recipe asks for them."""
    if not any(discover()[id_].for_objects for id_ in recipe.transforms):
        return []
    result = []
    for manifest in inventory.manifests:
        opts = suppress.by_document(manifest.opts)
        for resource in () if manifest.is_dump else manifest.resources:
            holder = Workload(resource, KindRule(resource.id.group, resource.id.kind, pods=()), "", None)
            views = tuple(View(scope, holder) for scope in by_path[manifest.path])
            ignored = suppress.ignored(opts, resource, root.settings.prefix)
            result.append(Work(holder, views, _NO_VERDICT, root.settings, catalog, ignored))
    return result
