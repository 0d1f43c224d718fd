"""Folders of source to items of evidence about the images that are built from them."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from samigrate.domain.model import Strength
from samigrate.settings.evidence_files import Item
from samigrate.sources import Facts, code
from samigrate.sources.code import Find, UnreadSource
from samigrate.sources.ties import Reader, Tie

MOST = 3
"""Finds of one kind that are kept for one image: more say nothing more."""
SHELL = (".sh", ".bash")
_RUNNER = re.compile(r"(?:^|/)(?:[\w.-]*(?:Docker|Container)file[\w.-]*|Procfile|package\.json|[^/]+\.ya?ml)$", re.IGNORECASE)
_FOR_PEOPLE = re.compile(
    r"(?:^|/)(?:\.github|\.circleci|\.gitlab)/"
    r"|(?:^|/)(?:\.gitlab-ci|\.travis|\.pre-commit-config|azure-pipelines|cloudbuild|Taskfile)[^/]*$"
)
_ORDER = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER)


class Folder(NamedTuple):
    """What was found in one folder. `read` counts the files that could say something, `python` those in Python."""

    path: str
    finds: tuple[Find, ...]
    unread: tuple[UnreadSource, ...]
    read: int


def items(ties: Sequence[Tie], paths: Sequence[str], read: Reader, facts: Facts, prefix: str) -> tuple[list[Item], list[UnreadSource]]:
    """Evidence for every tie. `prefix` is put before paths in the items: from the current folder to the one searched."""
    tied, runs = {tie.folder for tie in ties}, _Runs(paths, read)
    builds = sorted({(tie.folder, tie.taken) for tie in ties})
    folders = {one: runs.kept(search(one[0], _inside(*one, tied, paths), read, facts)) for one in builds}
    result = [item for tie in ties for item in _about(tie, folders[tie.folder, tie.taken], prefix)]
    return result, list(dict.fromkeys(unread_file for folder in folders.values() for unread_file in folder.unread))


class _Runs:
    """What the image or its workload runs of the shell scripts in a repository: those that a Dockerfile, a Procfile, a
    manifest or such a script names. The others are for people: to set up, to release, to look."""

    def __init__(self, paths: Sequence[str], read: Reader) -> None:
        self.paths, self.read = paths, read

    def kept(self, folder: Folder) -> Folder:
        """The folder without what scripts say that nothing runs."""
        if not any(code.suffix(discovery.path) in SHELL for discovery in folder.finds):
            return folder
        return folder._replace(
            finds=tuple(
                discovery for discovery in folder.finds if code.suffix(discovery.path) not in SHELL or discovery.path in self.scripts
            )
        )

    @cached_property
    def scripts(self) -> frozenset[str]:
        shell = {path: self._text(path) for path in self.paths if code.suffix(path) in SHELL}
        texts = [self._text(path) for path in self.paths if _RUNNER.search(path) and not _FOR_PEOPLE.search(path)]
        run: set[str] = set()
        while texts:
            named = {path for path in shell.keys() - run if any(posixpath.basename(path) in text for text in texts)}
            run |= named
            texts = [shell[path] for path in named]
        return frozenset(run)

    def _text(self, path: str) -> str:
        try:
            return self.read(path).decode("utf-8", "replace")
        except OSError:
            return ""


def _inside(folder: str, used: tuple[str, ...], tied: set[str], paths: Sequence[str]) -> list[str]:
    """The files of a folder that its build takes, but for those of folders below it that are built into images of their
    own."""
    start = "" if folder == "." else folder + "/"
    siblings = [other + "/" for other in tied if other != folder and other != "." and (other + "/").startswith(start)]
    inside = [
        path for path in paths if path.startswith(start) and not any(path.startswith(other) for other in siblings) and code.matters(path)
    ]
    return [path for path in inside if not used or any(path == one or path.startswith(one + "/") for one in used)]


def search(folder: str, paths: Sequence[str], read: Reader, facts: Facts) -> Folder:
    finds: list[Find] = []
    unread: list[UnreadSource] = []
    for path in paths:
        try:
            data = read(path)
        except OSError as error:
            unread.append(UnreadSource(path, 0, f"cannot be read: {error.strerror or error}"))
            continue
        for entry in code.read(path, data, facts):
            (finds if isinstance(entry, Find) else unread).append(entry)  # type: ignore[arg-type]
    speaks = any(path.endswith(".py") for path in paths)
    return Folder(folder, tuple(_weigh(finds, speaks)), tuple(unread), len(paths))


def _weigh(finds: Sequence[Find], speaks: bool) -> Iterator[Find]:
    """The finds that say something of their own.

    Python code speaks for itself, so what it depends on counts less beside it; and so does a library whose only
    credentials come from a kubeconfig.
    """
    inside = {one.library for one in finds if one.role == "inside" and one.strength is Strength.STRONG}
    outside = {one.library for one in finds if one.role == "outside"} - {one.library for one in finds if one.role == "inside"}
    for discovery in finds:
        if discovery.role == "import" and discovery.library in inside:
            continue  # the call says more
        if discovery.ecosystem == "pypi" and discovery.role == "dependency" and speaks:
            yield discovery._replace(strength=Strength.WEAK)
        elif discovery.role == "import" and discovery.library in outside:
            yield discovery._replace(strength=Strength.WEAK, why=f"{discovery.why}, and loads nothing but a kubeconfig")
        else:
            yield discovery


def _about(tie: Tie, folder: Folder, prefix: str) -> Iterator[Item]:
    subject = (("image", tie.image),)
    origin = (("command", "source"), ("folder", posixpath.normpath(posixpath.join(prefix, folder.path))), ("tie", tie.why))
    discoveries: dict[tuple[str, str, Strength], list[Find]] = defaultdict(list)
    for discovery in sorted(folder.finds, key=lambda one: (_ORDER.index(one.strength), one.path, one.line)):
        discoveries[discovery.library, discovery.role, discovery.strength].append(discovery)
    for finds in discoveries.values():
        for discovery in finds[:MOST]:
            yield Item(
                subject,
                discovery.strength,
                discovery.why,
                posixpath.normpath(posixpath.join(prefix, discovery.path)),
                discovery.line,
                origin,
            )
    if not folder.finds and not folder.unread and folder.read and tie.is_sure:
        reason = f"none of the {folder.read} source and dependency files behind it names a Kubernetes client"
        yield Item(subject, Strength.COUNTER, reason, posixpath.normpath(posixpath.join(prefix, folder.path)), 0, origin)
