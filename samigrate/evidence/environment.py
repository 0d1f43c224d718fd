"""Variables that speak of the API (R-E7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import Variable, read, variables

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, VariablePattern
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_FALSE = frozenset(("false", "0", "no", "off", ""))
_FIELDS = frozenset(("POD_NAMESPACE", "POD_NAME", "NODE_NAME"))
_FIELD_ENDINGS = ("_POD_NAMESPACE", "_POD_NAME", "_NODE_NAME")
_MENTION = re.compile(r"KUBE|K8S", re.IGNORECASE)


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for reading in read(workload):
        result = variables(reading, view)
        by_name = {item.name: item for item in result}
        name, has_hinted = reading.container.name, False
        for item in result:
            if any(_speaks(item, variable, by_name) for variable in catalog.variables(item.name)):
                yield Evidence(
                    "environment", Sign.VARIABLE, Strength.STRONG, f"variable {item.name} speaks of the API", item.at, item.pointer, name
                )
            elif not has_hinted and _hints(item):
                has_hinted = True  # more of them say no more (each once)
                yield Evidence(
                    "environment", Sign.POD_VARIABLE, Strength.WEAK, f"variable {item.name} hints at the API", item.at, item.pointer, name
                )


def _speaks(item: Variable, variable: VariablePattern, by_name: Mapping[str, Variable]) -> bool:
    """R-E7."""
    if variable.literal and item.field is not None:
        return False
    if not variable.takes(item.value if item.value is None else item.value.strip()):
        return False
    if item.name.endswith("_ENABLED") and item.value is not None and item.value.strip().lower() in _FALSE:
        return False
    return all(name in by_name for name in variable.beside) and not any(_is_set(condition, by_name) for condition in variable.unless)


def _is_set(condition: str, by_name: Mapping[str, Variable]) -> bool:
    name, equals, value = condition.partition("=")
    variable = by_name.get(name)
    return variable is not None and (not equals or (variable.value or "").strip().lower() == value.lower())


def _hints(item: Variable) -> bool:
    if item.field is not None and (item.name in _FIELDS or item.name.endswith(_FIELD_ENDINGS) or item.field == "metadata.namespace"):
        return True
    return _MENTION.search(item.name) is not None


SOURCE = EvidenceSource("environment", (Sign.VARIABLE, Sign.POD_VARIABLE), _find, needs_token=True)
