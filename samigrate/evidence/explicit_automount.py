"""An explicit `automountServiceAccountToken: true` on the pod: proof, unless an earlier run of ours wrote it
(R-E2), or a chart's library did, which writes it always. None where a chart is rendered whose values say `true` by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import AUTOMOUNT_FIELD, Evidence, Sign, Strength, Workload
from samigrate.domain.record import PREVIOUS_AUTOMOUNT
from samigrate.evidence import OWN_AUTOMOUNT, EvidenceSource
from samigrate.scope.rights import needs_token

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if workload.spec.automount is not True or settings.says_true_by_default:
        return
    pointer = f"{workload.pod}/{AUTOMOUNT_FIELD}"
    if _is_scaffold(workload) and not any(needs_token(grant, catalog) for grant in view.grants(workload.spec.account)):
        detail = "its pod asks for the token explicitly, as charts write it by habit, and nothing gives its account a right"
        yield Evidence("explicit-automount", Sign.EXPLICIT_AUTOMOUNT, Strength.WEAK, detail, workload.resource.at, pointer)
        return
    before = workload.resource.annotations.get(f"{settings.prefix}/{PREVIOUS_AUTOMOUNT}")
    if before in (None, "true", True):
        yield Evidence(
            "explicit-automount",
            Sign.EXPLICIT_AUTOMOUNT,
            Strength.PROOF,
            "its pod asks for the token explicitly",
            workload.resource.at,
            pointer,
        )
    else:
        # Ours where other evidence stands beside it, for only then do we write it; else someone has put it back by hand.
        detail = "its pod asks for the token explicitly, since an earlier run or a correction of it"
        yield Evidence(OWN_AUTOMOUNT, Sign.EXPLICIT_AUTOMOUNT, Strength.STRONG, detail, workload.resource.at, pointer)


def _is_scaffold(workload: Workload) -> bool:
    """Chart libraries write the field on every pod, whatever runs in it."""
    return "helm.sh/chart" in workload.resource.labels or workload.resource.labels.get("app.kubernetes.io/managed-by") == "Helm"


SOURCE = EvidenceSource("explicit-automount", (Sign.EXPLICIT_AUTOMOUNT,), _find)
