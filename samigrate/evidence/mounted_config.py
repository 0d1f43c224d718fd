"""Configuration that makes its reader discover things through the API (E.2 rank 9, R-E8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.evidence import Source
from samigrate.evidence._reading import imports, place, texts
from samigrate.model import Evidence, Location, Resource, Strength, Workload

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View


class _Hit(NamedTuple):
    key: str
    name: str
    at: Location
    pointer: str


_SCANNED: WeakKeyDictionary[Catalog, WeakKeyDictionary[Resource, tuple[_Hit, ...]]] = WeakKeyDictionary()
_SCRIPTS = (".sh", ".bash", ".py", ".rb", ".pl")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for item in imports(workload):
        for seen in view.find("", item.kind, item.name):
            for hit in _scan(seen.resource, catalog):
                if item.keys is None or hit.key in item.keys:
                    detail = f"{item.kind} {item.name}, which it reads, has {hit.name} in {hit.key}"
                    yield Evidence("mounted-config", 9, Strength.STRONG, detail, hit.at, hit.pointer)


def _scan(resource: Resource, catalog: Catalog) -> tuple[_Hit, ...]:
    """A large ConfigMap is shared by many workloads: it is searched once."""
    scanned = _SCANNED.setdefault(catalog, WeakKeyDictionary())
    found = scanned.get(resource)
    if found is None:
        found = scanned[resource] = tuple(_search(resource, catalog))
    return found


def _search(resource: Resource, catalog: Catalog) -> Iterator[_Hit]:
    for key, content, where in texts(resource):
        lower = content.lower()
        in_scripts = [sign for sign in catalog.arguments if "script" in sign.places] if _is_script(key, content) else []
        for sign in (*catalog.config, *in_scripts):
            if sign.may_be_in(lower) and (found := sign.search(content)):
                yield _Hit(key, sign.name, place(resource, content, found.start()), where)


def _is_script(key: str, content: str) -> bool:
    return key.endswith(_SCRIPTS) or content.startswith("#!")


SOURCE = Source("mounted-config", (9,), _find)
