"""Annotations on a workload's own metadata, never on its pod template: so a changed wording restarts no pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import at, mapping, pointer
from samigrate.domain.model import Operation, Workload
from samigrate.facts.state import State

_BEFORE = ("labels", "namespace", "name", "generateName")
"""The keys that new annotations are written behind."""


def write(workload: Workload, state: State, wanted: Mapping[str, str], reason: str) -> Iterator[Operation]:
    """What sets annotations to the wanted values, over the planned state."""
    value, where = state.value(workload.resource), workload.resource.at
    if not wanted:
        return
    present = at(value, "metadata", "annotations")
    if not isinstance(present, dict) or not present:
        op = "replace" if "annotations" in mapping(value, "metadata") else "add"
        yield Operation(where, op, "/metadata/annotations", dict(wanted), None, _BEFORE, reason)
        return
    for key, text in wanted.items():
        old = present.get(key)
        yield Operation(where, "add" if old is None else "replace", "/metadata" + pointer("annotations", key), text, old, (), reason)
