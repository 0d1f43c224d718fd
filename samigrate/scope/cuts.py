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

from samigrate.config import Settings, default_namespace
from samigrate.kustomize import gathering, kustomization
from samigrate.kustomize.overlays import Overlay
from samigrate.manifests import Manifest
from samigrate.model import Workload
from samigrate.scope.index import Scope
from samigrate.scope.layer import Layer


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
    files = {manifest.path: manifest for manifest in manifests}

    def layer(paths: Sequence[str]) -> Layer:
        held = [files[path] for path in paths if path in files]
        marked = frozenset(resource.key for manifest in held for resource in manifest.resources if resource.at.document in manifest.marked)
        return Layer(
            (resource for manifest in held for resource in (*manifest.resources, *manifest.generated)),
            (workload for manifest in held for workload in workloads.get(manifest.path, ())),
            marked,
        )

    def default(path: str) -> str | None:
        return default_namespace(settings, path)

    def label(folder: str) -> str:
        return (name if is_declared else folder) or "."

    if is_stream:
        only = Scope(name, (layer(list(files)),), default=default)
        return dict.fromkeys(files, (only,))
    found: dict[str, list[Scope]] = defaultdict(list)
    everything = layer(sorted(files))
    far = (everything,) if is_declared else ()
    gathered = set()
    sides = {manifest.path: manifest.sides for manifest in manifests if manifest.sides}
    known = kustomization.among(resource for manifest in manifests for resource in manifest.resources)
    for build in gathering.builds(known):
        here = sorted(path for path in build.files if path in files)
        near = (layer(here),)
        gathered.update(here)
        for way in build.ways:
            overlay = Overlay(build, way, sides)
            scope = Scope(label(build.folder), near, far, way.namespaces, default, is_build=True, overlay=overlay)
            for path in here:
                found[path].append(scope)
    loose = [path for path in sorted(files) if path not in gathered]
    for folder, groups, members in _cut(loose, files, name):
        layers = tuple(layer(paths) for paths in groups)
        scope = Scope(label(folder), layers, far, {}, default)
        for path in members:
            found[path].append(scope)
    return {path: tuple(each) for path, each in found.items()}


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
