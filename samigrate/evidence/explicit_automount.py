"""An explicit `automountServiceAccountToken: true` on the pod (E.2 rank 2), unless an earlier run of ours wrote it (R-E2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.evidence import OWN_AUTOMOUNT, Source
from samigrate.model import Evidence, Strength, Workload

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if workload.spec.automount is not True:
        return
    where = workload.pod + "/automountServiceAccountToken"
    before = workload.resource.annotations.get(f"{settings.prefix}/previous-automount")
    if before in (None, "true", True):
        yield Evidence("explicit-automount", 2, Strength.PROOF, "its pod asks for the token explicitly", workload.resource.at, where)
    else:
        # Ours where other evidence stands beside it, for only then do we write it; else someone has put it back by hand.
        detail = "its pod asks for the token explicitly, since an earlier run or a correction of it"
        yield Evidence(OWN_AUTOMOUNT, 2, Strength.STRONG, detail, workload.resource.at, where)


SOURCE = Source("explicit-automount", (2,), _find)
