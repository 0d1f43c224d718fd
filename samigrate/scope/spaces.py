"""Things by the namespace that they land in: who asks for one namespace need not look at the things of all others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from samigrate.domain.placeholders import is_filled_in
from samigrate.scope.matching import Match, compare

T = TypeVar("T")
FEW = 8
"""So many are looked through one by one: to sort them would take longer."""


class Placed(NamedTuple, Generic[T]):
    """A thing, the namespace that it lands in, and how sure it is that this is the one which was asked for."""

    thing: T
    namespace: str | None
    match: Match


class Spaces(Generic[T]):
    """Many things of a scope, in their order, by namespace."""

    def __init__(self, things: Iterable[T], namespace_of: Callable[[T], str | None]) -> None:
        self._by_namespace: dict[str | None, list[tuple[int, T]]] = defaultdict(list)
        for place, thing in enumerate(things):
            self._by_namespace[namespace_of(thing)].append((place, thing))
        self._open = [namespace for namespace in self._by_namespace if _is_open(namespace)]
        self._answers: dict[str | None, list[Placed[T]]] = {}

    def near(self, namespace: str | None) -> list[Placed[T]]:
        """What is in that namespace of the same scope, or maybe in it; the same list for all who ask."""
        if namespace not in self._answers:
            maybe = self._by_namespace if _is_open(namespace) else {namespace, *self._open} & self._by_namespace.keys()
            matches = {other: match for other in maybe if (match := compare(namespace, other, near=True))}
            found = [(place, thing, other) for other in matches for place, thing in self._by_namespace[other]]
            found.sort(key=lambda each: each[0])
            self._answers[namespace] = [Placed(thing, other, matches[other]) for _, thing, other in found]
        return self._answers[namespace]


def near(things: Iterable[T], namespace_of: Callable[[T], str | None], namespace: str | None) -> list[Placed[T]]:
    """The same of a few things."""
    result = ((thing, other) for thing in things for other in [namespace_of(thing)])
    return [Placed(thing, other, match) for thing, other in result if (match := compare(namespace, other, near=True))]


def _is_open(namespace: str | None) -> bool:
    """Whether it may be another namespace once it is known."""
    return namespace is None or is_filled_in(namespace)
