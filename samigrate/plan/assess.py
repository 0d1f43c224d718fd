"""Every workload with the scopes that it is seen in and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samigrate import reading
from samigrate.catalog import Catalog
from samigrate.evidence import judge
from samigrate.facts.state import Work
from samigrate.optouts import suppress
from samigrate.reading import Inventory, Root
from samigrate.scope.index import Scope
from samigrate.scope.view import View

Scopes = Mapping[str, Sequence[Scope]]
"""The scopes that each file belongs to, by path."""


def workloads(inventory: Inventory, by_path: Scopes, root: Root, catalog: Catalog) -> list[Work]:
    """Every workload with its views and its verdict, in the order of the files."""
    works = []
    for manifest in inventory.manifests:
        opts = suppress.by_document(manifest.opts)
        for workload in inventory.workloads.get(manifest.path, ()):
            views = tuple(View(scope, workload) for scope in by_path[manifest.path])
            ignored = suppress.ignored(opts, workload.resource, root.settings.prefix)
            works.append(Work(workload, views, judge(workload, views, catalog, root.settings), root.settings, catalog, ignored))
    return works


def live(inventory: Inventory, by_path: Scopes, root: Root, catalog: Catalog) -> list[Work]:
    """What runs, as far as dumps of it are among the files that PATH holds: to be reported, and to be edited elsewhere."""
    paths = {source.path for source in root.sources if source.may_change}
    works = []
    for workload, pods in reading.live(inventory):
        path = workload.resource.at.path
        if path in paths and (views := tuple(View(scope, workload) for scope in by_path.get(path, ()))):
            verdict = judge(workload, views, catalog, root.settings)
            works.append(Work(workload, views, verdict, root.settings, catalog, live=pods))
    return works
