"""Parts of a node or of the cluster itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import text
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_PATHS = ("/var/lib/kubelet", "/etc/cni")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    location = workload.resource.at
    for index, volume in workload.spec.volumes():
        path = text(volume, "hostPath", "path")
        if path and path.startswith(_PATHS):
            yield Evidence(
                "host", Sign.NODE, Strength.WEAK, f"mounts {path} of its node", location, f"{workload.pod}/volumes/{index}/hostPath"
            )
    priority = text(workload.spec.value, "priorityClassName")
    if priority and priority.startswith("system-"):
        yield Evidence("host", Sign.NODE, Strength.WEAK, f"has priority {priority}", location, workload.pod + "/priorityClassName")
    if view.namespace == "kube-system":
        yield Evidence("host", Sign.NODE, Strength.WEAK, "runs in kube-system", location, "/metadata/namespace")


SOURCE = EvidenceSource("host", (Sign.NODE,), _find, needs_token=True)
