"""How an outcome is told: one module for each format, found by walking this package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from samigrate.domain.outcome import Outcome


class Look(NamedTuple):
    """How text is to look. `width` is that of the terminal, None where nothing is to be cut to fit; `verbosity` is
    -1 for quiet, 0, or more; `workload` is set where one workload's whole chain of evidence is asked for."""

    color: bool = False
    width: int | None = None
    verbosity: int = 0
    workload: bool = False


class Reporter(NamedTuple):
    """One format. `render` yields pieces of text, whole lines each. `with_lines`: it shows the line of each piece of
    evidence, which are looked for then. `syntax` is what it is written in: `text` is made inert on its way out, `json` is
    so by its escapes, `commands` are meant to act on a CI runner, and the format itself sees to what stands in them."""

    id: str
    summary: str
    render: Callable[[Outcome, Look], Iterator[str]]
    with_lines: bool = False
    syntax: Literal["text", "json", "commands"] = "text"


def names() -> list[str]:
    """The formats, without importing them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Reporter:
    reporter = importlib.import_module(f"{__name__}.{name}").REPORTER
    if not isinstance(reporter, Reporter) or reporter.id != name:
        raise TypeError(f"samigrate/report/formats/{name}.py: REPORTER must be a Reporter with the id {name!r}")
    return reporter
