"""Folders of source to items of evidence about the images that are built from them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from samigrate.evidence_file import Item
from samigrate.model import Strength
from samigrate.sources import Facts, code
from samigrate.sources.code import Find, Unread
from samigrate.sources.ties import Reader, Tie

MOST = 3
"""Finds of one kind that are kept for one image: more say nothing more."""
_ORDER = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER)


class Folder(NamedTuple):
    """What was found in one folder. `read` counts the files that could say something, `python` those in Python."""

    path: str
    finds: tuple[Find, ...]
    unread: tuple[Unread, ...]
    read: int


def items(ties: Sequence[Tie], paths: Sequence[str], read: Reader, facts: Facts, prefix: str) -> tuple[list[Item], list[Unread]]:
    """Evidence for every tie. `prefix` is put before paths in the items: from the current folder to the one searched."""
    tied = {tie.folder for tie in ties}
    folders = {folder: search(folder, _inside(folder, tied, paths), read, facts) for folder in sorted(tied)}
    found = [item for tie in ties for item in _about(tie, folders[tie.folder], prefix)]
    return found, [one for folder in folders.values() for one in folder.unread]


def _inside(folder: str, tied: set[str], paths: Sequence[str]) -> list[str]:
    """The files of a folder but for those of folders below it that are built into images of their own."""
    start = "" if folder == "." else folder + "/"
    others = [other + "/" for other in tied if other != folder and other != "." and (other + "/").startswith(start)]
    return [path for path in paths if path.startswith(start) and not any(path.startswith(other) for other in others) and code.matters(path)]


def search(folder: str, paths: Sequence[str], read: Reader, facts: Facts) -> Folder:
    finds: list[Find] = []
    unread: list[Unread] = []
    for path in paths:
        try:
            data = read(path)
        except OSError as error:
            unread.append(Unread(path, 0, f"cannot be read: {error.strerror or error}"))
            continue
        for one in code.read(path, data, facts):
            (finds if isinstance(one, Find) else unread).append(one)  # type: ignore[arg-type]
    speaks = any(path.endswith(".py") for path in paths)
    return Folder(folder, tuple(_weigh(finds, speaks)), tuple(unread), len(paths))


def _weigh(finds: Sequence[Find], speaks: bool) -> Iterator[Find]:
    """The finds that say something of their own.

    Python code speaks for itself, so what it depends on counts less beside it; and so does a library whose only
    credentials come from a kubeconfig.
    """
    inside = {one.library for one in finds if one.role == "inside" and one.strength is Strength.STRONG}
    outside = {one.library for one in finds if one.role == "outside"} - {one.library for one in finds if one.role == "inside"}
    for one in finds:
        if one.role == "import" and one.library in inside:
            continue  # the call says more
        if one.ecosystem == "pypi" and one.role == "dependency" and speaks:
            yield one._replace(strength=Strength.WEAK)
        elif one.role == "import" and one.library in outside:
            yield one._replace(strength=Strength.WEAK, why=f"{one.why}, and loads nothing but a kubeconfig")
        else:
            yield one


def _about(tie: Tie, folder: Folder, prefix: str) -> Iterator[Item]:
    subject = (("image", tie.image),)
    origin = (("command", "source"), ("folder", posixpath.normpath(posixpath.join(prefix, folder.path))), ("tie", tie.why))
    kept: dict[tuple[str, str, Strength], list[Find]] = defaultdict(list)
    for one in sorted(folder.finds, key=lambda one: (_ORDER.index(one.strength), one.path, one.line)):
        kept[one.library, one.role, one.strength].append(one)
    for finds in kept.values():
        for one in finds[:MOST]:
            yield Item(subject, one.strength, one.why, posixpath.normpath(posixpath.join(prefix, one.path)), one.line, origin)
    if not folder.finds and not folder.unread and folder.read and tie.is_sure:
        why = f"none of the {folder.read} source and dependency files behind it names a Kubernetes client"
        yield Item(subject, Strength.COUNTER, why, posixpath.normpath(posixpath.join(prefix, folder.path)), 0, origin)
