"""The token's path in what the containers run or read (R-E3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.domain.model import Evidence, Location, Resource, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import fields, imports, place, read, texts

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

PATH = "/run/secrets/kubernetes.io/serviceaccount"
"""Also the end of `/var/run/secrets/…`."""


class _Hit(NamedTuple):
    key: str
    at: Location
    pointer: str


_SCANNED: WeakKeyDictionary[Resource, tuple[_Hit, ...]] = WeakKeyDictionary()


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    location = workload.resource.at
    for reading in read(workload):
        name = reading.container.name
        if PATH in reading.lower:
            for argument in reading.arguments:
                if PATH in argument.text:
                    detail = "names the token's path in what it runs"
                    yield Evidence("token-path", Sign.TOKEN_PATH, Strength.PROOF, detail, location, argument.pointer, name)
        if PATH in reading.values:
            for variable in reading.variables:
                if PATH in (variable.value or ""):
                    detail = f"names the token's path in variable {variable.name}"
                    yield Evidence("token-path", Sign.TOKEN_PATH, Strength.PROOF, detail, location, variable.pointer + "/value", name)
    for content, pointer in fields(workload):
        if PATH in content:
            yield Evidence("token-path", Sign.TOKEN_PATH, Strength.PROOF, f"names the token's path in its {pointer[1:]}", location, pointer)
    for item in imports(workload):
        for visible in view.find("", item.kind, item.name):
            for hit in _scan(visible.resource):
                if item.keys is None or hit.key in item.keys:
                    detail = f"{item.kind} {item.name}, which it reads, names the token's path in {hit.key}"
                    yield Evidence("token-path", Sign.TOKEN_PATH, Strength.PROOF, detail, hit.at, hit.pointer)


def _scan(resource: Resource) -> tuple[_Hit, ...]:
    result = _SCANNED.get(resource)
    if result is None:
        hits = (_Hit(key, place(resource, text, text.index(PATH)), where) for key, text, where in texts(resource) if PATH in text)
        result = _SCANNED[resource] = tuple(hits)
    return result


SOURCE = EvidenceSource("token-path", (Sign.TOKEN_PATH,), _find)
