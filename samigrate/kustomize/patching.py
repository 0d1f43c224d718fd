"""A workload as a build makes it: with the containers, variables, images and metadata that its kustomizations add.

Nothing is decided on it but whether the workload uses the API: a base whose overlay patches in a sidecar that does must
keep its token. So it may hold too much: an entry that a patch would delete or replace is kept beside the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from samigrate.kustomize.kustomization import Kustomization
from samigrate.kustomize.overlays import Overlay
from samigrate.model import GENERATED, NOWHERE, Location, Operation, Resource, Workload
from samigrate.planning.operations import Inapplicable, apply
from samigrate.values import Value, mapping, parts, resolve, sequence, text

_KEYS = ("name", "mountPath")
"""What entries of a list are known by, as far as pods have such lists: containers, volumes and variables; mounts."""


def steps(overlay: Overlay, workload: Workload) -> Iterator[tuple[Location, Workload]]:
    """The workload after each thing that the build does to it, from within outwards, and where that is said."""
    value: Value = workload.resource.value
    for member in reversed(overlay.on_the_way(workload)):
        for patch, content in overlay.patches_of(workload, [member]):
            value = _patched(value, content)
            yield Location(patch.path or patch.at.path, GENERATED), _with(workload, value)
        if (changed := _dressed(value, workload, member)) != value:
            value = changed
            yield Location(member.path, GENERATED), _with(workload, value)


def patched(overlay: Overlay, resource: Resource) -> Resource:
    """An object after every patch of the build that may be for it."""
    value: Value = resource.value
    for member in reversed(overlay.build.members):
        for _, content in overlay.patches_of(resource, [member]):
            value = _patched(value, content)
    return Resource(resource.at, value) if isinstance(value, dict) and value != resource.value else resource


def _with(workload: Workload, value: Value) -> Workload:
    return replace(workload, resource=Resource(workload.resource.at, value if isinstance(value, dict) else {}))


def _patched(value: Value, patch: Value) -> Value:
    if not isinstance(patch, list):
        return _merged(value, patch)
    for entry in patch:
        op, path = text(entry, "op"), text(entry, "path")
        if op in ("add", "replace") and path is not None:
            try:
                value = apply(value, Operation(NOWHERE, op, path, entry.get("value")))
            except Inapplicable:
                continue  # it is for another object, or finds what an earlier one has made
    return value


def _merged(value: Value, patch: Value) -> Value:
    """A strategic merge that deletes nothing."""
    if isinstance(value, dict) and isinstance(patch, dict):
        merged = {key: _merged(value[key], one) if key in value else one for key, one in patch.items() if one is not None}
        return {**value, **merged}
    if isinstance(value, list) and isinstance(patch, list):
        key = next((key for key in _KEYS if patch and all(text(one, key) for one in patch)), None)
        return _merged_lists(value, patch, key) if key else patch
    return patch


def _merged_lists(value: Sequence[Value], patch: Sequence[Value], key: str) -> list[Value]:
    changes = {text(one, key): one for one in patch if text(one, "$patch") != "delete"}
    kept = [_merged(one, changes.pop(text(one, key))) if text(one, key) in changes else one for one in value]
    return [*kept, *changes.values()]


def _dressed(value: Value, workload: Workload, member: Kustomization) -> Value:
    """The workload with the labels, annotations and images that a kustomization gives to all it gathers."""
    labels = {**mapping(member.value, "commonLabels")}
    for entry in sequence(member.value, "labels"):
        labels |= mapping(entry, "pairs")
    metadata = {"labels": _foreign(labels), "annotations": _foreign(mapping(member.value, "commonAnnotations"))}
    for where in ("", workload.template) if any(metadata.values()) else ():
        if where is not None and isinstance(resolve(value, where), dict):
            value = _merged(value, _nested(where, {"metadata": metadata}))
    pod = resolve(value, workload.pod)
    images = {text(one, "name"): new for one in sequence(member.value, "images") if (new := text(one, "newName"))}
    if not images or not isinstance(pod, dict):
        return value
    changed = {key: [_with_image(one, images) for one in sequence(pod, key)] for key in ("initContainers", "containers") if key in pod}
    return _merged(value, _nested(workload.pod, changed))


def _foreign(entries: dict[str, Value]) -> dict[str, Value]:
    """Those that something else in the cluster may act on: keys with a prefix, but for the usual names of parts."""
    return {key: value for key, value in entries.items() if "/" in key and not key.startswith("app.kubernetes.io/")}


def _nested(where: str, value: Value) -> Value:
    for key in reversed(parts(where)):
        value = {key: value}
    return value


def _with_image(container: Value, images: dict[str | None, str]) -> Value:
    image = text(container, "image") or ""
    new = next((new for name, new in images.items() if image == name or image.startswith((f"{name}:", f"{name}@"))), None)
    return {**container, "image": new} if new and isinstance(container, dict) else container
