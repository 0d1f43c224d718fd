"""What is applied together: the scopes of a root, and which of them each file belongs to.

A kustomize build is a scope, once for each way through it. The other files of a root are one scope, cut wherever one
object is defined in several files: below their common folder each child that holds one is a scope of its own, and the
files beside them are seen by all. A stream is one scope. Where the user has declared the root a scope, concrete
namespaces reach across all of it, and only a namespace that nobody states stays within the cuts.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate.config import Settings, default_namespace
from samigrate.kustomize import gathering, kustomization
from samigrate.kustomize.overlays import Overlay
from samigrate.manifests import Manifest
from samigrate.model import Workload
from samigrate.scope.index import Scope
from samigrate.scope.layer import Layer


class _Files(NamedTuple):
    """The files of a root by path, and what else makes scopes of them: `workloads` by path, `name` the root's folder."""

    manifests: Mapping[str, Manifest]
    workloads: Mapping[str, Sequence[Workload]]
    settings: Settings
    name: str
    is_declared: bool

    def layer(self, paths: Sequence[str]) -> Layer:
        held = [self.manifests[path] for path in paths]
        marked = frozenset(resource.key for manifest in held for resource in manifest.resources if resource.at.document in manifest.marked)
        return Layer(
            (resource for manifest in held for resource in (*manifest.resources, *manifest.generated)),
            (workload for manifest in held for workload in self.workloads.get(manifest.path, ())),
            marked,
        )

    def namespace(self, path: str) -> str | None:
        return default_namespace(self.settings, path)

    def label(self, folder: str) -> str:
        return (self.name if self.is_declared else folder) or "."


def scopes(
    manifests: Sequence[Manifest],
    workloads: Mapping[str, Sequence[Workload]],
    settings: Settings,
    name: str,
    *,
    is_declared: bool,
    is_stream: bool,
) -> Mapping[str, tuple[Scope, ...]]:
    """The scopes that each file belongs to, by path. `name` is the root's folder; `workloads` are by path."""
    files = _Files({manifest.path: manifest for manifest in manifests}, workloads, settings, name, is_declared)
    if is_stream:
        only = Scope(name, (files.layer(list(files.manifests)),), default=files.namespace)
        return dict.fromkeys(files.manifests, (only,))
    far = (files.layer(sorted(files.manifests)),) if is_declared else ()
    found: dict[str, list[Scope]] = defaultdict(list)
    for scope, members in _builds(files, far):
        for path in members:
            found[path].append(scope)
    loose = [path for path in sorted(files.manifests) if path not in found]
    for folder, groups, members in _cut(loose, files.manifests, name):
        scope = Scope(files.label(folder), tuple(files.layer(paths) for paths in groups), far, {}, files.namespace)
        for path in members:
            found[path].append(scope)
    return {path: tuple(each) for path, each in found.items()}


def _builds(files: _Files, far: tuple[Layer, ...]) -> Iterator[tuple[Scope, Sequence[str]]]:
    """The scope of each way through each kustomize build, and the paths that belong."""
    known = kustomization.among(resource for manifest in files.manifests.values() for resource in manifest.resources)
    sides = {path: manifest.sides for path, manifest in files.manifests.items() if manifest.sides}
    for build in gathering.builds(known):
        here = sorted(path for path in build.files if path in files.manifests)
        near = (files.layer(here),)
        for way in build.ways:
            overlay = Overlay(build, way, sides)
            scope = Scope(files.label(build.folder), near, far, way.namespaces, files.namespace, overlay)
            yield scope, here


def _cut(loose: Sequence[str], files: Mapping[str, Manifest], root: str) -> Iterator[tuple[str, list[list[str]], list[str]]]:
    """(folder, groups of paths seen, paths that belong) of every scope among files that no build gathers."""
    holders: dict[object, set[str]] = defaultdict(set)
    for path in loose:
        for resource in files[path].resources:
            if resource.id.kind not in ("Kustomization", "Config", "Recipe", "Plan"):
                holders[resource.id].add(path)
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
    for group, members in sorted(groups.items()):
        if group:
            above = [groups[folder] for folder in _upward(posixpath.dirname(group)) if groups.get(folder)]
            below = [groups[folder] for folder in sorted(groups) if folder.startswith(group + "/")]
            yield group, [each for each in (members, *above, *below, groups.get("", [])) if each], members
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
