"""What the user declares: the annotation `api-access`, and the config's list (R-F3). It is final.

A declaration that cannot be understood counts as one of need: a token that is kept by mistake costs less than one that
is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from samigrate.base.values import Value, mapping, pointer
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import DECLARED, EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import AccessDeclaration, Settings

ACCESS = "api-access"
STRENGTHS = {"required": Strength.PROOF, "none": Strength.COUNTER}
"""What a declaration may say."""
_NEAR = 0.8
"""How alike a key must be to count as a misspelt `api-access` (difflib's ratio)."""


class Stated(NamedTuple):
    """An annotation that declares something: its key, its value, and the pointer to it in the object."""

    key: str
    value: Value
    pointer: str


def stated(workload: Workload, prefix: str) -> list[Stated]:
    """The annotations that declare the workload's use of the API, misspelt keys included; the object's own first."""
    positions = [("/metadata", workload.resource.annotations)]
    if workload.template:
        positions.append((f"{workload.template}/metadata", mapping(workload.metadata, "annotations")))
    return [
        Stated(key, value, json_pointer + pointer("annotations", key))
        for json_pointer, annotations in positions
        for key, value in annotations.items()
        if value is not None and _is_meant(key, prefix)
    ]


def is_understood(one: Stated, prefix: str) -> bool:
    return one.key == f"{prefix}/{ACCESS}" and isinstance(one.value, str) and one.value in STRENGTHS


def _is_meant(key: Value, prefix: str) -> bool:
    if not isinstance(key, str):
        return False
    start, slash, word = key.partition("/")
    return bool(slash) and start == prefix and bool(get_close_matches(word.lower(), [ACCESS], cutoff=_NEAR))


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    statements = stated(workload, settings.prefix)
    if wrong := next((one for one in statements if not is_understood(one, settings.prefix)), None):
        detail = f"its annotation {wrong.key} says {str(wrong.value)!r}, which is not understood and counts as required"
        yield Evidence(DECLARED, Sign.OTHER, Strength.PROOF, detail, workload.resource.at, wrong.pointer)
        return
    if statements:
        detail = f"its annotation {statements[0].key} says {statements[0].value}"
        yield Evidence(DECLARED, Sign.OTHER, STRENGTHS[statements[0].value], detail, workload.resource.at, statements[0].pointer)
        return
    for item in settings.api_access:
        if _covers(item, workload, view):
            detail = f"the config declares its api-access {item.access}"
            yield Evidence(DECLARED, Sign.OTHER, STRENGTHS[item.access], detail, workload.resource.at)
            return


def _covers(item: AccessDeclaration, workload: Workload, view: View) -> bool:
    namespace = view.namespace or workload.id.namespace or ""
    pairs = ((workload.id.kind, item.kind), (namespace, item.namespace), (workload.id.name, item.name))
    return all(fnmatchcase(value, glob) for value, glob in pairs)


SOURCE = EvidenceSource(DECLARED, (Sign.OTHER,), _find)
