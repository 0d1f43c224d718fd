"""Commands and arguments that reach for the API (R-E6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import Argument, ContainerTexts, read
from samigrate.evidence._scripts import library, may_import

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, TextPattern
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    location = workload.resource.at
    for reading in read(workload):
        signs = (*catalog.arguments, library()) if may_import(reading.lower) else catalog.arguments
        for sign in signs if reading.lower or reading.values else ():
            hit = _in_arguments(reading, sign) or _in_values(reading, sign)
            if hit:
                description, pointer = hit
                yield Evidence(
                    "arguments", Sign.ARGUMENT, Strength.STRONG, f"{description} ({sign.name})", location, pointer, reading.container.name
                )


def _in_arguments(reading: ContainerTexts, sign: TextPattern) -> tuple[str, str] | None:
    if not sign.may_be_in(reading.lower):
        return None
    for argument in reading.arguments:
        for fragment in _pieces(argument, sign):
            if match := sign.search(fragment):
                return f"runs with {match[0].strip(_QUOTES)}", argument.pointer
    return None


def _pieces(argument: Argument, sign: TextPattern) -> tuple[str, ...]:
    if "argv" in sign.places:
        return argument.text, *argument.tokens()
    return (argument.text,) if "shell" in sign.places and (argument.is_program or argument.is_script) else ()


def _in_values(reading: ContainerTexts, sign: TextPattern) -> tuple[str, str] | None:
    if "env" not in sign.places or not sign.may_be_in(reading.values):
        return None
    for variable in reading.variables:
        if variable.value and (match := sign.search(variable.value)):
            return f"variable {variable.name} holds {match[0].strip(_QUOTES)}", variable.pointer + "/value"
    return None


_QUOTES = " \t\n\"'`;&|()="

SOURCE = EvidenceSource("arguments", (Sign.ARGUMENT,), _find)
