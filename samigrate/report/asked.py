"""Which workloads PATH asks about: those it holds, and those that a kustomization in it gathers from elsewhere."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from samigrate.base.wording import count
from samigrate.domain.model import Finding, Severity, Skip
from samigrate.facts.state import Work
from samigrate.kustomize import gathering
from samigrate.kustomize.kustomization import Kustomization
from samigrate.reading import Reading, Root, kustomizations
from samigrate.scope.view import View

FEW = 3


def narrow(found: Reading, root: Root) -> None:
    """Leave out what is said of files that were read besides: they only inform. A file there that cannot be read is a
    note: what it would have told is not known, but nobody asked for it."""
    paths = {source.path for source in root.sources if source.may_change}
    beside = [one for one in found.problems if one.path not in paths]
    found.skipped = [skip for skip in found.skipped if skip.path in paths]
    if beside:
        more = f", nor {'is' if len(beside) == 2 else 'are'} {count(len(beside) - 1, 'more file')} beside PATH" if len(beside) > 1 else ""
        says = "they say" if more else "it says"
        reason = f"not read{more}, so what {says} is not known: {beside[0].message}"
        found.skipped.append(Skip(beside[0].path, beside[0].line, reason))
    found.problems = [problem for problem in found.problems if problem.path in paths]
    found.findings = [finding for finding in found.findings if finding.at.path in paths]


class Gathered(NamedTuple):
    """A kustomization in PATH, and the files beside PATH that it gathers."""

    one: Kustomization
    files: frozenset[str]


def asked(found: Reading, works: Sequence[Work], root: Root) -> tuple[list[Work], list[Finding]]:
    """The workloads to report, in the order of the files, and what is to be said of those that PATH does not hold: a
    kustomization builds them, so they are told as it builds them, but they can only be changed where they stand."""
    paths = {source.path for source in root.sources if source.may_change}
    gathered = _gathered(found, paths, {source.path for source in root.sources if source.is_excluded})
    told, elsewhere = [], set()
    for work in works:
        path = work.workload.resource.at.path
        if path in paths:
            told.append(work)
        elif views := tuple(view for view in work.views if _is_through(view, path, gathered)):
            told.append(replace(work, views=views))
            elsewhere.add(path)
    return told, list(_findings(gathered, sorted(elsewhere), told, root))


def _gathered(found: Reading, paths: set[str], excluded: set[str]) -> list[Gathered]:
    """What the kustomizations in PATH gather from beside it; of several above one another, the uppermost's."""
    known = kustomizations(found)
    inside = [one for one in known if one.path in paths]
    used = {path for one in inside for path in one.resources}
    outer = [one for one in inside if one.folder not in used]
    return [Gathered(one, files) for one in outer if (files := gathering.reached(one, known).files - paths - excluded)]


def _is_through(view: View, path: str, gathered: Sequence[Gathered]) -> bool:
    """Whether a view is of a build in which one of the kustomizations leads to the file."""
    route = view.scope.overlay.way.routes.get(path, frozenset()) if view.scope.overlay else frozenset()
    return any(path in files and one.folder in route for one, files in gathered)


def _findings(gathered: Sequence[Gathered], elsewhere: Sequence[str], told: Sequence[Work], root: Root) -> Iterator[Finding]:
    for one, files in gathered:
        number = sum(work.workload.resource.at.path in files for work in told)
        homes = list(dict.fromkeys(posixpath.dirname(path) or "." for path in elsewhere if path in files))
        if number:
            them, stay = ("it", "is defined") if number == 1 else ("them", "are defined")
            there = ", ".join(homes[:FEW]) + (f" and {len(homes) - FEW} more" if len(homes) > FEW else "")
            way = f"`samigrate migrate {' '.join(_where(one.folder, homes, root))}` changes {them} for every build"
            message = f"{one.folder or '.'} builds {count(number, 'workload')} that {stay} in {there}, outside PATH; {way}"
            yield Finding("defined-elsewhere", "R-F21", Severity.NOTE, message, "run it there to change what it builds", one.at)


def _where(folder: str, homes: Sequence[str], root: Root) -> Sequence[str]:
    """Where to run it. Outside of the root nothing else is read, so there it takes the folder that holds both."""
    if not root.path.startswith("..") and all(_is_within(home, root.path) for home in homes):
        return homes
    places = [folder or ".", *homes]
    if ups := max(place.split("/").count("..") for place in places):
        return ["/".join([".."] * ups)]
    return [posixpath.commonpath(places) or "."]


def _is_within(path: str, folder: str) -> bool:
    return folder in (".", path) or path.startswith(folder + "/")
