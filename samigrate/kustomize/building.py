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


class Step(NamedTuple):
    """The object after something that is said at a place."""

    at: Location
    value: Value


@dataclass(slots=True, eq=False)
class Made:
    """An object on its way through a build. `names` are its namespace and name as it is written, then as each layer has
    made them; `route` the folders that lead to it; `met` the patches that are for it, and `replaced` the fields that
    replacements write, with the file that says so and what is written, None where it is not known. `unread` are the files
    of patches for it that could not be read."""

    source: Resource
    value: Value
    names: list[tuple[str | None, str]]
    route: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    met: list[tuple[Patch, Value]] = field(default_factory=list)
    replaced: list[tuple[str, str, Value]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_deleted: bool = False

    def step(self, at: Location, value: Value) -> None:
        if value != self.value:
            self.value = value
            self.steps.append(Step(at, value))


class Building:
    """A build of files, made when it is asked for. `sides` are the values of patch files and of those read as data,
    `resources` the objects of each file."""

    def __init__(self, build: Build, sides: Mapping[str, Sequence[Value]], resources: Mapping[str, Sequence[Resource]]) -> None:
        self.build, self.sides, self.resources = build, sides, resources

    @cached_property
    def made(self) -> Mapping[tuple[str, int, str], Sequence[Made]]:
        """What becomes of each object, by its key: once for each way by which the build reaches it."""
        found: dict[tuple[str, int, str], list[Made]] = defaultdict(list)
        for one in self._built[0]:
            found[one.source.key].append(one)
        return found

    @cached_property
    def _built(self) -> tuple[Sequence[Made], Mapping[str, str]]:
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
        self.known = {one.folder: one for one in build.members}
        self.sides, self.resources = sides, resources
        self.visits: dict[str, int] = defaultdict(int)
        self.all: list[Made] = []

    def accumulate(self, one: Kustomization, above: tuple[str, ...], items: list[Made]) -> list[Made]:
        """Lay a kustomization over what is there already (for a component: all that its user has gathered)."""
        if one.folder in above or self.visits[one.folder] >= MOST:
            return items
        self.visits[one.folder] += 1
        route = (*above, one.folder)
        parts = []
        for path in (*one.resources, *((one.path,) if one.is_file else ())):
            if path not in self.known:
                items = [*items, *self._held(path, route, is_generated=path == one.path)]
            elif self.known[path].is_component:
                parts.append(self.known[path])
            else:
                items = [*items, *self.accumulate(self.known[path], route, [])]
        for part in parts:
            items = self.accumulate(part, route, items)
        self._transform(one, items)
        return [made for made in items if not made.is_deleted]

    def _held(self, path: str, route: tuple[str, ...], *, is_generated: bool) -> Iterator[Made]:
        for resource in self.resources.get(path, ()):
            if (resource.at.document == GENERATED) is is_generated:
                self.all.append(Made(resource, resource.value, [(resource.id.namespace, resource.id.name)], route))
                yield self.all[-1]

    # ---- one kustomization

    def _transform(self, one: Kustomization, items: Sequence[Made]) -> None:
        for patch in one.patched:
            if not patch.is_late:
                self._patch(patch, items)
        for made in items:
            _rename(one, made)
            _dress(one, made)
        for patch in one.patched:
            if patch.is_late:
                self._patch(patch, items)
        for made in items:
            _set_images(one, made)
        for path, entry in self._replacements(one):
            self._replace(path, entry, items)

    def _patch(self, patch: Patch, items: Sequence[Made]) -> None:
        if patch.path and not self.sides.get(patch.path):
            for made in _selected(patch, {}, items) if patch.target else items:
                made.unread.append(patch.path)
        for content in self.sides.get(patch.path, ()) if patch.path else patch.values:
            for made in _selected(patch, content, items):
                made.met.append((patch, content))
                value = merging.patched(made.value, content)
                made.is_deleted = made.is_deleted or value is None
                if isinstance(value, dict):
                    made.step(Location(patch.path or patch.at.path, GENERATED), _with_its_name(made, value))

    def _replacements(self, one: Kustomization) -> Iterator[tuple[str, Value]]:
        """(file, replacement) of all that the kustomization states, in it or in files."""
        for entry in sequence(one.value, "replacements"):
            if (path := text(entry, "path")) is None:
                yield one.path, entry
        for path in one.replacements:
            for content in self.sides.get(path, ()):
                yield from ((path, entry) for entry in (content if isinstance(content, list) else [content]))

    def _replace(self, path: str, entry: Value, items: Sequence[Made]) -> None:
        before = {id(made): made.value for made in items}
        written = list(replacing.replaced(entry, items))
        for made, named, value in written:
            made.replaced.append((path, named, value))
        for made in dict.fromkeys(one.made for one in written):
            if made.value != before[id(made)]:
                made.steps.append(Step(Location(path, GENERATED), made.value))


def _selected(patch: Patch, content: Value, items: Sequence[Made]) -> list[Made]:
    if patch.target and not patch.is_late:
        return [made for made in items if selecting.is_selected(patch.target, made.value, made.names)]
    if patch.target:
        exact = {"apiVersion": f"{text(patch.target, 'group') or ''}/", "kind": patch.target.get("kind"), "metadata": patch.target}
        return [made for made in items if selecting.is_called(exact, made.value, made.names)]
    named = [made for made in items if selecting.is_called(content, made.value, made.names)]
    if named or text(content, "metadata", "namespace"):
        return named
    everywhere = {**mapping(content), "metadata": {"name": text(content, "metadata", "name")}}
    return [made for made in items if selecting.is_called(everywhere, made.value, [(None, name) for _, name in made.names])]


def _with_its_name(made: Made, value: dict[str, Value]) -> dict[str, Value]:
    """The patched value under the name and the namespace of the source; what a patch makes of them is noted."""
    before, after = mapping(made.value, "metadata"), mapping(value, "metadata")
    namespace, name = ((after if after.get(key) != before.get(key) else {}).get(key) for key in ("namespace", "name"))
    if namespace is None and name is None:
        return value
    known = made.names[-1]
    made.names.append((namespace if isinstance(namespace, str) else known[0], name if isinstance(name, str) else known[1]))
    kept = {key: before[key] for key in ("namespace", "name") if key in before}
    return {**value, "metadata": {**{key: one for key, one in after.items() if key not in ("namespace", "name")}, **kept}}


def _rename(one: Kustomization, made: Made) -> None:
    namespace, name = made.names[-1]
    kind = text(made.value, "kind") or ""
    if kind not in CLUSTER_SCOPED:
        namespace = one.namespace or namespace or one.fallback
    if kind not in _UNPREFIXED:
        name = one.prefix + name + one.suffix
    if (namespace, name) != made.names[-1]:
        made.names.append((namespace, name))


def _dress(one: Kustomization, made: Made) -> None:
    """The labels and annotations that a kustomization gives to all it gathers. Something else in the cluster may act on
    those whose keys have a prefix, but for the usual names of parts: they are a step of their own."""
    common, labels = mapping(one.value, "commonLabels"), mapping(one.value, "commonLabels")
    for entry in sequence(one.value, "labels"):
        labels = {**labels, **mapping(entry, "pairs")}
        if True in (at(entry, "includeTemplates"), at(entry, "includeSelectors")):
            common = {**common, **mapping(entry, "pairs")}
    annotations = mapping(one.value, "commonAnnotations")
    if not labels and not annotations:
        return
    value = merging.merged(made.value, {"metadata": _filled(labels, annotations)}, is_keyed=False)
    for path in _templates(made.value):
        value = merging.merged(value, _nested(path, {"metadata": _filled(common, annotations)}), is_keyed=False)
    if any("/" in key and not key.startswith("app.kubernetes.io/") for key in (*labels, *annotations)):
        made.step(Location(one.path, GENERATED), value)
    else:
        made.value = value


def _filled(labels: Mapping[str, Value], annotations: Mapping[str, Value]) -> dict[str, Value]:
    return {key: dict(entries) for key, entries in (("labels", labels), ("annotations", annotations)) if entries}


def _templates(value: Value, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the pod templates in an object."""
    for key in ("spec", "template", "jobTemplate"):
        if isinstance(held := mapping(value).get(key), dict):
            if key == "template" and isinstance(held.get("spec"), dict) and above:
                yield (*above, key)
            elif len(above) < 4:
                yield from _templates(held, (*above, key))


def _nested(path: Sequence[str], value: Value) -> Value:
    for key in reversed(path):
        value = {key: value}
    return value


def _set_images(one: Kustomization, made: Made) -> None:
    images = {text(entry, "name"): new for entry in sequence(one.value, "images") if (new := text(entry, "newName"))}
    if images:
        made.step(Location(one.path, GENERATED), _with_images(made.value, images))


def _with_images(value: Value, images: Mapping[str | None, str]) -> Value:
    """An object with other images in all lists of containers, wherever they stand."""
    if isinstance(value, list):
        found = [_with_images(one, images) for one in value]
        return found if any(new is not old for new, old in zip(found, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    made = {key: _with_images(one, images) for key, one in value.items()}
    for key in ("containers", "initContainers"):
        if isinstance(made.get(key), list):
            made[key] = [_with_image(one, images) for one in made[key]]
    return made if any(made[key] is not one for key, one in value.items()) else value


def _with_image(container: Value, images: Mapping[str | None, str]) -> Value:
    image = text(container, "image") or ""
    new = next((new for name, new in images.items() if image == name or image.startswith((f"{name}:", f"{name}@"))), None)
    return {**container, "image": new} if new and isinstance(container, dict) else container
