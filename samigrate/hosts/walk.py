"""The manifests below a folder: what git lists in a work tree, else everything."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samigrate.base.errors import InputError
from samigrate.domain.model import Problem, Skip
from samigrate.settings.config import CONFIG_NAME

if TYPE_CHECKING:
    import subprocess

SUFFIXES = (".yaml", ".yml", ".json")
PROGRAM = ".py"
KUSTOMIZATION = "Kustomization"
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", KUSTOMIZATION)
CHART = "Chart.yaml"
GIT = ".git"
_INSTALLED = frozenset((".venv", "venv", ".tox", ".nox", "node_modules", "site-packages", "__pycache__"))
"""Folders that hold other people's programs."""
EMPTY = "holds no *.yaml, *.yml or *.json file; is it the right path?"
_UNREADABLE = re.compile(r"^warning: could not open directory '(.*?)/?': (.*)$", re.MULTILINE)


@dataclass(slots=True)
class Listing:
    """What lies below a folder. Paths are absolute; `nested` are folders that are repositories of their own;
    `not_followed` are links to files and folders that are not read, with the reason; `programs`: programs are listed,
    too."""

    folder: str = ""
    files: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    not_followed: dict[str, str] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    programs: bool = False


def _is_wanted(path: str, listing: Listing) -> bool:
    name = os.path.basename(path)
    if listing.programs and name.endswith(PROGRAM):
        return _INSTALLED.isdisjoint(os.path.relpath(path, listing.folder).split(os.sep))
    return name.endswith(SUFFIXES) or name == KUSTOMIZATION


def find_above(folder: str, *names: str) -> str | None:
    """The nearest folder at or above `folder` that holds one of the names."""
    while True:
        if any(os.path.lexists(os.path.join(folder, name)) for name in names):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def kustomizations_in(folder: str) -> list[str]:
    """The kustomization of a folder that another one lists: what else lies there is no part of the build."""
    paths = [os.path.join(folder, name) for name in KUSTOMIZATIONS]
    return [path for path in paths if os.path.isfile(path)]


def list_folder(folder: str, *, programs: bool = False, with_ignored: bool = False) -> Listing:
    """What lies below a folder, links inside it resolved to their targets; with or without what git ignores. `folder`
    is absolute and no link."""
    listing = Listing(folder, programs=programs)
    entries = _git_entries(folder, listing) if not with_ignored and find_above(folder, GIT) else None
    links: list[str] = []
    for path in _walk(folder, listing) if entries is None else entries:
        _classify(path, listing, links)
    visited = set(listing.files)
    for link in sorted(links):
        target = _target(link, folder, listing)
        if target and target not in visited:
            visited.add(target)
            listing.files.append(link)
    return listing


def _classify(path: str, listing: Listing, links: list[str]) -> None:
    is_wanted = _is_wanted(path, listing)
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return  # in git's index, and deleted in the work tree
    except OSError as error:
        listing.problems.append(Problem(path, 0, f"cannot be read: {error.strerror}"))
        return
    if stat.S_ISDIR(mode):
        if os.path.lexists(os.path.join(path, GIT)):
            listing.nested.append(path)
    elif stat.S_ISLNK(mode):
        links.append(path)
    elif is_wanted and stat.S_ISREG(mode):
        listing.files.append(path)
    elif is_wanted:
        listing.skipped.append(Skip(path, 1, "not a regular file"))


def _target(link: str, folder: str, listing: Listing) -> str | None:
    """Where a link to a manifest leads, if that is inside the folder."""
    is_wanted = _is_wanted(link, listing)
    try:
        target = os.path.realpath(link, strict=True)
        is_folder, is_file = os.path.isdir(target), os.path.isfile(target)
    except OSError as error:
        if is_wanted:
            listing.skipped.append(Skip(link, 1, f"a link that cannot be followed: {error.strerror}"))
        return None
    if not os.path.join(target, "").startswith(os.path.join(folder, "")):
        if is_folder or (is_wanted and is_file):
            listing.not_followed[link] = "a link that leads out of the folder: not followed"
        elif is_wanted:
            listing.skipped.append(Skip(link, 1, "a link that leads to no regular file: not followed"))
        return None
    return target if is_wanted and is_file else None  # a linked folder is walked under its own name


def _walk(folder: str, listing: Listing) -> Iterator[str]:
    """Every file and link below the folder, and each repository in it, which is not entered."""
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            with os.scandir(current) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            listing.problems.append(Problem(current, 0, f"cannot be read: {error.strerror}"))
            continue
        for entry in inside:
            if entry.name == GIT:
                continue
            if entry.is_dir(follow_symlinks=False) and not os.path.lexists(os.path.join(entry.path, GIT)):
                pending.append(entry.path)
            else:
                yield entry.path


def git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """git in a folder; who only reads files without it need not load it. Raises InputError where there is none."""
    from samigrate.hosts import git as program

    return program.start(folder, *arguments)


def _git_entries(folder: str, listing: Listing) -> list[str] | None:
    """What git lists below the folder; None, with a note, where git cannot say."""
    try:
        listed = git(folder, "ls-files", "-coz", "--exclude-standard")
    except InputError:
        listing.skipped.append(Skip(folder, 1, "git is not there to list it: every file in it counts, ignored or not"))
        return None
    sentence = os.fsdecode(listed.stderr)
    if listed.returncode:
        reason = sentence.strip().splitlines()[0] if sentence.strip() else f"exit code {listed.returncode}"
        listing.skipped.append(Skip(folder, 1, f"git cannot list it ({reason}): every file in it counts, ignored or not"))
        return None
    for name, reason in _UNREADABLE.findall(sentence):
        listing.problems.append(Problem(os.path.join(folder, name), 0, f"cannot be read: {reason}"))
    names = {os.fsdecode(name).rstrip("/") for name in listed.stdout.split(b"\0") if name}
    return [os.path.join(folder, name) for name in sorted(names)]


def is_ignored(folder: str, path: str) -> bool:
    """Whether git would not list the path."""
    try:
        return git(folder, "check-ignore", "-q", "--", path).returncode == 0
    except InputError:
        return False


def config_folders(files: list[str], folder: str) -> set[str]:
    """Folders below `folder` that hold a config of their own."""
    return {os.path.dirname(path) for path in files if os.path.basename(path) == CONFIG_NAME} - {folder}


def chart_folders(files: list[str]) -> set[str]:
    return {os.path.dirname(path) for path in files if os.path.basename(path) == CHART}


def folder_of(path: str, folders: Container[str]) -> str | None:
    """The nearest of the folders that the path is in."""
    return next((above for above in parents(path) if above in folders), None)


def outermost(path: str, folders: set[str]) -> str | None:
    return next((above for above in reversed(list(parents(path))) if above in folders), None)


def parents(path: str) -> Iterator[str]:
    """The folders above a path, from the nearest."""
    while (above := os.path.dirname(path)) != path:
        yield above
        path = above
