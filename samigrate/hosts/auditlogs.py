"""Audit logs on disk or on standard input: opened by what they begin with, read block by block."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from io import BufferedReader
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from samigrate.auditlog import documents, lines
from samigrate.auditlog.tally import Tally
from samigrate.base import collector
from samigrate.base.errors import InputError

if TYPE_CHECKING:
    from samigrate.domain.model import Problem

_BLOCK = 256 << 10
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_HEAD = 4096


@collector.paused()
def read(paths: Sequence[str], stdin: BinaryIO | None, *, watches_running: bool = True) -> Tally:
    """What the files come to together; `-` is standard input; `watches_running` as of Tally. Raises InputError for a file that
    cannot be opened, and where none of them holds an event."""
    tally = Tally(watches_running=watches_running)
    known: set[str] = set()
    for path in paths:
        identity = path if path == "-" else os.path.realpath(path)
        if identity not in known:
            known.add(identity)
            _read(path, stdin, tally)
    if not tally.period.first:
        raise InputError(paths[0], 0, f"{'none of the files holds' if len(known) > 1 else 'holds no'} audit event that has a time")
    return tally


def _read(path: str, stdin: BinaryIO | None, tally: Tally) -> None:
    if path == "-" and stdin is not None:
        _take("<stdin>", stdin, tally)
        return
    try:
        with open(path, "rb") as file:
            _take(path, file, tally)
    except OSError as error:
        raise InputError(path, 0, f"cannot be read: {error.strerror or error}") from error


def _take(path: str, file: BinaryIO, tally: Tally) -> None:
    blocks = _blocks(path, *_opened(path, file), tally)
    first = next(blocks, b"").removeprefix(b"\xef\xbb\xbf")
    reader = documents if documents.is_document(first[:_HEAD]) else lines
    reader.read(path, _behind(first, blocks), tally)


def _behind(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _opened(path: str, file: BinaryIO) -> tuple[IO[bytes], tuple[type[Exception], ...]]:
    """The file's content, decompressed where its first bytes say that it is compressed; and what damage raises."""
    head = file.peek(4)[:4] if isinstance(file, BufferedReader) else b""
    if head[:2] == _GZIP:
        import gzip

        return gzip.GzipFile(fileobj=file), (EOFError, zlib.error, gzip.BadGzipFile)  # type: ignore[return-value]
    if head == _ZSTD:
        zstd = _zstd(path)
        return zstd.ZstdFile(file), (EOFError, zstd.ZstdError)
    return file, ()


def _zstd(path: str) -> Any:
    """Python's own module, from 3.14 on, or the same for older ones."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise InputError(path, 0, "reading .zst needs backports.zstd: pip install 'samigrate[audit]'")


def _blocks(path: str, file: IO[bytes], damage: tuple[type[Exception], ...], tally: Tally) -> Iterator[bytes]:
    """The content; where compressed data are cut off or damaged it ends there, and that is counted."""
    while True:
        try:
            block = file.read(_BLOCK)
        except damage as error:
            tally.unreadable(path, 0, b"", f"its compressed data end there: {error}")
            return
        if not block:
            return
        yield block


def granted(paths: tuple[str, ...]) -> tuple[list[dict[str, Any]], tuple[Problem, ...]]:
    """The objects of the manifests at the paths, and what could not be read."""
    from samigrate import kinds, reading
    from samigrate.hosts import repository
    from samigrate.pipeline import Root
    from samigrate.settings.config import Settings

    sources, problems = repository.besides(paths)
    inventory = reading.read(Root(".", sources, Settings()), kinds.load(()))
    return [resource.value for manifest in inventory.manifests for resource in manifest.resources], (*problems, *inventory.problems)
