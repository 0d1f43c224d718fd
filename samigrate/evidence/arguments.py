"""Commands and arguments that reach for the API (R-E6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.evidence import Source
from samigrate.evidence._reading import Argument, Reading, read
from samigrate.evidence._scripts import library, may_import

if TYPE_CHECKING:
    from samigrate.catalog import Catalog, TextPattern
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    at = workload.resource.at
    for reading in read(workload):
        signs = (*catalog.arguments, library()) if may_import(reading.lower) else catalog.arguments
        for sign in signs if reading.lower or reading.values else ():
            hit = _in_arguments(reading, sign) or _in_values(reading, sign)
            if hit:
                what, where = hit
                yield Evidence("arguments", Sign.ARGUMENT, Strength.STRONG, f"{what} ({sign.name})", at, where, reading.container.name)


def _in_arguments(reading: Reading, sign: TextPattern) -> tuple[str, str] | None:
    if not sign.may_be_in(reading.lower):
        return None
    for argument in reading.arguments:
        for piece in _pieces(argument, sign):
            if found := sign.search(piece):
                return f"runs with {found[0].strip(_QUOTES)}", argument.pointer
    return None


def _pieces(argument: Argument, sign: TextPattern) -> tuple[str, ...]:
    if "argv" in sign.places:
        return argument.text, *argument.tokens()
    return (argument.text,) if "shell" in sign.places and (argument.is_program or argument.is_script) else ()


def _in_values(reading: Reading, sign: TextPattern) -> tuple[str, str] | None:
    if "env" not in sign.places or not sign.may_be_in(reading.values):
        return None
    for variable in reading.variables:
        if variable.value and (found := sign.search(variable.value)):
            return f"variable {variable.name} holds {found[0].strip(_QUOTES)}", variable.pointer + "/value"
    return None


_QUOTES = " \t\n\"'`;&|()="

SOURCE = Source("arguments", (Sign.ARGUMENT,), _find)
