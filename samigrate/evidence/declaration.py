"""What the user declares: the annotation `api-access`, and the config's list (R-F3). It is final."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from samigrate.evidence import DECLARED, Source
from samigrate.model import Evidence, Strength, Workload
from samigrate.values import Value, mapping, pointer

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Declaration, Settings
    from samigrate.scope.index import View

_STRENGTHS = {"required": Strength.PROOF, "none": Strength.COUNTER}


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    key = f"{settings.prefix}/api-access"
    own, pod = workload.resource.annotations.get(key), mapping(workload.metadata, "annotations").get(key)
    said: Value = own if own is not None else pod
    if isinstance(said, str) and said in _STRENGTHS:
        where = ("/metadata" if own is not None else f"{workload.template}/metadata") + pointer("annotations", key)
        yield Evidence(DECLARED, 0, _STRENGTHS[said], f"its annotation {key} says {said}", workload.resource.at, where)
        return
    for item in settings.api_access:
        if _covers(item, workload, view):
            detail = f"the config declares its api-access {item.access}"
            yield Evidence(DECLARED, 0, _STRENGTHS[item.access], detail, workload.resource.at)
            return


def _covers(item: Declaration, workload: Workload, view: View) -> bool:
    namespace = view.namespace or workload.id.namespace or ""
    pairs = ((workload.id.kind, item.kind), (namespace, item.namespace), (workload.id.name, item.name))
    return all(fnmatchcase(value, glob) for value, glob in pairs)


SOURCE = Source(DECLARED, (0,), _find)
