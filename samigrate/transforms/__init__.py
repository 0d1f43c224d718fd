"""Transforms: each proposes one kind of change to one workload, over the planned state.

A module here is a transform: its name with dashes is the id, and `TRANSFORM` says what it comes after and how it is
explained. A transform yields Proposals and Findings; it never edits, prints, sorts or remembers.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from samigrate.base.values import Value
from samigrate.domain.model import Finding, Proposal
from samigrate.facts.state import State, Work

Propose = Callable[[Work, State, Mapping[str, Value]], Iterator[Proposal | Finding]]


class Option(NamedTuple):
    """A switch that a recipe sets, and what it does where it is on and where it is off, in words for people."""

    on: str
    off: str
    type: type = bool


class Transform(NamedTuple):
    """One transform. `after` names those whose outcome it reads; `options` are by name; `rules` are the domain rules
    it follows; `example` is a manifest before and after.

    `apart`: it decides on what an earlier run has left, so it shares a run with no other (R-G3). `restores`: it brings
    back what the workload's annotations have recorded, and is proven against that record instead of the rule that
    nobody gains a token. `narrows`: it takes the token from containers that show no use of it, in a pod that does.
    `for_objects`: it is asked about every object (`Work.is_object`), not about the workloads."""

    id: str
    summary: str
    why: str
    rules: tuple[str, ...]
    propose: Propose
    after: tuple[str, ...] = ()
    apart: bool = False
    restores: bool = False
    narrows: bool = False
    for_objects: bool = False
    options: Mapping[str, Option] = {}
    links: tuple[str, ...] = ()
    example: tuple[str, str] = ("", "")


@cache
def discover() -> Mapping[str, Transform]:
    """Every transform by id. Raises RuntimeError for a module that is none."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        transform = getattr(importlib.import_module(f"{__name__}.{module.name}"), "TRANSFORM", None)
        if not isinstance(transform, Transform) or transform.id != module.name.replace("_", "-"):
            raise RuntimeError(f"samigrate.transforms.{module.name} holds no TRANSFORM of that id")
        found[transform.id] = transform
    return found


def ordered(ids: Iterator[str] | tuple[str, ...] | list[str]) -> list[Transform]:
    """The named transforms, each after those it comes after."""
    every, wanted, done = discover(), set(ids), []

    def place(transform: Transform, above: tuple[str, ...]) -> None:
        if transform.id in above:
            raise RuntimeError(f"transforms in a circle: {' '.join((*above, transform.id))}")
        for earlier in transform.after:
            place(every[earlier], (*above, transform.id))
        if transform.id in wanted and transform not in done:
            done.append(transform)

    for one in sorted(wanted):
        place(every[one], ())
    return done
