"""What a tree of kustomizations gathers: which files make up each build, in which namespaces and under which names they
land.

A kustomization that a build reaches several times (a base below two overlays of one root) lands once for each: those
are the build's ways, and what is decided about a file holds on each of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate.kustomize.kustomization import Kustomization, generator_files

MOST = 64
"""How often a kustomization is followed in one build: nobody writes more, and two of each on every level double it."""


class Landing(NamedTuple):
    """Where a file lands: `namespace` is what `namespace:` makes of its objects, None where no kustomization on the way
    sets it (the outermost wins); `prefix` and `suffix` are put before and behind their names; `fallback` is the namespace
    of those that state none where nothing sets it."""

    namespace: str | None = None
    prefix: str = ""
    suffix: str = ""
    fallback: str | None = None


NOWHERE_ELSE = Landing()


class Way(NamedTuple):
    """One way through a build: the landing of each file, and the folders of the kustomizations that lead to it."""

    landings: Mapping[str, Landing]
    routes: Mapping[str, frozenset[str]]

    @property
    def namespaces(self) -> Mapping[str, str]:
        return {path: landing.namespace for path, landing in self.landings.items() if landing.namespace}

    def names(self, path: str) -> tuple[str, str]:
        """What is put before and behind the names in a file."""
        landing = self.landings.get(path, NOWHERE_ELSE)
        return landing.prefix, landing.suffix

    def is_renamed(self, path: str) -> bool:
        return self.names(path) != ("", "")


class Build(NamedTuple):
    """A root that no other kustomization uses, with all it reaches."""

    folder: str
    files: frozenset[str]
    ways: tuple[Way, ...]
    members: tuple[Kustomization, ...]

    def landings(self, path: str) -> list[Landing]:
        """Where a file lands, each place once."""
        return list(dict.fromkeys(way.landings.get(path, NOWHERE_ELSE) for way in self.ways))


def builds(kustomizations: Sequence[Kustomization]) -> Iterator[Build]:
    """Every build of a tree. Raises nothing: a reference that leads nowhere is passed over, a loop is cut."""
    kustomizations_by_key = {one.folder: one for one in kustomizations}
    used = {path for one in kustomizations for path in one.resources}
    for kustomization in kustomizations:
        if kustomization.folder not in used:
            yield _Walk(kustomizations_by_key).build(kustomization)


def reached(kustomization: Kustomization, kustomizations: Sequence[Kustomization]) -> Build:
    """What a kustomization gathers, whether or not another uses it."""
    return _Walk({each.folder: each for each in kustomizations}).build(kustomization)


class _Walk:
    """Goes through one build."""

    def __init__(self, kustomizations: Mapping[str, Kustomization]) -> None:
        self.known = kustomizations
        self.members: dict[str, Kustomization] = {}
        self.visits: dict[str, int] = defaultdict(int)
        self.found: dict[str, dict[Landing, frozenset[str]]] = defaultdict(dict)

    def build(self, kustomization: Kustomization) -> Build:
        self._reach(kustomization, NOWHERE_ELSE, ())
        return Build(kustomization.folder, frozenset(self.found), tuple(self._ways()), tuple(self.members.values()))

    def _ways(self) -> Iterator[Way]:
        """As many as the file that lands most often has landings; a file that lands less often is on all of them."""
        listed = {path: list(group.items()) for path, group in self.found.items()}
        for number in range(max(len(group) for group in listed.values())):
            landings = {path: group[min(number, len(group) - 1)] for path, group in listed.items()}
            yield Way({path: landing for path, (landing, _) in landings.items()}, {path: route for path, (_, route) in landings.items()})

    def _reach(self, kustomization: Kustomization, outer: Landing, above: tuple[str, ...]) -> None:
        if kustomization.folder in above or self.visits[kustomization.folder] >= MOST:
            return
        self.visits[kustomization.folder] += 1
        self.members[kustomization.folder] = kustomization
        route = (*above, kustomization.folder)
        own_landing = Landing(
            outer.namespace or kustomization.namespace,
            outer.prefix + kustomization.prefix,
            kustomization.suffix + outer.suffix,
            outer.fallback or kustomization.fallback,
        )
        parts = [self.known[path] for path in kustomization.resources if path in self.known and self.known[path].is_component]
        landing = self._within(own_landing, parts)
        own_files = (kustomization.path, *generator_files(kustomization.folder, kustomization.value)) if kustomization.is_file else ()
        for path in (*own_files, *(path for path in kustomization.resources if path not in self.known)):
            self.found[path][landing] = self.found[path].get(landing, frozenset()) | frozenset(route)
        for path in kustomization.resources:
            if path not in self.known:
                continue
            if (part := self.known[path]) in parts:
                self._reach(part, self._within(own_landing, parts[parts.index(part) + 1 :]), route)
            else:
                self._reach(part, landing, route)

    def _within(self, own_landing: Landing, parts: Sequence[Kustomization]) -> Landing:
        """Where things land that components are laid over, one after the other, before what uses them is: a component
        renames whatever is there by then."""
        over = [kustomization for part in parts for kustomization in self._laid_over(part, ())]
        return Landing(
            own_landing.namespace or next((kustomization.namespace for kustomization in reversed(over) if kustomization.namespace), None),
            own_landing.prefix + "".join(kustomization.prefix for kustomization in reversed(over)),
            "".join(kustomization.suffix for kustomization in over) + own_landing.suffix,
            own_landing.fallback,
        )

    def _laid_over(self, part: Kustomization, above: tuple[str, ...]) -> Iterator[Kustomization]:
        """The components that a component uses, then itself."""
        if part.folder not in above:
            for path in part.resources:
                if path in self.known and self.known[path].is_component:
                    yield from self._laid_over(self.known[path], (*above, part.folder))
            yield part
