"""The operations that set a pod's account and its automount value; `spec` is the pod spec as planned so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value
from samigrate.domain.model import ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD, Operation
from samigrate.facts import layout
from samigrate.facts.state import Work


def set_account(work: Work, spec: Mapping[str, Value], name: str, reason: str) -> Operation:
    """Write the account under its current name; the alias is left to `drop_alias`."""
    return _set(work, spec, ACCOUNT_FIELD, name, layout.account(spec), reason)


def drop_alias(work: Work, spec: Mapping[str, Value], reason: str = "a deprecated alias") -> Iterator[Operation]:
    """Remove the deprecated alias where it stands (R-A4)."""
    if ALIAS_FIELD in spec:
        pointer = f"{work.workload.pod}/{ALIAS_FIELD}"
        yield Operation(work.workload.resource.at, "remove", pointer, None, spec[ALIAS_FIELD], (), reason)


def set_automount(work: Work, spec: Mapping[str, Value], value: bool, reason: str) -> Operation:
    return _set(work, spec, AUTOMOUNT_FIELD, value, layout.automount(spec), reason)


def _set(work: Work, spec: Mapping[str, Value], field: str, value: Value, after: tuple[str, ...], reason: str) -> Operation:
    op = "replace" if field in spec else "add"
    return Operation(work.workload.resource.at, op, f"{work.workload.pod}/{field}", value, spec.get(field), after, reason)
