"""Which folder an image is built from, as far as the repository says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.sources import code
from samigrate.values import Value, at, mapping, sequence, text

Reader = Callable[[str], bytes]
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:\.[\w-]+)?|[\w-]+\.(?:Dockerfile|Containerfile)|[\w-]+\.dockerfile")
_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_SKAFFOLD = re.compile(r"skaffold[\w.-]*\.ya?ml")
_PLAIN = frozenset(("", ".", "app", "build", "container", "docker", "image", "src", "deploy", "package"))
"""Folders whose own name says nothing of the image."""


class Tie(NamedTuple):
    """An image (a path, or the end of one) and the folder it is built from. `why` is the file that says so; `is_sure`
    is False for what rests on a folder's name alone."""

    image: str
    folder: str
    why: str
    is_sure: bool


def find(paths: Sequence[str], read: Reader, declared: Mapping[str, str], top: str) -> list[Tie]:
    """All ties among the files of a folder, each image and folder once, the surest first. `paths` are relative and in
    posix form, `declared` maps images to folders, `top` is the name of the folder itself."""
    found = [Tie(image, posixpath.normpath(folder), "source: in samigrate.yaml", True) for image, folder in declared.items()]
    folders = {posixpath.dirname(path) for path in paths if code.matters(path)}
    for path in paths:
        name = posixpath.basename(path)
        if _SKAFFOLD.fullmatch(name):
            found += _skaffold(path, read, folders)
        elif _COMPOSE.fullmatch(name):
            found += _compose(path, read, folders)
        elif _DOCKERFILE.fullmatch(name):
            found += _dockerfile(path, top)
    firm = {tie.image for tie in found if tie.why.startswith("source:")}
    kept = [tie for tie in found if tie.image not in firm or tie.why.startswith("source:")]
    sure = {(tie.image.rpartition("/")[2], tie.folder) for tie in kept if tie.is_sure}
    kept = [tie for tie in kept if tie.is_sure or (tie.image, tie.folder) not in sure]
    unique = {(tie.image, tie.folder): tie for tie in sorted(kept, key=lambda tie: (not tie.is_sure, tie), reverse=True)}
    return sorted(unique.values())


def _dockerfile(path: str, top: str) -> Iterator[Tie]:
    folder, name = posixpath.split(path)
    stem = re.sub(r"\.?(?:Dockerfile|Containerfile|dockerfile)\.?", "", name)
    if stem and stem not in ("dev", "test", "ci", "local", "prod", "debug"):
        yield Tie(stem.lower(), folder or ".", path, False)
        return
    while posixpath.basename(folder) in _PLAIN and folder:
        folder = posixpath.dirname(folder)
    yield Tie((posixpath.basename(folder) or top).lower(), folder or ".", path, False)


def _skaffold(path: str, read: Reader, folders: set[str]) -> Iterator[Tie]:
    for value in _documents(read(path)):
        if not (text(value, "apiVersion") or "").startswith("skaffold/"):
            continue
        builds = [mapping(value, "build"), *(mapping(profile, "build") for profile in sequence(value, "profiles"))]
        for artifact in (item for build in builds for item in sequence(build, "artifacts")):
            if image := text(artifact, "image"):
                context = text(artifact, "context") or text(artifact, "workspace") or "."
                yield _tie(path, image, context, text(artifact, "docker", "dockerfile"), folders)


def _compose(path: str, read: Reader, folders: set[str]) -> Iterator[Tie]:
    for value in _documents(read(path)):
        for name, service in mapping(value, "services").items():
            build = at(service, "build")
            context = build if isinstance(build, str) else text(build, "context") or ("." if isinstance(build, dict) else None)
            if context and "${" not in context:
                image = text(service, "image") or str(name)
                yield _tie(path, image, context, text(build, "dockerfile"), folders)


def _tie(path: str, image: str, context: str, dockerfile: str | None, folders: set[str]) -> Tie:
    """The context, or the Dockerfile's own folder below it where the code lies there."""
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context))
    inner = posixpath.normpath(posixpath.join(folder, posixpath.dirname(dockerfile or "")))
    if inner != folder and any(one == inner or one.startswith(inner + "/") for one in folders):
        folder = inner
    return Tie(image, folder, path, True)


def _documents(data: bytes) -> Iterator[Value]:
    """The documents that can be read; a template is none."""
    content = data.decode("utf-8", "replace")
    for chunk in yamltext.split(content):
        try:
            yield yamltext.load(content[chunk.start : chunk.end]).value
        except yamltext.YamlError:
            continue
