"""Manifests on standard input, as one root."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO

from samigrate.domain.outcome import STREAM, Outcome
from samigrate.pipeline import Root, Source
from samigrate.settings.config import CONFIG_NAME, Settings, load_config

NAME = STREAM


LARGE = 32 << 20
"""From how many bytes on a stream waits in a file."""

PIECE = 1 << 20


def hold(source: IO[bytes]) -> Callable[[], bytes]:
    """What gives a stream's bytes as often as it is asked. A large one waits in a file, for its text is in memory by then: in its
    own, where it is one (`< dump.json`)."""
    begun = source.tell() if source.seekable() else None
    first = source.read(LARGE)
    if len(first) < LARGE:
        return lambda: first
    if begun is not None:
        return lambda: source.read() if source.seek(begun) == begun else b""
    import shutil
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as its content may be asked for
    file.write(first)
    shutil.copyfileobj(source, file, PIECE)

    def read() -> bytes:
        file.seek(0)
        return file.read()

    return read


def root(read: Callable[[], bytes], config: str | None, adjust: Callable[[Settings], Settings]) -> Root:
    """The stream as a root. Its config is the one named, else the nearest from the current folder upward."""
    from samigrate.hosts import walk

    home = None if config else walk.find_above(os.path.realpath(os.getcwd()), CONFIG_NAME)
    path = config or (os.path.relpath(os.path.join(home, CONFIG_NAME)) if home else None)
    return _root(read, adjust(load_config(path) if path else Settings()))


def called_root(content: bytes, settings: Settings) -> Root:
    """The stream of a host that calls us: the current folder does not matter, and nothing may be passed over."""
    return _root(lambda: content, settings, is_strict=True)


def rendered_root(content: bytes, settings: Settings) -> Root:
    """The stream that a program has rendered."""
    return _root(lambda: content, settings)


def informed(root: Root, besides: tuple[Source, ...]) -> Root:
    """The stream with manifests that its decisions see besides."""
    return replace(root, sources=(*root.sources, *besides))


def _root(read: Callable[[], bytes], settings: Settings, *, is_strict: bool = False) -> Root:
    return Root("-", (Source(NAME, read, may_change=True),), settings, is_stream=True, is_strict=is_strict)


def result(content: bytes, outcome: Outcome) -> bytes:
    """The stream after the run."""
    for change in outcome.changes:
        if change.path == NAME:
            return change.new.encode("utf-8")
    return content


def pieces(read: Callable[[], bytes], outcome: Outcome) -> Iterator[bytes]:
    """The same, piece by piece: all of a large stream's bytes would stand beside all of its text."""
    for change in outcome.changes:
        if change.path == NAME:
            yield from (change.new[at : at + PIECE].encode("utf-8") for at in range(0, len(change.new), PIECE))
            return
    yield read()
