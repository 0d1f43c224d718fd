"""Who else is shown a token of the pod's account: CSI drivers and the readers of projected tokens (R-D29, R-E5).

None of them asks about automount, and each may know the old account by name: a cloud's trust policy, a role of Vault. Their
refusal keeps the pod from starting, or from its secrets.
"""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.base.values import sequence, text
from samigrate.domain.model import Risk
from samigrate.domain.tokens import is_for_the_api
from samigrate.facts.state import Work
from samigrate.scope.view import View

DRIVERS = frozenset(
    {
        *("secrets-store.csi.k8s.io", "gcsfuse.csi.storage.gke.io", "s3.csi.aws.com", "efs.csi.aws.com", "csi.cert-manager.io"),
        *("file.csi.azure.com", "blob.csi.azure.com"),
    }
)
"""CSI drivers that are handed a token of the pod's account (as of 2026-11); others show in their CSIDriver."""


def volumes(work: Work, view: View) -> Iterator[tuple[str, str]]:
    """(volume, driver) of each that a driver serves which is handed a token."""
    existing = {
        resource.id.name for resource in view.everywhere("storage.k8s.io", "CSIDriver") if sequence(resource.value, "spec", "tokenRequests")
    }
    for _, volume in work.workload.spec.volumes():
        driver = text(volume, "csi", "driver")
        if driver and (driver in DRIVERS or driver in existing):
            yield text(volume, "name") or "", driver


def risks(work: Work) -> Iterator[tuple[Risk, str]]:
    """Why a move of the workload to another account is for people to look at."""
    for audience in _audiences(work):
        yield Risk.L4, f"a projected token for {audience} names the account, R-E5"
    for driver in dict.fromkeys(driver for view in work.views for _, driver in volumes(work, view)):
        yield Risk.L4, f"{driver} is handed a token of the account, R-D29"


def _audiences(work: Work) -> Iterator[str]:
    """The API server takes the new account's token as well; no other system is shown it."""
    sources = (source for _, volume in work.workload.spec.volumes() for source in sequence(volume, "projected", "sources"))
    for audience in dict.fromkeys(text(source, "serviceAccountToken", "audience") for source in sources):
        if audience and not is_for_the_api(audience, work.settings.api_audience):
            yield audience
