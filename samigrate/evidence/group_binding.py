"""Rights of every account of the namespace or the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.scope.rights import describe, needs_token

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for grant in view.group_grants():
        if needs_token(grant, catalog):
            yield Evidence("group-binding", Sign.GROUP_BINDING, Strength.WEAK, describe(grant), grant.binding.at, grant.pointer)


SOURCE = EvidenceSource("group-binding", (Sign.GROUP_BINDING,), _find, is_common=True, needs_token=True)
