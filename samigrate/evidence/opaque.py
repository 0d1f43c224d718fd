"""Values that are not there yet: placeholders in image, command, arguments and variables (R-E2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import read

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_TEXT = re.compile(r"\$\{|\{\{|(?:^|=)<[^<>\s][^<>]*>$")  # $(VAR) is Kubernetes' own there
_IMAGE = re.compile(r"\$[({]|\$[A-Z_]|\{\{|<[^<>]+>|%[A-Za-z_]+%")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    location = workload.resource.at
    for reading in read(workload):
        root = workload.pod + reading.container.pointer
        for description, pointer in (*_image(reading.container.value.get("image"), root), *_odd(reading.container.value, root)):
            yield Evidence("opaque-value", Sign.OTHER, Strength.WEAK, description, location, pointer, reading.container.name)
        if _may_hold(reading.lower):
            for argument in reading.arguments:
                if not argument.is_script and _TEXT.search(argument.text):
                    detail = "an argument is a placeholder"
                    yield Evidence("opaque-value", Sign.OTHER, Strength.WEAK, detail, location, argument.pointer, reading.container.name)
        if _may_hold(reading.values):
            for variable in reading.variables:
                if variable.value and _TEXT.search(variable.value):
                    detail = f"variable {variable.name} is a placeholder"
                    yield Evidence(
                        "opaque-value", Sign.OTHER, Strength.WEAK, detail, location, variable.pointer + "/value", reading.container.name
                    )


def _image(image: object, root: str) -> Iterator[tuple[str, str]]:
    if isinstance(image, str) and _IMAGE.search(image):
        yield f"image {image} is a placeholder", root + "/image"


def _odd(container: dict[str, object], root: str) -> Iterator[tuple[str, str]]:
    """An unquoted `{{ x }}` reads as a mapping where text should be."""
    if not isinstance(container.get("image"), (str, type(None))):
        yield "image is no text yet", root + "/image"
    for field in ("command", "args"):
        value = container.get(field)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value)):
            yield f"{field} is no list of texts yet", f"{root}/{field}"


def _may_hold(texts: str) -> bool:
    return "${" in texts or "{{" in texts or "<" in texts


SOURCE = EvidenceSource("opaque-value", (Sign.OTHER,), _find)
