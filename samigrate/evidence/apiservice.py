"""Backends of an APIService: extension API servers ask the API about their callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import mapping
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._backends import match
from samigrate.scope.matching import Match

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for service in view.everywhere("apiregistration.k8s.io", "APIService"):
        result = match(workload, view, mapping(service.value, "spec", "service"))
        if result:
            strength = Strength.PROOF if result is Match.SAME else Strength.STRONG
            yield Evidence("api-service", Sign.API_SERVICE, strength, f"serves APIService {service.id.name}", service.at, "/spec/service")


SOURCE = EvidenceSource("api-service", (Sign.API_SERVICE,), _find)
