"""Annotations on a workload's own metadata, never on its pod template: so a changed wording restarts no pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import at, mapping, pointer
from samigrate.domain.model import Operation, Workload
from samigrate.facts.state import State

_BEFORE = ("labels", "namespace", "name", "generateName")
"""The keys that new annotations are written behind."""


def write(workload: Workload, state: State, expected: Mapping[str, str], reason: str) -> Iterator[Operation]:
    """What sets annotations to the wanted values, over the planned state."""
    value, location = state.value(workload.resource), workload.resource.at
    if not expected:
        return
    present = at(value, "metadata", "annotations")
    if not isinstance(present, dict) or not present:
        op = "replace" if "annotations" in mapping(value, "metadata") else "add"
        yield Operation(location, op, "/metadata/annotations", dict(expected), None, _BEFORE, reason)
        return
    for key, text in expected.items():
        old = present.get(key)
        yield Operation(location, "add" if old is None else "replace", "/metadata" + pointer("annotations", key), text, old, (), reason)
