"""Changes that are known already: a JSON report of an earlier run, which `migrate --check --baseline` holds a run against.

A change is known by its file, object, transform and operation, whatever line it stands on; a reason in other words is
the same change. Made with `samigrate audit --format json --output baseline.json .` from the same folder.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from samigrate import transforms
from samigrate.base import data_files, json_files
from samigrate.base.errors import InputError
from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.domain.model import About, ResourceId
from samigrate.domain.outcome import Applied, Outcome
from samigrate.plan import schema
from samigrate.settings.config import ConfigDocument


class KnownChange(NamedTuple):
    """What a change is known by; `value` is JSON, of a new object its kind and name."""

    path: str
    resource: tuple[Value, ...]
    pod: str
    transform: str
    op: str
    pointer: str
    value: str


def read(path: str) -> Counter[KnownChange]:
    """The changes of a JSON report. Raises InputError."""
    content = data_files.users(path)
    report = json_files.parse(path, content)
    if not isinstance(report, dict) or report.get("version") != 1 or "workloads" not in report:
        raise InputError(path, 1, "is no report: make one with `samigrate audit --format json --output FILE PATH`")
    schema.check(ConfigDocument(path, content, report), schema.report())
    entries = [*sequence(report, "workloads"), *sequence(report, "objects")]
    return Counter(change for entry in entries for change in _stated(entry))


def _stated(entry: Value) -> Iterator[KnownChange]:
    named = mapping(entry, "resource")
    resource = tuple(named.get(key) for key in ResourceId._fields)
    for operation in sequence(entry, "operations"):
        transform, op, pointer = (text(operation, key) or "" for key in ("transform", "op", "pointer"))
        if not transforms.is_commentary(transform):
            value = _value(pointer, at(operation, "after"))
            yield KnownChange(text(entry, "path") or "", resource, text(entry, "pod") or "", transform, op, pointer, value)


class Compared(NamedTuple):
    """What a run would change and the baseline does not hold, as lines for people, and how many changes it holds that
    would not be made any more."""

    new: tuple[str, ...]
    gone: int


def compare(outcome: Outcome, existing: Counter[KnownChange]) -> Compared:
    """A run against the known changes; where one is known twice, two of it are."""
    left, lines = existing.copy(), []
    for path, line, change in _planned(outcome):
        if left[change] > 0:
            left[change] -= 1
        else:
            description = f"{change.op} {change.pointer}" if change.pointer else f"{change.op} {change.value.strip('[]')}"
            lines.append(
                f"{path}:{line}: {change.resource[1]} {change.resource[3]}: not in the baseline: {description} ({change.transform})"
            )
    return Compared(tuple(lines), left.total())


def _planned(outcome: Outcome) -> Iterator[tuple[str, int, KnownChange]]:
    for report in outcome.workloads:
        resource = report.workload.id._replace(namespace=report.namespace)
        path = report.workload.resource.at.path
        yield from (
            (path, report.line, _change(path, resource, report.workload.pod, applied)) for applied in report.applied if _counts(applied)
        )
    for result in outcome.objects:
        path = result.resource.at.path
        yield from (
            (path, result.resource.at.line, _change(path, result.resource.id, "", applied))
            for applied in result.applied
            if _counts(applied)
        )


def _counts(applied: Applied) -> bool:
    return applied.about is not About.COMMENTARY


def _change(path: str, resource: ResourceId, pod: str, applied: Applied) -> KnownChange:
    operation = applied.operation
    value = _value(operation.pointer, operation.value)
    return KnownChange(path, tuple(resource), pod, applied.transform, operation.op, operation.pointer, value)


def _value(pointer: str, value: Value) -> str:
    """The value in a form to compare. What a new account says of itself may be worded anew."""
    kept = value if pointer or value is None else [text(value, "kind"), text(value, "metadata", "name")]
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)
