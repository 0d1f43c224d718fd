"""What was found outside the manifests: items of `--evidence FILE` (source code, a cluster dump), but for what audit logs show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import text
from samigrate.catalog import path_of
from samigrate.domain.model import Evidence, Location, Sign, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings
    from samigrate.settings.evidence_files import Item


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    existing = settings.evidence
    if not existing.items:
        return
    for item in existing.others:
        if _is_about(dict(item.subject), workload, view):
            yield _evidence(item, workload, None)
    for container in workload.spec.containers():
        image = text(container.value, "image")
        if image is None:
            continue
        path = path_of(image)
        for item in existing.of_image(path.rpartition("/")[2]):
            subject = dict(item.subject)
            expected = path_of(subject["image"])
            if (path == expected or path.endswith("/" + expected)) and _is_about(subject, workload, view):
                yield _evidence(item, workload, container.name)


def _is_about(subject: dict[str, str], workload: Workload, view: View) -> bool:
    """Whether the subject's other keys are the workload's; a namespace that nobody states is nobody's."""
    facts = {
        "kind": workload.id.kind,
        "name": workload.id.name,
        "namespace": view.namespace or workload.id.namespace,
        "account": workload.spec.account,
    }
    return all(facts[key] == value for key, value in subject.items() if key != "image")


def _evidence(item: Item, workload: Workload, container: str | None) -> Evidence:
    # Without the line: the text becomes an annotation, which should not change whenever the code does.
    suffix = f" ({item.path})" if item.path else ""
    location = Location(item.path, line=item.line or 1) if item.path else workload.resource.at
    return Evidence("evidence-file", Sign.OTHER, item.strength, item.why + suffix, location, "", container)


SOURCE = EvidenceSource("evidence-file", (Sign.OTHER,), _find)
