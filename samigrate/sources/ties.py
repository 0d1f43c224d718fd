"""Which folder an image is built from, as far as the repository says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.sources import code

Reader = Callable[[str], bytes]
_DOCKERFILE = re.compile(r"(?:Dockerfile|Containerfile)(?:\.[\w-]+)?|[\w-]+\.(?:Dockerfile|Containerfile)|[\w-]+\.dockerfile")
_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")
_SKAFFOLD = re.compile(r"skaffold[\w.-]*\.ya?ml")
_PLAIN = frozenset(("", ".", "app", "build", "container", "docker", "image", "src", "deploy", "package"))
"""Folders whose own name says nothing of the image."""


class Tie(NamedTuple):
    """An image (a path, or the end of one) and the folder it is built from. `why` is the file that says so; `is_sure`
    is False for what rests on a folder's name alone; `taken` are the files and folders that its build takes from there, as
    paths from the top, empty for all."""

    image: str
    folder: str
    why: str
    is_sure: bool
    taken: tuple[str, ...] = ()


def find(paths: Sequence[str], read: Reader, declared: Mapping[str, str], top: str) -> list[Tie]:
    """All ties among the files of a folder, each image and folder once, the surest first. `paths` are relative and in
    posix form, `declared` maps images to folders, `top` is the name of the folder itself."""
    ties = [Tie(image, posixpath.normpath(folder), "source: in samigrate.yaml", True) for image, folder in declared.items()]
    folders, existing = {posixpath.dirname(path) for path in paths if code.matters(path)}, set(paths)

    def look(path: str) -> bytes:
        return read(path) if path in existing else b""

    for path in paths:
        name = posixpath.basename(path)
        if _SKAFFOLD.fullmatch(name):
            ties += _skaffold(path, look, folders)
        elif _COMPOSE.fullmatch(name):
            ties += _compose(path, look, folders)
        elif _DOCKERFILE.fullmatch(name):
            ties += _dockerfile(path, top, look)
    firm = {tie.image for tie in ties if tie.why.startswith("source:")}
    remaining = [tie for tie in ties if tie.image not in firm or tie.why.startswith("source:")]
    sure = {(tie.image.rpartition("/")[2], tie.folder) for tie in remaining if tie.is_sure}
    remaining = [tie for tie in remaining if tie.is_sure or (tie.image, tie.folder) not in sure]
    unique = {(tie.image, tie.folder): tie for tie in sorted(remaining, key=lambda tie: (not tie.is_sure, tie), reverse=True)}
    return sorted(unique.values())


def _dockerfile(path: str, top: str, read: Reader) -> Iterator[Tie]:
    folder, name = posixpath.split(path)
    stem = re.sub(r"\.?(?:Dockerfile|Containerfile|dockerfile)\.?", "", name)
    if stem and stem not in ("dev", "test", "ci", "local", "prod", "debug"):
        yield Tie(stem.lower(), folder or ".", path, False, _taken(path, folder, read))
        return
    while posixpath.basename(folder) in _PLAIN and folder:
        folder = posixpath.dirname(folder)
    yield Tie((posixpath.basename(folder) or top).lower(), folder or ".", path, False, _taken(path, folder, read))


def _skaffold(path: str, read: Reader, folders: set[str]) -> Iterator[Tie]:
    for value in _documents(read(path)):
        if not (text(value, "apiVersion") or "").startswith("skaffold/"):
            continue
        builds = [mapping(value, "build"), *(mapping(profile, "build") for profile in sequence(value, "profiles"))]
        for artifact in (item for build in builds for item in sequence(build, "artifacts")):
            if image := text(artifact, "image"):
                context = text(artifact, "context") or text(artifact, "workspace") or "."
                if module := _module(artifact, posixpath.join(posixpath.dirname(path), context), folders):
                    yield Tie(image, module, path, True)
                else:
                    yield _tie(path, image, context, text(artifact, "docker", "dockerfile"), folders, read)


def _compose(path: str, read: Reader, folders: set[str]) -> Iterator[Tie]:
    for value in _documents(read(path)):
        for name, service in mapping(value, "services").items():
            build = at(service, "build")
            context = build if isinstance(build, str) else text(build, "context") or ("." if isinstance(build, dict) else None)
            if context and "${" not in context:
                image = text(service, "image") or str(name)
                yield _tie(path, image, context, text(build, "dockerfile"), folders, read)


def _module(artifact: Value, context: str, folders: set[str]) -> str | None:
    """The folder of the one module that Jib, Bazel or ko makes an image of, where the artifact names one that is there."""
    jib, bazel = text(artifact, "jib", "project"), text(artifact, "bazel", "target")
    named = jib or (bazel or "").partition(":")[0] or text(artifact, "ko", "main") or text(artifact, "ko", "dir")
    if not named:
        return None
    inner = posixpath.normpath(posixpath.join(context, named.lstrip(":/").replace(":", "/")))
    full = [folder for folder in folders if folder == inner or folder.startswith(inner + "/")]
    if full:
        return inner
    ends = sorted(folder for folder in folders if posixpath.basename(folder) == posixpath.basename(inner))  # a Maven module by its name
    return ends[0] if len(ends) == 1 else None


_COPY = re.compile(r"(?im)^[ \t]*(?:COPY|ADD)[ \t]+(.+)$")


def _taken(dockerfile: str, context: str, read: Reader) -> tuple[str, ...]:
    """What a Dockerfile copies from its context, as paths from the top; () for all of it, and where it cannot be told."""
    try:
        content = re.sub(r"\\[ \t]*\n", " ", read(dockerfile).decode("utf-8", "replace"))
    except OSError:
        return ()
    result = []
    for line in _COPY.findall(content):
        words = [word for word in re.split(r"[\s\[\],\"]+", line) if word]
        if any(word.startswith("--from") for word in words):
            continue
        sources = [word for word in words if not word.startswith("--")][:-1]
        if any("$" in source or "://" in source or source.startswith("<<") for source in sources):
            return ()
        result += [posixpath.normpath(posixpath.join(context, _whole(source).lstrip("/"))) for source in sources]
    top = posixpath.normpath(context or ".")
    return () if top in result or "." in result else tuple(sorted(dict.fromkeys(result)))


def _whole(source: str) -> str:
    """A source up to its first wildcard, in whole folders."""
    plain = re.split(r"[*?\[]", source, maxsplit=1)[0]
    return plain if plain == source else posixpath.dirname(plain) or "."


def _tie(path: str, image: str, context: str, dockerfile: str | None, folders: set[str], read: Reader) -> Tie:
    """The context, or the Dockerfile's own folder below it where the code lies there."""
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context))
    inner = posixpath.normpath(posixpath.join(folder, posixpath.dirname(dockerfile or "")))
    used = _taken(posixpath.normpath(posixpath.join(folder, dockerfile or "Dockerfile")), folder, read)
    if inner != folder and not used and any(one == inner or one.startswith(inner + "/") for one in folders):
        folder = inner
    return Tie(image, folder, path, True, used)


def _documents(data: bytes) -> Iterator[Value]:
    """The documents that can be read; a template is none."""
    content = data.decode("utf-8", "replace")
    for chunk in yamltext.split(content):
        try:
            yield yamltext.load(content[chunk.start : chunk.end]).value
        except yamltext.YamlError:
            continue
