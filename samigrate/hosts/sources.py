"""Source folders on disk as evidence: the files git lists, the ties the config declares."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from samigrate.base.errors import InputError
from samigrate.domain.model import Skip
from samigrate.hosts import walk
from samigrate.settings.config import CONFIG_NAME, load_config
from samigrate.settings.evidence_files import Item, merge
from samigrate.sources import facts, scan
from samigrate.sources.ties import Tie, find

_NEVER = frozenset((".git", "node_modules", ".venv", "venv", "vendor", "__pycache__", "target", "dist", ".tox", "site-packages"))
_LARGEST = 4 << 20  # no program that people write is larger


@dataclass(frozen=True, slots=True)
class Found:
    items: tuple[Item, ...]
    ties: tuple[Tie, ...]
    files: int
    skipped: tuple[Skip, ...]


def search(folder: str, config: str | None) -> Found:
    """The evidence in a folder. Raises InputError for a folder that is not there and for a bad config."""
    root = os.path.realpath(folder)
    if not os.path.isdir(root):
        raise InputError(folder, 0, "is no folder")
    paths = sorted(_listed(root))

    def read(path: str) -> bytes:
        with open(os.path.join(root, path), "rb") as file:
            return file.read(_LARGEST)

    ties = find(paths, read, _declared(root, config), os.path.basename(root).lower())
    prefix = os.path.relpath(root).replace(os.sep, "/")
    items, unread = scan.items(ties, paths, read, facts(), prefix)
    skipped = tuple(
        Skip(os.path.normpath(os.path.join(prefix, unread_file.path)).replace(os.sep, "/"), unread_file.line, unread_file.reason)
        for unread_file in unread
    )
    return Found(merge(items), tuple(ties), len(paths), skipped)


def _declared(root: str, config: str | None) -> Mapping[str, str]:
    """The config's `source:`, its folders relative to the root; what lies outside the root is left out."""
    home = None if config else walk.find_above(root, CONFIG_NAME)
    path = config or (os.path.join(home, CONFIG_NAME) if home else None)
    if path is None:
        return {}
    settings = load_config(path)
    result = {image: os.path.relpath(os.path.join(settings.folder, folder), root).replace(os.sep, "/") for image, folder in settings.source}
    return {image: folder for image, folder in result.items() if folder != ".." and not folder.startswith("../")}


def _listed(root: str) -> Iterator[str]:
    """The regular files below a folder, by their posix paths in it: what git lists, else all but what is fetched or built."""
    names: list[str] | None = None
    if walk.find_above(root, walk.GIT):
        try:
            listed = walk.git(root, "ls-files", "-coz", "--exclude-standard")
            names = [os.fsdecode(name) for name in listed.stdout.split(b"\0") if name] if not listed.returncode else None
        except InputError:
            names = None
    for name in _walk(root) if names is None else names:
        path = os.path.join(root, name)
        if os.path.isfile(path) and not os.path.islink(path) and not _NEVER & set(name.split(os.sep)[:-1]):
            yield name.replace(os.sep, "/")


def _walk(root: str) -> Iterator[str]:
    for folder, inside, files in os.walk(root):
        inside[:] = sorted(set(inside) - _NEVER)
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), root)
