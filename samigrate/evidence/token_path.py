"""The token's path in what the containers run or read (E.2 rank 4, R-E3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from samigrate.evidence import Source
from samigrate.evidence._reading import imports, read, texts
from samigrate.model import Evidence, Resource, Strength, Workload

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View

PATH = "/run/secrets/kubernetes.io/serviceaccount"
"""Also the end of `/var/run/secrets/…`."""
_SCANNED: WeakKeyDictionary[Resource, tuple[tuple[str, str], ...]] = WeakKeyDictionary()


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    at = workload.resource.at
    for reading in read(workload):
        name = reading.container.name
        if PATH in reading.lower:
            for argument in reading.arguments:
                if PATH in argument.text:
                    detail = "names the token's path in what it runs"
                    yield Evidence("token-path", 4, Strength.PROOF, detail, at, argument.pointer, name)
        if PATH in reading.values:
            for variable in reading.variables:
                if PATH in (variable.value or ""):
                    detail = f"names the token's path in variable {variable.name}"
                    yield Evidence("token-path", 4, Strength.PROOF, detail, at, variable.pointer + "/value", name)
    for item in imports(workload):
        for seen in view.find("", item.kind, item.name):
            for key, where in _scan(seen.resource):
                if item.keys is None or key in item.keys:
                    detail = f"{item.kind} {item.name}, which it reads, names the token's path in {key}"
                    yield Evidence("token-path", 4, Strength.PROOF, detail, seen.resource.at, where)


def _scan(resource: Resource) -> tuple[tuple[str, str], ...]:
    found = _SCANNED.get(resource)
    if found is None:
        found = _SCANNED[resource] = tuple((key, where) for key, content, where in texts(resource) if PATH in content)
    return found


SOURCE = Source("token-path", (4,), _find)
