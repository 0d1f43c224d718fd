"""Flux and Argo CD objects that apply a folder of the same repository, as the kustomizations that they amount to.

A Flux `Kustomization` and an Argo CD `Application` or `ApplicationSet` name a folder by `path`, and lay a namespace, a
prefix, patches, images and components over what stands there. Argo CD's `destination.namespace` is for what states none.
Sources: https://fluxcd.io/flux/components/kustomize/kustomizations/,
https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/,
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, product, takewhile
from typing import NamedTuple

from samigrate.base import globs
from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import Location, Resource
from samigrate.kustomize import kustomization
from samigrate.kustomize.kustomization import NO_VARIABLES, Kustomization

FLUX = "kustomize.toolkit.fluxcd.io"
ARGO = "argoproj.io"
_SUFFIXES = (".yaml", ".yml", ".json")
_LAID_OVER = ("namePrefix", "nameSuffix", "images", "patches", "components", "commonLabels", "commonAnnotations")
_MOST_ELEMENTS = 500
"""How many applications one ApplicationSet is followed into."""
_PARAMETER = re.compile(r"\{\{-?\s*\.?([\w.\[\]-]+)\s*-?\}\}")
_SEGMENT = re.compile(r"\{\{-?\s*index\s+\.path\.segments\s+(\d+)\s*-?\}\}")

Parameters = Mapping[str, str]


class _Applied(NamedTuple):
    """What one object applies: `overlay` is what it lays over the folder, in the words of a kustomization; `fallback` the
    namespace of what states none; `is_deep`: folders below hold part of it, where no kustomization says what does;
    `variables` are filled in at the end."""

    path: str
    overlay: dict[str, Value]
    fallback: str | None
    is_deep: bool
    variables: Mapping[str, str] = NO_VARIABLES


class _Files:
    """What stands where in a repository."""

    def __init__(self, top: str, existing: Iterable[Kustomization], paths: Iterable[str], resources: Iterable[Resource]) -> None:
        self.top = top
        self._resources = resources
        self.built = {one.folder for one in existing}
        self.paths = sorted(path for path in paths if path.endswith(_SUFFIXES))

    def folder(self, path: str, beside: str) -> str | None:
        """The folder that a path in an object of the file `beside` means: from the repository's top, or from where the
        repository was copied to."""
        tops = [self.top, *reversed(list(_above(beside)))]
        result = (posixpath.normpath(posixpath.join(top, path.lstrip("/") or ".")) for top in tops)
        return next((each for each in result if each != self.top and (each in self.built or next(self.below(each), None))), None)

    def below(self, folder: str) -> Iterator[str]:
        inside = "" if folder in (".", "") else folder + "/"
        following = map(self.paths.__getitem__, range(bisect_left(self.paths, inside), len(self.paths)))
        return takewhile(lambda path: path.startswith(inside), following)

    def held(self, folder: str, *, is_deep: bool) -> tuple[str, ...]:
        """What is applied of a folder without a kustomization: its files; and where folders below count, theirs, and the
        kustomizations there."""
        if not is_deep:
            return tuple(path for path in self.below(folder) if posixpath.dirname(path) == folder)
        result: dict[str, None] = {}
        for path in self.below(folder):
            home = next((above for above in _above(path) if above in self.built and above.startswith(folder)), path)
            result[home] = None
        return tuple(result)

    @cached_property
    def config_maps(self) -> Mapping[tuple[str | None, str], Sequence[Mapping[str, Value]]]:
        """The data of each ConfigMap by namespace and name, of all its copies."""
        result: dict[tuple[str | None, str], list[Mapping[str, Value]]] = defaultdict(list)
        for resource in self._resources:
            if (resource.id.group, resource.id.kind) == ("", "ConfigMap"):
                result[resource.id.namespace, resource.id.name].append(mapping(resource.value, "data"))
        return result

    def folders(self) -> Iterator[str]:
        """All folders, relative to the top."""
        inside = "" if self.top in (".", "") else self.top + "/"
        visited = {above for path in self.paths for above in _above(path)}
        return (each.removeprefix(inside) for each in sorted(visited) if each.startswith(inside) and each != self.top)


def kustomizations(resources: Sequence[Resource], existing: Sequence[Kustomization], paths: Iterable[str], top: str) -> list[Kustomization]:
    """One for each folder that one of the objects applies and that is there. `existing` are the kustomizations of the
    repository, `paths` its files, `top` its folder."""
    files: _Files | None = None
    kustomizations_by_key: dict[str, Kustomization] = {}
    for resource in resources:
        if (apply := _KINDS.get((resource.id.group, resource.id.kind))) is None:
            continue
        files = files or _Files(top, existing, paths, resources)
        for number, applied in enumerate(apply(resource, files)):
            called = f"{resource.id.kind} {resource.id.namespace + '/' if resource.id.namespace else ''}{resource.id.name}"
            name = f"{called} in {resource.at.path}" + (f" ({number + 1})" if number else "")
            if (candidate := _kustomization(resource, name, applied, files)) is not None:
                kustomizations_by_key.setdefault(name, candidate)
    return list(kustomizations_by_key.values())


def applied_here(resources: Sequence[Resource], existing: Sequence[Kustomization], paths: Iterable[str], top: str) -> set[Location]:
    """The objects that apply folders of which each is there; the arguments are those of `kustomizations`."""
    files = _Files(top, existing, paths, resources)
    result = set()
    for resource in resources:
        if apply := _KINDS.get((resource.id.group, resource.id.kind)):
            folders = [files.folder(applied.path, resource.at.path) for applied in apply(resource, files)]
            result |= {resource.at} if folders and None not in folders else set()
    return result


def _kustomization(resource: Resource, name: str, applied: _Applied, files: _Files) -> Kustomization | None:
    folder = files.folder(applied.path, resource.at.path)
    if folder is None:
        return None
    is_built = folder in files.built
    if not is_built and not (applied.overlay or applied.fallback or applied.variables):
        return None  # it says no more than that the folder is applied
    gathered = (folder,) if is_built else files.held(folder, is_deep=applied.is_deep)
    if not gathered:
        return None
    candidate = kustomization.applying(resource.at, name, folder, gathered, applied.overlay, applied.fallback)
    return candidate._replace(variables=applied.variables)


def _above(path: str) -> Iterator[str]:
    """The folders above a path, from the nearest; "." for the current one."""
    while path not in ("", ".", "/", "..") and not path.endswith("/.."):
        path = posixpath.dirname(path) or "."
        yield path


# ---------------------------------------------------------------- Flux


def _flux(resource: Resource, files: _Files) -> Iterator[_Applied]:
    spec = mapping(resource.value, "spec")
    common = mapping(spec, "commonMetadata")
    overlay: dict[str, Value] = {key: spec[key] for key in _LAID_OVER if spec.get(key)}
    patches = [*sequence(spec, "patches"), *sequence(spec, "patchesJson6902")]
    patches += [{"patch": one} for one in sequence(spec, "patchesStrategicMerge")]
    named = {
        "namespace": spec.get("targetNamespace"),
        "patches": patches,
        "commonLabels": common.get("labels"),
        "commonAnnotations": common.get("annotations"),
    }
    overlay |= {key: value for key, value in named.items() if value}
    yield _Applied(text(spec, "path") or ".", overlay, None, True, _variables(mapping(spec, "postBuild"), resource.id.namespace, files))


def _variables(stated: Mapping[str, Value], namespace: str | None, files: _Files) -> Mapping[str, str]:
    """The variables of `postBuild` whose values are in the repository. What is read later wins, so a source that is not
    there leaves open whatever was read before it."""
    values: dict[str, Value] = {}
    for source in sequence(stated, "substituteFrom"):
        copies = files.config_maps.get((namespace, text(source, "name") or ""), ()) if text(source, "kind") == "ConfigMap" else ()
        values = {**values, **copies[0]} if copies and all(copy == copies[0] for copy in copies) else {}
    values |= mapping(stated, "substitute")
    return {key: value for key, value in values.items() if isinstance(value, str)}


# ---------------------------------------------------------------- Argo CD


def _application(resource: Resource, files: _Files) -> Iterator[_Applied]:
    yield from _of_spec(mapping(resource.value, "spec"))


def _application_set(resource: Resource, files: _Files) -> Iterator[_Applied]:
    spec = mapping(resource.value, "spec")
    template = mapping(spec, "template", "spec")
    elements = [each for one in sequence(spec, "generators") for each in _elements(one, files)] or [{}]
    for parameters in elements[:_MOST_ELEMENTS]:
        yield from _of_spec(mapping(_filled(template, parameters)))


def _of_spec(spec: Mapping[str, Value]) -> Iterator[_Applied]:
    fallback = text(mapping(spec, "destination"), "namespace")
    for source in (spec.get("source"), *sequence(spec, "sources")):
        path = text(source, "path")
        if path is None or text(source, "chart"):
            continue
        own_fields = mapping(source, "kustomize")
        overlay = {key: own_fields[key] for key in ("namespace", *_LAID_OVER) if own_fields.get(key)}
        if isinstance(overlay.get("images"), list):
            overlay["images"] = [_image(one) for one in sequence(own_fields, "images")]
        yield _Applied(path, overlay, fallback, mapping(source, "directory").get("recurse") is True)


def _image(stated: Value) -> Value:
    """Argo CD writes an image as `old=new:tag`, or as `new:tag` for the one of that name."""
    if not isinstance(stated, str):
        return stated
    old, _, new = stated.rpartition("=")
    name = re.split(r"[@]|:(?=[^/]*$)", new)[0]
    return {"name": old or name, "newName": name}


def _elements(generator: Value, files: _Files) -> Sequence[Parameters]:
    """The parameters that a generator makes; one without any where they are not in the repository."""
    if fields := next((mapping(generator, key) for key in ("matrix", "merge") if mapping(generator, key)), None):
        group = [_elements(one, files) for one in sequence(fields, "generators")]
        batch = islice(product(*group), _MOST_ELEMENTS)
        return [{key: value for one in chosen for key, value in one.items()} for chosen in batch]
    if elements := sequence(generator, "list", "elements"):
        return [_flat(one) for one in elements]
    if directories := sequence(generator, "git", "directories"):
        return [_of_folder(folder) for folder in files.folders() if _is_chosen(folder, directories)]
    return [{}]


def _is_chosen(folder: str, directories: Sequence[Value]) -> bool:
    def named(*, excluded: bool) -> bool:
        patterns = (text(one, "path") for one in directories if (mapping(one).get("exclude") is True) is excluded)
        return any(pattern and _glob(pattern, folder) for pattern in patterns)

    return named(excluded=False) and not named(excluded=True)


def _glob(pattern: str, folder: str) -> bool:
    pattern = pattern.strip("/")
    return globs.is_valid(pattern) and globs.matches(pattern, folder) and (pattern.count("/") == folder.count("/") or "**" in pattern)


def _of_folder(folder: str) -> Parameters:
    name = posixpath.basename(folder)
    result = {
        "path": folder,
        "path.path": folder,
        "path.basename": name,
        "path.basenameNormalized": re.sub(r"[^a-z0-9.-]", "-", name.lower()),
    }
    return result | {f"path[{number}]": part for number, part in enumerate(folder.split("/"))}


def _flat(value: Value, above: str = "") -> dict[str, str]:
    result: dict[str, str] = {}
    for key, entry in mapping(value).items():
        if isinstance(entry, dict):
            result |= _flat(entry, f"{above}{key}.")
        elif isinstance(entry, str | int) and not isinstance(entry, bool):
            result[above + key] = str(entry)
    return result


def _filled(value: Value, parameters: Parameters) -> Value:
    """A template with its parameters; one that is not known stays, and is taken for what is filled in later."""
    if isinstance(value, dict):
        return {key: _filled(one, parameters) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, parameters) for one in value]
    if not isinstance(value, str):
        return value
    value = _SEGMENT.sub(lambda match: parameters.get(f"path[{match[1]}]", match[0]), value)
    return _PARAMETER.sub(lambda match: parameters.get(match[1], match[0]), value)


_KINDS: Mapping[tuple[str, str], Callable[[Resource, _Files], Iterator[_Applied]]] = {
    (FLUX, "Kustomization"): _flux,
    (ARGO, "Application"): _application,
    (ARGO, "ApplicationSet"): _application_set,
}
