"""Transforms: each proposes one kind of change to one workload, over the planned state.

A module here is a transform: its name with dashes is the id, and `TRANSFORM` is all that the rest of samigrate knows of
it. A transform yields Proposals and Findings; it never edits, prints, sorts or remembers.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from samigrate.base.values import Value
from samigrate.domain.model import About, Finding, Proposal
from samigrate.facts.state import State, Work


class Phase(enum.IntEnum):
    """When a transform runs: after all of the phases before it, whose outcome it may read."""

    TOKEN_SOURCES = 1
    ACCOUNT = 2
    AUTOMOUNT = 3
    PODS = 4
    SPELLING = 5
    OBJECTS = 6
    COMMENTARY = 7
    RECORDS = 8


class Topic(enum.IntEnum):
    """What a sentence is about: who the pods run as is said first."""

    ACCOUNT = 1
    TOKEN = 2
    OTHER = 3


class Sentence(NamedTuple):
    """What a transform has done to a workload, for its annotation, the plan and the pull request."""

    topic: Topic
    text: str


class Part(NamedTuple):
    """A kind of part that a transform proposes. `title` is for the title of a pull request, `why` for its text: there
    `{workloads}` stands for their number, `{get}` for "get" or "gets"."""

    about: About = About.OTHER
    title: str = ""
    why: str = ""


class Option(NamedTuple):
    """A switch that a recipe sets, and what it does where it is on and where it is off, in words for people."""

    on: str
    off: str
    type: type = bool


Propose = Callable[[Work, State, Mapping[str, Value]], Iterator[Proposal | Finding]]
Describe = Callable[[Work, State, Sequence[Proposal]], Iterable[Sentence]]
"""Of a workload, the planned state, and what the transform has proposed for it."""
_OTHER = Part()


def says_nothing(work: Work, state: State, proposals: Sequence[Proposal]) -> Iterable[Sentence]:
    """For a transform whose changes need no sentence."""
    return ()


class Transform(NamedTuple):
    """One transform. `touches` are the fields that it may write: `pod.FIELD` of a pod spec, `metadata.FIELD` of the
    workload, `KIND.FIELD` of another object, `KIND` for a new one. `parts` are by the first word of their names; `options`
    are by name; `rules` are the rules of docs/rules.md that it follows; `example` is a manifest before and after.

    `is_default`: the default recipe has it. `apart`: it decides on what an earlier run has left, so it shares a run with
    no other. `restores`: it brings back what the workload's annotations have recorded, and is proven against that record
    instead of the rule that no workload gains a token. `narrows`: it takes the token from containers that show no use of it,
    in a pod that does. `for_objects`: it is asked about every object (`Work.is_object`), not about the workloads."""

    id: str
    phase: Phase
    summary: str
    why: str
    rules: tuple[str, ...]
    touches: tuple[str, ...]
    propose: Propose
    describe: Describe
    parts: Mapping[str, Part] = MappingProxyType({})
    is_default: bool = False
    apart: bool = False
    restores: bool = False
    narrows: bool = False
    for_objects: bool = False
    options: Mapping[str, Option] = MappingProxyType({})
    links: tuple[str, ...] = ()
    example: tuple[str, str] = ("", "")


@cache
def discover() -> Mapping[str, Transform]:
    """Every transform by id. Raises RuntimeError for a module that is none."""
    transforms = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        transform = getattr(importlib.import_module(f"{__name__}.{module.name}"), "TRANSFORM", None)
        if not isinstance(transform, Transform) or transform.id != module.name.replace("_", "-"):
            raise RuntimeError(f"samigrate.transforms.{module.name} holds no TRANSFORM of that id")
        transforms[transform.id] = transform
    return transforms


def ordered(ids: Iterable[str]) -> list[Transform]:
    """The named transforms in the order in which they run."""
    return sorted((discover()[id_] for id_ in set(ids)), key=lambda transform: (transform.phase, transform.id))


def part(id_: str, name: str) -> Part:
    """What the transform says of one of its parts."""
    transform = discover().get(id_)
    return transform.parts.get(name.partition(" ")[0], _OTHER) if transform else _OTHER


def about(id_: str, name: str) -> About:
    """What a part of a transform is about."""
    return About.COMMENTARY if is_commentary(id_) else part(id_, name).about


def is_commentary(id_: str) -> bool:
    """Whether the transform only speaks of what the others do."""
    return id_ in discover() and discover()[id_].phase is Phase.COMMENTARY
