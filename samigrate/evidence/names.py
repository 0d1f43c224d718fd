"""Names that controllers bear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import mapping, pointer
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_WORDS = re.compile(r"operator|controller|exporter-k8s|provisioner|ingress", re.IGNORECASE)
_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/component", "app", "k8s-app", "component", "control-plane", "name")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if match := _WORDS.search(workload.id.name):
        detail = f"its name says {match[0].lower()}"
        yield Evidence("names", Sign.NAME, Strength.WEAK, detail, workload.resource.at, "/metadata/name")
        return
    for json_pointer, labels in (
        (f"{workload.template}/metadata", mapping(workload.metadata, "labels")),
        ("/metadata", workload.resource.labels),
    ):
        for key in _LABELS:
            if key in labels and (match := _WORDS.search(str(labels[key]))):
                detail = f"its label {key} says {match[0].lower()}"
                yield Evidence("names", Sign.NAME, Strength.WEAK, detail, workload.resource.at, json_pointer + pointer("labels", key))
                return


SOURCE = EvidenceSource("names", (Sign.NAME,), _find, needs_token=True)
