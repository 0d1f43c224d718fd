"""Whether what a kustomization renders after a change differs from before by exactly the plan.

The plan speaks of sources; a build renames, patches and reorders them. So each planned operation is laid over the
object as it was rendered before, its list places found again by name and the account's name as the build has made
it, and the result must be what was rendered after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, at, mapping, parts, pointer, resolve, text
from samigrate.domain.json_patch import apply
from samigrate.domain.model import NOWHERE, Operation, Resource, ResourceId
from samigrate.kustomize.gathering import Build, Landing
from samigrate.prove import checks


class Object(NamedTuple):
    id: ResourceId
    value: dict[str, Value]


class PlannedObject(NamedTuple):
    """One source object, the operations on it, and the accounts that come with it."""

    source: Resource
    operations: tuple[Operation, ...]
    accounts: tuple[Value, ...]


class Expected(NamedTuple):
    """An account to come, and the namespaces that its users have landed in."""

    value: Value
    landing: Landing
    namespaces: list[str | None]

    def is_rendered_as(self, id_: ResourceId, value: Value) -> bool:
        """Whether the object is the account, but for labels and annotations that the build adds."""
        name = self.landing.prefix + self.value["metadata"]["name"] + self.landing.suffix
        if (id_.group, id_.kind, id_.name) != ("", "ServiceAccount", name) or (self.namespaces and id_.namespace not in self.namespaces):
            return False
        remainder = {key: one for key, one in value.items() if key != "metadata"} == {
            k: v for k, v in self.value.items() if k != "metadata"
        }
        return remainder and all(
            mapping(self.value, "metadata", key).items() <= mapping(value, "metadata", key).items() for key in ("labels", "annotations")
        )


def objects(stream: str) -> Iterator[Object]:
    """The objects of a rendered stream."""
    for chunk in yamltext.split(stream):
        value = yamltext.load(stream[chunk.start : chunk.end]).value
        if isinstance(value, dict):
            api = text(value, "apiVersion") or ""
            group = api.split("/")[0] if "/" in api else ""
            name, namespace = text(value, "metadata", "name") or "", text(value, "metadata", "namespace")
            yield Object(ResourceId(group, text(value, "kind") or "", namespace, name), value)


def differences(before: Sequence[Object], after: Sequence[Object], planned: Sequence[PlannedObject], build: Build) -> Iterator[str]:
    """What is not as planned, in words."""
    old, new = {one.id: one.value for one in before}, {one.id: one.value for one in after}
    yield from (f"{id_} is gone" for id_ in old.keys() - new.keys())
    fields: dict[ResourceId, Value] = {id_: value for id_, value in old.items() if id_ in new}
    expected: list[Expected] = []
    for candidate in planned:
        for landing in build.landings(candidate.source.at.path):
            ids = [id_ for id_ in fields if _is_rendered(id_, candidate.source.id, landing)]
            for id_ in ids:
                fields[id_] = _planned_value(fields[id_], candidate, landing)
            expected += [Expected(account, landing, [id_.namespace for id_ in ids]) for account in candidate.accounts]
    yield from _wrong_accounts({id_: value for id_, value in new.items() if id_ not in old}, expected)
    for id_, value in fields.items():
        if new[id_] != value:
            yield f"{id_}: {'differs' if id_.kind == 'Secret' else checks.difference(value, new[id_])}"


def _wrong_accounts(added: Mapping[ResourceId, Value], expected: Sequence[Expected]) -> Iterator[str]:
    for id_, value in added.items():
        if not any(one.is_rendered_as(id_, value) for one in expected):
            yield f"{id_} is new, and not as planned"
    for candidate in expected:
        if not any(candidate.is_rendered_as(id_, value) for id_, value in added.items()):
            yield f"ServiceAccount {candidate.value['metadata']['name']} is planned, and not there"


def _is_rendered(id_: ResourceId, source: ResourceId, landing: Landing) -> bool:
    is_there = landing.namespace is None or id_.namespace in (None, landing.namespace)
    return is_there and (id_.group, id_.kind, id_.name) == (source.group, source.kind, landing.prefix + source.name + landing.suffix)


def _planned_value(value: Value, planned: PlannedObject, landing: Landing) -> Value:
    """The rendered object with the plan laid over it."""
    result, source = deepcopy(value), deepcopy(planned.source.value)
    for operation in planned.operations:
        json_pointer = _there(operation.pointer, source, result)
        source = apply(source, operation)  # the next pointer leads into what this one leaves
        if json_pointer is None:
            continue
        output = _renamed(operation, landing)
        is_there = resolve(result, json_pointer) is not None
        if operation.op == "add" and is_there and isinstance(output.value, dict):
            result = apply(
                result,
                output._replace(op="replace", pointer=json_pointer, value={**mapping(resolve(result, json_pointer)), **output.value}),
            )
        elif operation.op == "add" or is_there:
            result = apply(_with_parents(result, json_pointer), output._replace(pointer=json_pointer))
    return result


def _renamed(operation: Operation, landing: Landing) -> Operation:
    """The operation with the account's name and namespace as the build makes them."""
    namespace, before, behind = landing.namespace, landing.prefix, landing.suffix
    if operation.pointer.endswith("/serviceAccountName"):
        return operation._replace(value=before + operation.value + behind)
    if operation.pointer.startswith("/subjects"):
        entries = operation.value if isinstance(operation.value, list) else [operation.value]
        result = [
            {**entry, "name": before + entry["name"] + behind, **({"namespace": namespace} if namespace else {})} for entry in entries
        ]
        return operation._replace(value=result if isinstance(operation.value, list) else result[0])
    return operation


def _with_parents(value: Value, json_pointer: str) -> Value:
    """The value with the mapping that a new key goes into."""
    above = parts(json_pointer)[:-1]
    if above and resolve(value, pointer(*above)) is None:
        return apply(_with_parents(value, pointer(*above)), Operation(NOWHERE, "add", pointer(*above), {}))
    return value


def _there(json_pointer: str, source: Value, value: Value) -> str | None:
    """Where a pointer into the source leads in the rendered object: list items go by their names. None for nowhere."""
    result: list[str] = []
    for step in parts(json_pointer):
        if isinstance(value, list) and isinstance(source, list) and step.isdigit():
            name = text(source[int(step)], "name") if int(step) < len(source) else None
            position = next((index for index, one in enumerate(value) if text(one, "name") == name), None) if name else int(step)
            if position is None:
                return None
            source, value = source[int(step)] if int(step) < len(source) else None, value[position] if position < len(value) else None
            result.append(str(position))
            continue
        source, value = at(source, step), at(value, step)
        result.append(step)
    return pointer(*result)
