"""What a tree of kustomizations gathers: which files make up each build, and in which namespace they land.

Reads values only; builds nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from samigrate.manifests import is_kustomization_file
from samigrate.model import Resource
from samigrate.values import Value, sequence, text

_LOCAL = ("resources", "bases", "components")
_PATCH_LISTS = ("patches", "patchesJson6902")


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One kustomization file: `folder` it stands in, what it gathers, and the files it lists as patches."""

    path: str
    folder: str
    resources: tuple[str, ...]
    namespace: str | None
    patches: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """A root that no other kustomization uses, with all it reaches. `namespaces` holds what `namespace:` makes of
    each file, where a kustomization on the way sets it; the outermost wins."""

    folder: str
    files: frozenset[str]
    namespaces: Mapping[str, str] = field(default_factory=dict)


def parse(resource: Resource) -> Kustomization | None:
    """The kustomization that the object is; None for any other object (a Flux Kustomization is one, R-J5)."""
    if not is_kustomization_file(resource.at.path) or not resource.id.group.startswith("kustomize.config"):
        return None
    folder = posixpath.dirname(resource.at.path)

    def local(entries: Sequence[Value]) -> tuple[str, ...]:
        paths = [entry for entry in entries if isinstance(entry, str) and "://" not in entry and "\n" not in entry]
        return tuple(posixpath.normpath(posixpath.join(folder, path)) for path in paths)

    value = resource.value
    patches = [text(entry, "path") for name in _PATCH_LISTS for entry in sequence(value, name)]
    return Kustomization(
        resource.at.path,
        folder,
        local([entry for name in _LOCAL for entry in sequence(value, name)]),
        text(value, "namespace"),
        local([*patches, *sequence(value, "patchesStrategicMerge")]),
        local(
            [*sequence(value, "configurations"), *sequence(value, "transformers"), *sequence(value, "generators"), *sequence(value, "crds")]
        ),
    )


def builds(kustomizations: Sequence[Kustomization]) -> Iterator[Build]:
    """Every build of a tree. Raises nothing: a reference that leads nowhere is passed over, a loop is cut."""
    known = {one.folder: one for one in kustomizations}
    used = {path for one in kustomizations for path in one.resources}
    for one in kustomizations:
        if one.folder not in used:
            files: dict[str, str | None] = {}
            _reach(one, None, known, files, set())
            yield Build(one.folder, frozenset(files), {path: namespace for path, namespace in files.items() if namespace})


def _reach(one: Kustomization, outer: str | None, known: Mapping[str, Kustomization], files: dict[str, str | None], seen: set[str]) -> None:
    if one.folder in seen:
        return
    seen.add(one.folder)
    namespace = outer or one.namespace
    files[one.path] = None
    for path in one.resources:
        if path in known:
            _reach(known[path], namespace, known, files, seen)
        else:
            files[path] = files.get(path) or namespace
