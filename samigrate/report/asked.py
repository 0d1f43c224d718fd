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
from samigrate.reading import Inventory, Root, kustomizations
from samigrate.scope.view import View

FEW = 3


def narrow(inventory: Inventory, root: Root) -> None:
    """Leave out what is said of files that were read besides: they only inform. A file there that cannot be read is a
    note: what it would have told is not known, but PATH does not ask about it."""
    paths = {source.path for source in root.sources if source.may_change}
    beside = [problem for problem in inventory.problems if problem.path not in paths]
    inventory.skipped = [skip for skip in inventory.skipped if skip.path in paths]
    if beside:
        suffix = f", nor {'is' if len(beside) == 2 else 'are'} {count(len(beside) - 1, 'more file')} beside PATH" if len(beside) > 1 else ""
        sentences = "they say" if suffix else "it says"
        reason = f"not read{suffix}, so what {sentences} is not known: {beside[0].message}"
        inventory.skipped.append(Skip(beside[0].path, beside[0].line, reason))
    inventory.problems = [problem for problem in inventory.problems if problem.path in paths]
    inventory.findings = [finding for finding in inventory.findings if finding.at.path in paths]


class GatheredFiles(NamedTuple):
    """A kustomization in PATH, and the files beside PATH that it gathers."""

    one: Kustomization
    files: frozenset[str]


def asked(inventory: Inventory, works: Sequence[Work], root: Root) -> tuple[list[Work], list[Finding]]:
    """The workloads to report, in the order of the files, and what is to be said of those that PATH does not hold: a
    kustomization builds them, so they are told as it builds them, but they can only be changed where they stand."""
    paths = {source.path for source in root.sources if source.may_change}
    gathered = _gathered(inventory, paths, {source.path for source in root.sources if source.is_excluded})
    reported, elsewhere = [], set()
    for work in works:
        path = work.workload.resource.at.path
        if path in paths:
            reported.append(work)
        elif views := tuple(view for view in work.views if _is_through(view, path, gathered)):
            reported.append(replace(work, views=views))
            elsewhere.add(path)
    return reported, list(_findings(gathered, sorted(elsewhere), reported, root))


def _gathered(inventory: Inventory, paths: set[str], excluded: set[str]) -> list[GatheredFiles]:
    """What the kustomizations in PATH gather from beside it; of several above one another, the uppermost's."""
    existing = kustomizations(inventory)
    inside = [kustomization for kustomization in existing if kustomization.path in paths]
    used = {path for kustomization in inside for path in kustomization.resources}
    outer = [kustomization for kustomization in inside if kustomization.folder not in used]
    return [
        GatheredFiles(kustomization, files)
        for kustomization in outer
        if (files := gathering.reached(kustomization, existing).files - paths - excluded)
    ]


def _is_through(view: View, path: str, gathered: Sequence[GatheredFiles]) -> bool:
    """Whether a view is of a build in which one of the kustomizations leads to the file."""
    route = view.scope.overlay.way.routes.get(path, frozenset()) if view.scope.overlay else frozenset()
    return any(path in files and kustomization.folder in route for kustomization, files in gathered)


def _findings(gathered: Sequence[GatheredFiles], elsewhere: Sequence[str], works: Sequence[Work], root: Root) -> Iterator[Finding]:
    for kustomization, files in gathered:
        number = sum(work.workload.resource.at.path in files for work in works)
        homes = list(dict.fromkeys(posixpath.dirname(path) or "." for path in elsewhere if path in files))
        if number:
            them, stay = ("it", "is defined") if number == 1 else ("them", "are defined")
            destination = ", ".join(homes[:FEW]) + (f" and {len(homes) - FEW} more" if len(homes) > FEW else "")
            hint = f"`samigrate migrate {' '.join(_where(kustomization.folder, homes, root))}` changes {them} for every build"
            message = f"{kustomization.folder or '.'} builds {count(number, 'workload')} that {stay} in {destination}, outside PATH; {hint}"
            yield Finding("defined-elsewhere", "R-F21", Severity.NOTE, message, "run it there to change what it builds", kustomization.at)


def _where(folder: str, homes: Sequence[str], root: Root) -> Sequence[str]:
    """Where to run it. Outside of the root nothing else is read, so there it takes the folder that holds both."""
    if not root.path.startswith("..") and all(_is_within(home, root.path) for home in homes):
        return homes
    positions = [folder or ".", *homes]
    if ups := max(place.split("/").count("..") for place in positions):
        return ["/".join([".."] * ups)]
    return [posixpath.commonpath(positions) or "."]


def _is_within(path: str, folder: str) -> bool:
    return folder in (".", path) or path.startswith(folder + "/")
