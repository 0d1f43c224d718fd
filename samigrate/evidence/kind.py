"""Kinds whose own design needs the API in their pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if workload.rule.api:
        yield Evidence("kind", Sign.OTHER, Strength.STRONG, f"a {workload.id.kind}: {workload.rule.api}", workload.resource.at, "/kind")


SOURCE = EvidenceSource("kind", (Sign.OTHER,), _find)
