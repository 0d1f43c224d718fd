"""What people have told scanners: who silences the check for mounted tokens wants the token (R-F3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import mapping, pointer
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.optouts import scanners

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    location = workload.resource.at
    for scanner, line in workload.resource.silenced:
        detail = f"a comment tells {scanner} that its token is wanted"
        yield Evidence("suppression", Sign.OTHER, Strength.PROOF, detail, location._replace(line=line))
    recorded = str(workload.resource.annotations.get(f"{settings.prefix}/{scanners.RECORDED}", "")).split(", ")
    positions = {"/metadata": mapping(workload.resource.value, "metadata"), f"{workload.template}/metadata": workload.metadata}
    for json_pointer, metadata in positions.items():
        for section in ("annotations", "labels"):
            for word, key in scanners.found(mapping(metadata, section)):
                if word.scanner.lower() in recorded:
                    continue  # a run of ours has said so
                strength = Strength.PROOF if word.is_about_tokens else Strength.WEAK
                description = "its token is wanted" if word.is_about_tokens else "it is to be passed over"
                yield Evidence(
                    "suppression",
                    Sign.OTHER,
                    strength,
                    f"{key} tells {word.scanner} that {description}",
                    location,
                    json_pointer + pointer(section, key),
                )


SOURCE = EvidenceSource("suppression", (Sign.OTHER,), _find)
