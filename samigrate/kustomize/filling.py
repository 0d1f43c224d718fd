"""What is filled in once a build is made: the `vars` of kustomize, then the variables of Flux' `postBuild`.

Sources: https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/konfig/builtinpluginconsts/varreference.go,
https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import GENERATED, Location
from samigrate.kustomize import replacing
from samigrate.kustomize.kustomization import Kustomization

if TYPE_CHECKING:
    from samigrate.kustomize.building import BuiltObject

_VAR = re.compile(r"\$\((\w[\w.-]*)\)")
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::?[-=][^{}]*)?\}")
_POD_SPECS = {
    "Pod": "spec",
    "CronJob": "spec/jobTemplate/spec/template/spec",
    **dict.fromkeys(("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"), "spec/template/spec"),
}
_OF_CONTAINERS = ("args", "command", "env/value", "volumeMounts/mountPath")
_OF_ALL = ("metadata/labels", "metadata/annotations")
_NOT_FILLED_IN = ("kustomize.toolkit.fluxcd.io/substitute", "disabled")
"""The label or annotation of an object that Flux fills nothing into."""


def fill_vars(members: Sequence[Kustomization], sides: Mapping[str, Sequence[Value]], items: Sequence[BuiltObject]) -> Mapping[str, str]:
    """Fill the `vars` of a build's kustomizations into its objects; tells their values. One that is not known stays."""
    stated = [(kustomization, entry) for kustomization in members for entry in sequence(kustomization.value, "vars")]
    result = ((text(entry, "name"), _var(entry, items)) for _, entry in stated)
    values = {name: value for name, value in result if name and isinstance(value, str)}
    if not values:
        return values
    settings = (setting for kustomization in members for path in kustomization.data for setting in sides.get(path, ()))
    rules = [rule for setting in settings for rule in sequence(setting, "varReference")]
    for built in items:
        new: Value = built.value
        for path in _var_paths(text(new, "kind") or "", rules):
            new = _at_path(new, path.split("/"), lambda old: with_vars(old, values))
        if isinstance(new, dict):
            built.step(Location(stated[0][0].path, GENERATED), new)
    return values


def with_vars(old: str, values: Mapping[str, str]) -> str:
    """A text with the values of the `vars` that are known."""
    return _VAR.sub(lambda match: values.get(match[1], match[0]), old) if "$(" in old else old


def _var(entry: Value, items: Sequence[BuiltObject]) -> Value:
    """The value of one of the `vars`, None where it is not known."""
    group, _, version = (text(entry, "objref", "apiVersion") or "").rpartition("/")
    target = {**mapping(entry, "objref"), "group": text(entry, "objref", "group") or group, "version": version}
    path = text(entry, "fieldref", "fieldpath") or text(entry, "fieldref", "fieldPath")
    return replacing.source_value({"source": {key: value for key, value in {**target, "fieldPath": path}.items() if value}}, items)


def _var_paths(kind: str, rules: Sequence[Value]) -> Iterator[str]:
    yield from _OF_ALL
    if (pod := _POD_SPECS.get(kind)) is not None:
        yield from (f"{pod}/{containers}/{path}" for containers in ("containers", "initContainers") for path in _OF_CONTAINERS)
    for rule in rules:
        if text(rule, "kind") in (None, kind) and (path := text(rule, "path")):
            yield path


def _at_path(value: Value, path: Sequence[str], replace: Callable[[str], Value]) -> Value:
    """A value with other texts at a path, which goes through every list on its way."""
    if isinstance(value, list):
        return [_at_path(each, path, replace) for each in value]
    if not path:
        return _in_texts(value, replace)
    if isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: _at_path(value[path[0]], path[1:], replace)}
    return value


def fill_variables(variables: Mapping[str, str], location: Location, items: Sequence[BuiltObject]) -> None:
    """Fill Flux' variables into the objects of a build, their names included."""
    for built in items:
        metadata = mapping(built.value, "metadata")
        key, disabled = _NOT_FILLED_IN
        if disabled in (text(metadata, "labels", key), text(metadata, "annotations", key)):
            continue
        namespace, name = built.names[-1]
        filled = (namespace and with_variables(namespace, variables), with_variables(name, variables))
        if filled != built.names[-1]:
            built.names.append(filled)
        remaining = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
        new = _in_texts(built.value, lambda old: _typed(old, with_variables(old, variables)))
        if isinstance(new, dict):
            built.step(location, {**new, "metadata": {**mapping(new, "metadata"), **remaining}})


def with_variables(old: str, variables: Mapping[str, str]) -> str:
    """A text with the variables that are known and not empty; the others stay, defaults included."""
    return _VARIABLE.sub(lambda match: variables.get(match[1]) or match[0], old) if "${" in old else old


def _typed(old: str, new: str) -> Value:
    """What YAML makes of a text that was nothing but a variable."""
    return {"true": True, "false": False}.get(new, new) if _VARIABLE.fullmatch(old) else new


def _in_texts(value: Value, replace: Callable[[str], Value]) -> Value:
    if isinstance(value, dict):
        return {key: _in_texts(each, replace) for key, each in value.items()}
    if isinstance(value, list):
        return [_in_texts(each, replace) for each in value]
    return replace(value) if isinstance(value, str) else value
