"""Injected sidecars that work with the pod's own token (R-E11, R-E14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from samigrate.base.values import Value, mapping, pointer
from samigrate.domain.model import Evidence, Location, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, Injector, Mark
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_FALSE = frozenset(("false", "0", "no", "off", "disabled", "f", "n", "skip"))


class _Site(NamedTuple):
    """Metadata that may ask for a sidecar."""

    place: str
    metadata: dict[str, Value]
    at: Location
    pointer: str

    def keys(self) -> Iterator[Value]:
        for section in ("labels", "annotations"):
            if isinstance(entries := self.metadata.get(section), dict):
                yield from entries


class _Trigger(NamedTuple):
    site: _Site
    mark: Mark
    key: str


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    own_sites, namespaces = list(_own_sites(workload)), list(_namespace_sites(view))
    if not settings.mesh and not any(catalog.may_inject(site.keys()) for site in (*own_sites, *namespaces)):
        return
    for injector in catalog.injectors:
        if injector.token == "own":
            continue
        strength = Strength.STRONG if injector.token == "default" else Strength.WEAK
        hit = _trigger(injector, own_sites, namespaces)
        if hit is not None and not _is_cancelled(injector, [*own_sites, *namespaces]):
            mark, site = hit.mark, hit.site
            detail = f"{mark.kind} {hit.key} on the {site.place} injects a sidecar that uses the pod's token ({injector.name})"
            yield Evidence("injected-sidecar", Sign.SIDECAR, strength, detail, site.at, site.pointer + pointer(mark.section, hit.key))
        elif hit is None and _is_declared(injector, own_sites, settings):
            detail = f"the mesh you declared injects a sidecar that uses the pod's token ({injector.name})"
            yield Evidence("injected-sidecar", Sign.SIDECAR, strength, detail, workload.resource.at)


def _own_sites(workload: Workload) -> Iterator[_Site]:
    if workload.metadata:
        yield _Site("pod", workload.metadata, workload.resource.at, f"{workload.template}/metadata")
    if workload.template != "":
        yield _Site("workload", mapping(workload.resource.value, "metadata"), workload.resource.at, "/metadata")


def _namespace_sites(view: View) -> Iterator[_Site]:
    """The workload's Namespace; every one of the scope where nobody says which it is."""
    all_visible = view.find("", "Namespace", view.namespace) if view.namespace else view.all("", "Namespace")
    for visible in all_visible:
        yield _Site("namespace", mapping(visible.resource.value, "metadata"), visible.resource.at, "/metadata")


def _trigger(injector: Injector, own_sites: list[_Site], namespaces: list[_Site]) -> _Trigger | None:
    hit = _first(injector.triggers, own_sites)
    if hit is not None or _is_refused(injector, own_sites):
        return hit
    return _first(injector.triggers, namespaces)


def _is_refused(injector: Injector, own_sites: list[_Site]) -> bool:
    return _first(injector.triggers, own_sites) is None and any(
        _key(mark, site) is not None for mark in injector.triggers for site in own_sites
    )


def _is_declared(injector: Injector, own_sites: list[_Site], settings: Settings) -> bool:
    if not injector.meshes.intersection(settings.mesh):
        return False
    return not _is_refused(injector, own_sites) and not _is_cancelled(injector, own_sites)


def _is_cancelled(injector: Injector, sites: list[_Site]) -> bool:
    return bool(injector.cancels) and _first(injector.cancels, sites) is not None


def _first(marks: tuple[Mark, ...], sites: list[_Site]) -> _Trigger | None:
    for site in sites:
        for mark in marks:
            key = _key(mark, site)
            if key is not None and _counts(mark, mapping(site.metadata, mark.section)[key]):
                return _Trigger(site, mark, key)
    return None


def _key(mark: Mark, site: _Site) -> str | None:
    """The key in the site's metadata that the mark speaks of."""
    if site.place not in mark.places:
        return None
    entries = mapping(site.metadata, mark.section)
    if not mark.is_glob:
        return mark.name if mark.name in entries else None
    return next((key for key in entries if isinstance(key, str) and mark.matches(key)), None)


def _counts(mark: Mark, value: Value) -> bool:
    sentence = str(value).lower() if isinstance(value, bool) else str(value)
    return sentence in mark.values if mark.values else sentence.lower() not in _FALSE


SOURCE = EvidenceSource("injected-sidecar", (Sign.SIDECAR,), _find, is_common=True)
