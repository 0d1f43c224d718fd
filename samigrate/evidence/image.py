"""Images that are known to need the API, or to have no use for it (R-E10, R-E12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import text
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import is_configured_here, read, variables

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, ImageHit
    from samigrate.evidence._reading import ContainerTexts
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_VERSION = re.compile(r"(:[^:/@]+)?(@.*)?$")
_STRENGTHS = {"need": Strength.STRONG, "maybe": Strength.WEAK, "no-need": Strength.COUNTER}
_SAYS = {"need": "is known to need the API", "maybe": "may need the API", "no-need": "is known to have no use for the API"}
CONFIG = "config"


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for reading in read(workload):
        container = reading.container
        image = text(container.value, "image")
        hit = catalog.match_image(image) if image and container.list != "ephemeralContainers" else None
        if hit is not None:
            name = _VERSION.sub("", image or "")  # a version would be wrong at the next release
            kind, detail = hit.kind, f"image {name} {_SAYS[hit.kind]}"
            if by := _decided(hit, workload, reading, view):
                kind, detail = "no-need", f"image {name} uses the API by {by}, which says nothing of it"
            pointer = workload.pod + container.pointer + "/image"
            yield Evidence("image", Sign.IMAGE, _STRENGTHS[kind], detail, workload.resource.at, pointer, container.name)


def _decided(hit: ImageHit, workload: Workload, reading: ContainerTexts, view: View) -> str:
    """What decides in the input whether the image uses the API, or "". A sign of use there speaks for itself, and
    outweighs what is said here."""
    for by in hit.decided_by:
        if by == CONFIG and is_configured_here(workload, reading, view):
            return "its configuration"
        if any(item.name == by and item.value is not None for item in variables(reading, view)):
            return f"variable {by}"
    return ""


SOURCE = EvidenceSource("image", (Sign.IMAGE,), _find)
