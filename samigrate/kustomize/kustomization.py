"""What one kustomization says: what it gathers, and which files it reads as patches or mere data.

Reads values only; builds nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import Location, Resource
from samigrate.files import manifests
from samigrate.files.manifests import is_kustomization_file

_LOCAL = ("resources", "bases", "components")
_DATA_LISTS = ("configurations", "transformers", "generators", "validators", "crds")
GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
"""The kinds that they make, by key."""
UNSEEN = {
    "helmCharts": "the charts it inflates are not seen here; use it on what they render, as a transformer",
    "helmChartInflationGenerator": "the charts it inflates are not seen here; use it on what they render, as a transformer",
    "generators": "what its generators make is not seen here",
    "transformers": "what its transformers change is not seen here, names and namespaces included",
}


NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class Patch(NamedTuple):
    """A patch of a kustomization: JSON 6902 operations or a strategic merge, in the file `path` or, where that is "",
    in the kustomization itself (`values`). `target` is {} where the patch names its object by itself. `is_late`: one of
    `patchesJson6902`, which come after all names are made and go by the exact name."""

    at: Location
    path: str
    values: tuple[Value, ...]
    target: Mapping[str, Value]
    is_late: bool = False


class Kustomization(NamedTuple):
    """One kustomization file: `folder` it stands in, what it gathers, the files it lists as patches, and those it
    reads as data. `unseen` says what of its build cannot be seen. Or an object that applies a folder as one does:
    `is_file` is False then, and `folder` says which object. `base` is the folder that its paths start at, and `fallback`
    the namespace of what states none; `variables` are what Flux fills in at the end."""

    at: Location
    folder: str
    resources: tuple[str, ...]
    namespace: str | None
    prefix: str
    suffix: str
    patched: tuple[Patch, ...]
    data: tuple[str, ...]
    value: Mapping[str, Value]
    unseen: tuple[str, ...]
    base: str = ""
    is_file: bool = True
    fallback: str | None = None
    variables: Mapping[str, str] = NO_VARIABLES

    @property
    def path(self) -> str:
        return self.at.path

    @property
    def patches(self) -> tuple[str, ...]:
        return tuple(patch.path for patch in self.patched if patch.path)

    @property
    def replacements(self) -> tuple[str, ...]:
        """The files that hold replacements."""
        return tuple(local(self.base, [text(entry, "path") for entry in sequence(self.value, "replacements")]))

    @property
    def remote(self) -> tuple[str, ...]:
        """What it gathers from another host."""
        return tuple(str(entry) for name in _LOCAL for entry in sequence(self.value, name) if _is_remote(entry))

    @property
    def is_component(self) -> bool:
        return text(self.value, "kind") == "Component"


def parse(resource: Resource) -> Kustomization | None:
    """The kustomization that the object is; None for any other object (a Flux Kustomization is one, R-J5)."""
    if not is_kustomization_file(resource.at.path) or not resource.id.group.startswith("kustomize.config"):
        return None
    folder, value = posixpath.dirname(resource.at.path), resource.value
    gathered = [entry for name in _LOCAL for entry in sequence(value, name)]
    return _kustomization(resource.at, folder, gathered, value)


def applying(
    location: Location, name: str, folder: str, gathered: Sequence[str], overlay: Mapping[str, Value], fallback: str | None
) -> Kustomization:
    """What an object amounts to that applies a folder, which is called by `name`. `gathered` are paths; `overlay` is what it
    lays over them, with paths from the folder."""
    kustomization = _kustomization(location, folder, sequence(overlay, "components"), overlay)
    return kustomization._replace(folder=name, resources=(*gathered, *kustomization.resources), is_file=False, fallback=fallback)


def _kustomization(location: Location, folder: str, gathered: Sequence[Value], value: Mapping[str, Value]) -> Kustomization:
    remote = [f"{entry} is not seen here" for entry in gathered if _is_remote(entry)]
    return Kustomization(
        location,
        folder,
        tuple(local(folder, gathered)),
        text(value, "namespace"),
        text(value, "namePrefix") or "",
        text(value, "nameSuffix") or "",
        tuple(_patches(location, folder, value)),
        (*local(folder, list(_data(value))), *generator_files(folder, value)),
        value,
        (*remote, *(reason for key, reason in UNSEEN.items() if sequence(value, key))),
        folder,
    )


def among(resources: Iterable[Resource]) -> list[Kustomization]:
    """The kustomizations that are among the objects."""
    return [kustomization for resource in resources if (kustomization := parse(resource))]


def read(path: str, data: bytes) -> list[Kustomization]:
    """The kustomizations that a file holds; [] where it cannot be read."""
    content = manifests.decode(path, data)
    return among(manifests.read(path, content, frozenset()).resources) if isinstance(content, str) else []


def generated_from(folder: str, generator: Value) -> Iterator[tuple[str, str]]:
    """(key, path) of every file that a generator lists as the value of a key."""
    for listed in sequence(generator, "files"):
        if isinstance(listed, str):
            key, _, path = listed.rpartition("=")
            yield from ((key or posixpath.basename(path), found) for found in local(folder, [path]))


def environments(folder: str, generator: Value) -> Iterator[str]:
    """The files that a generator lists for the keys and values in them."""
    yield from local(folder, [*sequence(generator, "envs"), text(generator, "env")])


def generator_files(folder: str, value: Value) -> Iterator[str]:
    """All files that the generators of a kustomization list."""
    for generator in (entry for name in GENERATORS for entry in sequence(value, name)):
        yield from (path for _, path in generated_from(folder, generator))
        yield from environments(folder, generator)


def local(folder: str, entries: Sequence[Value]) -> Iterator[str]:
    """The paths of a kustomization's entries; what is no path, or leads to another host, is left out."""
    for entry in entries:
        if isinstance(entry, str) and "\n" not in entry and entry[:1] not in ("{", "[") and not _is_remote(entry):
            yield posixpath.normpath(posixpath.join(folder, entry))


def _is_remote(entry: Value) -> bool:
    return isinstance(entry, str) and ("://" in entry or "?ref=" in entry or entry.startswith(("git@", "github.com/")))


def _patches(location: Location, folder: str, value: Value) -> Iterator[Patch]:
    """In the order in which they are laid over."""
    for entry in sequence(value, "patchesStrategicMerge"):
        path = next(local(folder, [entry]), entry if _is_remote(entry) else "")
        yield Patch(location, path, () if path else inline(entry if isinstance(entry, str) else None), {})
    for name in ("patches", "patchesJson6902"):
        for entry in sequence(value, name):
            path = next(local(folder, [text(entry, "path")]), text(entry, "path") or "")
            yield Patch(location, path, inline(text(entry, "patch")), mapping(entry, "target"), name == "patchesJson6902")


def inline(content: str | None) -> tuple[Value, ...]:
    """The documents of a patch that stands in the kustomization."""
    result = []
    for chunk in yamltext.split(content or ""):
        try:
            result.append(yamltext.load((content or "")[chunk.start : chunk.end]).value)
        except yamltext.YamlError:
            continue  # kustomize will say so
    return tuple(one for one in result if one is not None)


def _data(value: Value) -> Iterator[Value]:
    """Files that are read as something else than manifests of the build."""
    yield from (entry for name in _DATA_LISTS for entry in sequence(value, name))
    yield from (text(entry, "path") for entry in sequence(value, "replacements"))
    yield text(value, "openapi", "path")
    for chart in sequence(value, "helmCharts"):
        yield from (text(chart, "valuesFile"), *sequence(chart, "additionalValuesFiles"))
