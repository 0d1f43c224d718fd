"""What is applied together: the scopes of a root, and which of them each file belongs to.

A kustomize build, or what Flux or Argo CD applies, is a scope, once for each way through it. The other files of a
root are one scope, cut wherever one workload is defined in several files: below their common folder each child that
holds one is a scope of its own, and the files beside them are seen by all. A stream is one scope. What names a
concrete namespace reaches every scope but those that hold their own copy of the workload in question; where the user
has declared the root a scope, those, too.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from samigrate.kustomize import gathering, gitops
from samigrate.kustomize.building import Building
from samigrate.kustomize.gathering import NOWHERE_ELSE, Build
from samigrate.kustomize.overlays import Overlay
from samigrate.reading import Inventory, Root, kustomizations
from samigrate.scope import live
from samigrate.scope.elsewhere import Elsewhere
from samigrate.scope.index import Scope
from samigrate.scope.layer import Layer
from samigrate.settings.config import default_namespace


class _Files:
    """The files of a root by path, and the scopes that they are made into."""

    def __init__(self, inventory: Inventory, root: Root) -> None:
        self.manifests = {manifest.path: manifest for manifest in inventory.manifests}
        self.found, self.workloads, self.root = inventory, inventory.workloads, root
        self.context = sorted(source.path for source in root.sources if source.is_context and source.path in self.manifests)
        self.live = live.by_path(inventory)
        self.sides = {path: manifest.sides for path, manifest in self.manifests.items() if manifest.sides}
        self.resources = {path: (*manifest.resources, *manifest.generated) for path, manifest in self.manifests.items()}
        self.layers: dict[tuple[str, ...], Layer] = {}
        self.elsewhere = Elsewhere(is_declared=root.is_declared)

    def scope(self, folder: str, groups: Sequence[Sequence[str]], overlay: Overlay | None = None) -> Scope:
        """The scope of some groups of paths, and of what was given to be seen by all."""
        present = frozenset(path for paths in groups for path in paths)
        beside = [path for path in self.context if path not in present]
        near = tuple(self._layer(tuple(paths)) for paths in (*groups, beside) if paths)
        name = (self.root.path if self.root.is_declared else folder) or "."
        overrides = overlay.way.namespaces if overlay else {}
        result = Scope(name, near, overrides, partial(self._namespace, overlay), overlay, self.elsewhere)
        self.elsewhere.scopes.append(result)
        return result

    def _layer(self, paths: tuple[str, ...]) -> Layer:
        if paths not in self.layers:
            self.layers[paths] = self._made(paths)
        return self.layers[paths]

    def _made(self, paths: Sequence[str]) -> Layer:
        manifests = [self.manifests[path] for path in paths]
        marked = frozenset(
            resource.key for manifest in manifests for resource in manifest.resources if resource.at.document in manifest.marked
        )
        return Layer(
            (resource for manifest in manifests for resource in (*manifest.resources, *manifest.generated)),
            (workload for manifest in manifests for workload in self.workloads.get(manifest.path, ())),
            marked,
            (unread_file for manifest in manifests for unread_file in manifest.unread),
            (workload for path in paths if path in self.context for workload in self.live.get(path, ())),
        )

    def _namespace(self, overlay: Overlay | None, path: str) -> str | None:
        stated = default_namespace(self.root.settings, path)
        return overlay.way.landings.get(path, NOWHERE_ELSE).fallback if stated is None and overlay else stated


def scopes(inventory: Inventory, root: Root) -> Mapping[str, tuple[Scope, ...]]:
    """The scopes that each file of a root belongs to, by path."""
    files = _Files(inventory, root)
    if root.is_stream:
        return dict.fromkeys(files.manifests, (files.scope(root.path, [list(files.manifests)]),))
    scopes_by_key: dict[str, list[Scope]] = defaultdict(list)
    builds = list(_builds(files))
    gathered = {path for _, members in builds for path in members}
    loose = [path for path in sorted(files.manifests) if path not in gathered and path not in files.context]
    applied = sorted({path for build, members in builds if _is_plain(build) for path in members})
    for build, members in builds:
        groups = [members, loose] if _is_plain(build) and loose else [members]
        building = Building(build, files.sides, files.resources)
        for route in build.ways:
            scope = files.scope(build.folder, groups, Overlay(build, route, building))
            for path in members:
                scopes_by_key[path].append(scope)
    for folder, groups, members in _cut(loose, files, root.path):
        scope = files.scope(folder, [*groups, *([applied] if applied else [])])
        for path in members:
            scopes_by_key[path].append(scope)
    if beside := [path for path in files.context if path not in scopes_by_key]:
        context = files.scope(root.path, [beside])
        scopes_by_key |= {path: [context] for path in beside}
    return {path: tuple(group) for path, group in scopes_by_key.items()}


def _builds(files: _Files) -> Iterator[tuple[Build, list[str]]]:
    """Each kustomize build, and each folder that Flux or Argo CD applies; and the paths that belong."""
    resources = [resource for manifest in files.manifests.values() for resource in manifest.resources]
    existing = kustomizations(files.found)
    existing += gitops.kustomizations(resources, existing, files.manifests, files.root.path)
    for build in gathering.builds(existing):
        yield build, sorted(path for path in build.files if path in files.manifests)


def _is_plain(build: Build) -> bool:
    """Whether it is a folder without a kustomization. The object that applies it says nothing of the files around it: they may be
    applied with it."""
    return not build.members[0].is_file and len(build.members) == 1


def _cut(loose: Sequence[str], files: _Files, root: str) -> Iterator[tuple[str, list[list[str]], list[str]]]:
    """(folder, groups of paths seen, paths that belong) of every scope among files that no build gathers."""
    holders: dict[object, set[str]] = defaultdict(set)
    for path in loose:
        for workload in files.workloads.get(path, ()):
            holders[workload.id].add(path)
    cut: set[str] = set()
    for paths in holders.values():
        if len(paths) > 1:
            cut |= _children(paths)
    if not cut:
        if loose:
            yield root, [list(loose)], list(loose)
        return
    groups: dict[str, list[str]] = defaultdict(list)
    for path in loose:
        groups[next((above for above in _upward(path) if above in cut), "")].append(path)
    folders = sorted(groups)
    for group in folders:
        members = groups[group]
        if group:
            above = [groups[folder] for folder in _upward(posixpath.dirname(group)) if groups.get(folder)]
            inside = folders[bisect_left(folders, f"{group}/") : bisect_left(folders, f"{group}0")]  # 0 comes right behind /
            below = [groups[folder] for folder in inside]
            yield group, [batch for batch in (members, *above, *below, groups.get("", [])) if batch], members
    if groups.get(""):
        yield root, [list(loose)], groups[""]


def _children(paths: set[str]) -> set[str]:
    """The children of the paths' common folder that hold one of them."""
    common = posixpath.commonpath([posixpath.dirname(path) or "." for path in paths])
    prefix = "" if common in (".", "") else common + "/"
    return {prefix + path[len(prefix) :].split("/")[0] for path in paths}


def _upward(path: str) -> Iterator[str]:
    """The path, then each folder above it."""
    while path and path not in (".", "/"):
        yield path
        path = posixpath.dirname(path)
