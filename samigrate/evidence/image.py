"""Images that are known to need the API, or to have no use for it (E.2 rank 10, R-E10, R-E12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.evidence import Source
from samigrate.model import Evidence, Strength, Workload
from samigrate.values import text

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View

_VERSION = re.compile(r"(:[^:/@]+)?(@.*)?$")
_STRENGTHS = {"need": Strength.STRONG, "maybe": Strength.WEAK, "no-need": Strength.COUNTER}
_SAYS = {"need": "is known to need the API", "maybe": "may need the API", "no-need": "is known to have no use for the API"}


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for container in workload.spec.containers():
        image = text(container.value, "image")
        hit = catalog.match_image(image) if image else None
        if hit is not None:
            name = _VERSION.sub("", image or "")
            detail = f"image {name} {_SAYS[hit.kind]}"  # a version would be wrong at the next release
            where = workload.pod + container.pointer + "/image"
            yield Evidence("image", 10, _STRENGTHS[hit.kind], detail, workload.resource.at, where, container.name)


SOURCE = Source("image", (10,), _find)
