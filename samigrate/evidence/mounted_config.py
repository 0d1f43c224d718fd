"""Configuration that makes its reader use the API (R-E8): in files that it mounts or imports, on its command
line, in its variables, in the fields of a custom resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.domain.model import Evidence, Location, Resource, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import ContainerTexts, fields, imports, place, read, texts
from samigrate.evidence._scripts import is_script, library

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, TextPattern
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


class _Hit(NamedTuple):
    key: str
    name: str
    at: Location
    pointer: str


_SCANNED: WeakKeyDictionary[Catalog, WeakKeyDictionary[Resource, tuple[_Hit, ...]]] = WeakKeyDictionary()


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for item in imports(workload):
        for visible in view.find("", item.kind, item.name):
            for hit in _scan(visible.resource, catalog):
                if item.keys is None or hit.key in item.keys:
                    detail = f"{item.kind} {item.name}, which it reads, has {hit.name} in {hit.key}"
                    yield Evidence("mounted-config", Sign.MOUNTED_CONFIG, Strength.STRONG, detail, hit.at, hit.pointer)
    yield from _given(workload, catalog)


def _given(workload: Workload, catalog: Catalog) -> Iterator[Evidence]:
    """What the object itself gives its program."""
    location = workload.resource.at
    for reading in read(workload):
        for sign in catalog.config if reading.lower or reading.values else ():
            for description, pointer in _in_container(reading, sign):
                yield Evidence(
                    "mounted-config",
                    Sign.MOUNTED_CONFIG,
                    Strength.STRONG,
                    f"{description} has {sign.name}",
                    location,
                    pointer,
                    reading.container.name,
                )
    for content, pointer in fields(workload):
        lower = content.lower()
        for sign in catalog.config:
            if sign.may_be_in(lower) and sign.search(content):
                yield Evidence(
                    "mounted-config", Sign.MOUNTED_CONFIG, Strength.STRONG, f"its {pointer[1:]} has {sign.name}", location, pointer
                )


def _in_container(reading: ContainerTexts, sign: TextPattern) -> Iterator[tuple[str, str]]:
    if sign.may_be_in(reading.lower) and (match := sign.search(reading.line)):
        yield "what it runs", reading.argument_at(match.end() - 1).pointer
    for variable in reading.variables if sign.may_be_in(reading.values) else ():
        if variable.value and sign.search(variable.value):
            yield f"variable {variable.name}", variable.pointer + "/value"


def _scan(resource: Resource, catalog: Catalog) -> tuple[_Hit, ...]:
    """A large ConfigMap is shared by many workloads: it is searched once."""
    scanned = _SCANNED.setdefault(catalog, WeakKeyDictionary())
    hits = scanned.get(resource)
    if hits is None:
        hits = scanned[resource] = tuple(_search(resource, catalog))
    return hits


def _search(resource: Resource, catalog: Catalog) -> Iterator[_Hit]:
    for key, content, pointer in texts(resource):
        lower = content.lower()
        in_scripts = [sign for sign in catalog.arguments if "script" in sign.places] if is_script(key, content) else []
        for sign in (*catalog.config, *in_scripts, *([library()] if in_scripts else [])):
            if sign.may_be_in(lower) and (match := sign.search(content)):
                yield _Hit(key, sign.name, place(resource, content, match.start()), pointer)


SOURCE = EvidenceSource("mounted-config", (Sign.MOUNTED_CONFIG,), _find)
