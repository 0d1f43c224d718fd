"""What a build makes of each object that it gathers, layer by layer, as kustomize does.

In every kustomization the transformers run in kustomize's order: strategic merges, patches, the namespace, the prefix and
the suffix, labels, annotations, JSON 6902 patches, images, replacements. Variables are filled in at the end. Names and
namespaces are kept apart from the object's value, in which they stay as the source has them: whatever is decided is
decided on the source.
Source: https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/target/kusttarget_configplugin.go
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.domain.model import CLUSTER_SCOPED, GENERATED, Location, Resource
from samigrate.kustomize import filling, merging, replacing, selecting
from samigrate.kustomize.gathering import MOST, Build
from samigrate.kustomize.kustomization import Kustomization, Patch

_UNPREFIXED = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
"""Kinds whose names kustomize leaves as they are."""


class BuildStep(NamedTuple):
    """The object after something that is said at a place."""

    at: Location
    value: Value


@dataclass(slots=True, eq=False)
class BuiltObject:
    """An object on its way through a build. `names` are its namespace and name as it is written, then as each layer has
    made them; `route` the folders that lead to it; `met` the patches that are for it, and `replaced` the fields that
    replacements write, with the file that says so and what is written, None where it is not known. `unread` are the files
    of patches for it that could not be read."""

    source: Resource
    value: Value
    names: list[tuple[str | None, str]]
    route: tuple[str, ...]
    steps: list[BuildStep] = field(default_factory=list)
    met: list[tuple[Patch, Value]] = field(default_factory=list)
    replaced: list[tuple[str, str, Value]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_deleted: bool = False

    def step(self, location: Location, value: Value) -> None:
        if value != self.value:
            self.value = value
            self.steps.append(BuildStep(location, value))


class Building:
    """A build of files, made when it is asked for. `sides` are the values of patch files and of those read as data,
    `resources` the objects of each file."""

    def __init__(self, build: Build, sides: Mapping[str, Sequence[Value]], resources: Mapping[str, Sequence[Resource]]) -> None:
        self.build, self.sides, self.resources = build, sides, resources

    @cached_property
    def made(self) -> Mapping[tuple[str, int, str], Sequence[BuiltObject]]:
        """What becomes of each object, by its key: once for each way by which the build reaches it."""
        built_objects: dict[tuple[str, int, str], list[BuiltObject]] = defaultdict(list)
        for built in self._built[0]:
            built_objects[built.source.key].append(built)
        return built_objects

    @cached_property
    def _built(self) -> tuple[Sequence[BuiltObject], Mapping[str, str]]:
        """All that is made, and the values of the `vars`."""
        root, walk = self.build.members[0], _Walk(self.build, self.sides, self.resources)
        items = walk.accumulate(root, (), [])
        values = filling.fill_vars(self.build.members, self.sides, items)
        if root.variables:
            filling.fill_variables(root.variables, root.at, items)
        return walk.all, values

    def filled(self, name: str) -> str:
        """A name that an object of the build states, after what is filled into it."""
        return filling.with_variables(filling.with_vars(name, self._built[1]), self.build.members[0].variables)


class _Walk:
    def __init__(self, build: Build, sides: Mapping[str, Sequence[Value]], resources: Mapping[str, Sequence[Resource]]) -> None:
        self.known = {kustomization.folder: kustomization for kustomization in build.members}
        self.sides, self.resources = sides, resources
        self.visits: dict[str, int] = defaultdict(int)
        self.all: list[BuiltObject] = []

    def accumulate(self, kustomization: Kustomization, above: tuple[str, ...], items: list[BuiltObject]) -> list[BuiltObject]:
        """Lay a kustomization over what is there already (for a component: all that its user has gathered)."""
        if kustomization.folder in above or self.visits[kustomization.folder] >= MOST:
            return items
        self.visits[kustomization.folder] += 1
        route = (*above, kustomization.folder)
        parts = []
        for path in (*kustomization.resources, *((kustomization.path,) if kustomization.is_file else ())):
            if path not in self.known:
                items = [*items, *self._held(path, route, is_generated=path == kustomization.path)]
            elif self.known[path].is_component:
                parts.append(self.known[path])
            else:
                items = [*items, *self.accumulate(self.known[path], route, [])]
        for part in parts:
            items = self.accumulate(part, route, items)
        self._transform(kustomization, items)
        return [built for built in items if not built.is_deleted]

    def _held(self, path: str, route: tuple[str, ...], *, is_generated: bool) -> Iterator[BuiltObject]:
        for resource in self.resources.get(path, ()):
            if (resource.at.document == GENERATED) is is_generated:
                self.all.append(BuiltObject(resource, resource.value, [(resource.id.namespace, resource.id.name)], route))
                yield self.all[-1]

    # ---- one kustomization

    def _transform(self, kustomization: Kustomization, items: Sequence[BuiltObject]) -> None:
        for patch in kustomization.patched:
            if not patch.is_late:
                self._patch(patch, items)
        for built in items:
            _rename(kustomization, built)
            _dress(kustomization, built)
        for patch in kustomization.patched:
            if patch.is_late:
                self._patch(patch, items)
        for built in items:
            _set_images(kustomization, built)
        for path, entry in self._replacements(kustomization):
            self._replace(path, entry, items)

    def _patch(self, patch: Patch, items: Sequence[BuiltObject]) -> None:
        if patch.path and not self.sides.get(patch.path):
            for built in _selected(patch, {}, items) if patch.target else items:
                built.unread.append(patch.path)
        for content in self.sides.get(patch.path, ()) if patch.path else patch.values:
            for built in _selected(patch, content, items):
                built.met.append((patch, content))
                value = merging.patched(built.value, content)
                built.is_deleted = built.is_deleted or value is None
                if isinstance(value, dict):
                    built.step(Location(patch.path or patch.at.path, GENERATED), _with_its_name(built, value))

    def _replacements(self, kustomization: Kustomization) -> Iterator[tuple[str, Value]]:
        """(file, replacement) of all that the kustomization states, in it or in files."""
        for entry in sequence(kustomization.value, "replacements"):
            if (path := text(entry, "path")) is None:
                yield kustomization.path, entry
        for path in kustomization.replacements:
            for content in self.sides.get(path, ()):
                yield from ((path, entry) for entry in (content if isinstance(content, list) else [content]))

    def _replace(self, path: str, entry: Value, items: Sequence[BuiltObject]) -> None:
        before = {id(made): made.value for made in items}
        written = list(replacing.replaced(entry, items))
        for built, named, value in written:
            built.replaced.append((path, named, value))
        for built in dict.fromkeys(one.made for one in written):
            if built.value != before[id(built)]:
                built.steps.append(BuildStep(Location(path, GENERATED), built.value))


def _selected(patch: Patch, content: Value, items: Sequence[BuiltObject]) -> list[BuiltObject]:
    if patch.target and not patch.is_late:
        return [built for built in items if selecting.is_selected(patch.target, built.value, built.names)]
    if patch.target:
        exact = {"apiVersion": f"{text(patch.target, 'group') or ''}/", "kind": patch.target.get("kind"), "metadata": patch.target}
        return [built for built in items if selecting.is_called(exact, built.value, built.names)]
    named = [built for built in items if selecting.is_called(content, built.value, built.names)]
    if named or text(content, "metadata", "namespace"):
        return named
    everywhere = {**mapping(content), "metadata": {"name": text(content, "metadata", "name")}}
    return [built for built in items if selecting.is_called(everywhere, built.value, [(None, name) for _, name in built.names])]


def _with_its_name(built: BuiltObject, value: dict[str, Value]) -> dict[str, Value]:
    """The patched value under the name and the namespace of the source; what a patch makes of them is noted."""
    before, after = mapping(built.value, "metadata"), mapping(value, "metadata")
    namespace, name = ((after if after.get(key) != before.get(key) else {}).get(key) for key in ("namespace", "name"))
    if namespace is None and name is None:
        return value
    existing = built.names[-1]
    built.names.append((namespace if isinstance(namespace, str) else existing[0], name if isinstance(name, str) else existing[1]))
    remaining = {key: before[key] for key in ("namespace", "name") if key in before}
    return {**value, "metadata": {**{key: one for key, one in after.items() if key not in ("namespace", "name")}, **remaining}}


def _rename(kustomization: Kustomization, built: BuiltObject) -> None:
    namespace, name = built.names[-1]
    kind = text(built.value, "kind") or ""
    if kind not in CLUSTER_SCOPED:
        namespace = kustomization.namespace or namespace or kustomization.fallback
    if kind not in _UNPREFIXED:
        name = kustomization.prefix + name + kustomization.suffix
    if (namespace, name) != built.names[-1]:
        built.names.append((namespace, name))


def _dress(kustomization: Kustomization, built: BuiltObject) -> None:
    """The labels and annotations that a kustomization gives to all it gathers. Something else in the cluster may act on
    those whose keys have a prefix, but for the usual names of parts: they are a step of their own."""
    common, labels = mapping(kustomization.value, "commonLabels"), mapping(kustomization.value, "commonLabels")
    for entry in sequence(kustomization.value, "labels"):
        labels = {**labels, **mapping(entry, "pairs")}
        if True in (at(entry, "includeTemplates"), at(entry, "includeSelectors")):
            common = {**common, **mapping(entry, "pairs")}
    annotations = mapping(kustomization.value, "commonAnnotations")
    if not labels and not annotations:
        return
    value = merging.merged(built.value, {"metadata": _filled(labels, annotations)}, is_keyed=False)
    for path in _templates(built.value):
        value = merging.merged(value, _nested(path, {"metadata": _filled(common, annotations)}), is_keyed=False)
    if any("/" in key and not key.startswith("app.kubernetes.io/") for key in (*labels, *annotations)):
        built.step(Location(kustomization.path, GENERATED), value)
    else:
        built.value = value


def _filled(labels: Mapping[str, Value], annotations: Mapping[str, Value]) -> dict[str, Value]:
    return {key: dict(entries) for key, entries in (("labels", labels), ("annotations", annotations)) if entries}


def _templates(value: Value, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the pod templates in an object."""
    for key in ("spec", "template", "jobTemplate"):
        if isinstance(present := mapping(value).get(key), dict):
            if key == "template" and isinstance(present.get("spec"), dict) and above:
                yield (*above, key)
            elif len(above) < 4:
                yield from _templates(present, (*above, key))


def _nested(path: Sequence[str], value: Value) -> Value:
    for key in reversed(path):
        value = {key: value}
    return value


def _set_images(kustomization: Kustomization, built: BuiltObject) -> None:
    images = {text(entry, "name"): new for entry in sequence(kustomization.value, "images") if (new := text(entry, "newName"))}
    if images:
        built.step(Location(kustomization.path, GENERATED), _with_images(built.value, images))


def _with_images(value: Value, images: Mapping[str | None, str]) -> Value:
    """An object with other images in all lists of containers, wherever they stand."""
    if isinstance(value, list):
        result = [_with_images(one, images) for one in value]
        return result if any(new is not old for new, old in zip(result, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    output = {key: _with_images(one, images) for key, one in value.items()}
    for key in ("containers", "initContainers"):
        if isinstance(output.get(key), list):
            output[key] = [_with_image(one, images) for one in output[key]]
    return output if any(output[key] is not one for key, one in value.items()) else value


def _with_image(container: Value, images: Mapping[str | None, str]) -> Value:
    image = text(container, "image") or ""
    new = next((new for name, new in images.items() if image == name or image.startswith((f"{name}:", f"{name}@"))), None)
    return {**container, "image": new} if new and isinstance(container, dict) else container
