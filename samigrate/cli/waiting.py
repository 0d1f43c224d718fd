"""A line that says how far a run is: on a terminal, for what takes longer than a second, and gone when it is over.

Nothing below knows of it. What is counted are the files that a run reads; a thread draws, so that no clock is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap
    import threading

    from samigrate.pipeline import Root

Watch = Callable[[Sequence["Root"]], list["Root"]]
AFTER, EVERY = 1.0, 0.1
"""Seconds before it is shown, and between two looks at it."""
BAR = 20


@dataclass(slots=True)
class Progress:
    """Which files have been read: a byte for each, in memory that forked processes share; none while the files are
    being looked for."""

    marks: mmap.mmap | bytearray = field(default_factory=bytearray)

    @property
    def total(self) -> int:
        return len(self.marks)

    @property
    def read(self) -> int:
        return self.marks[:].count(1)


@contextmanager
def shown(*, quiet: bool) -> Iterator[Watch]:
    """Shows how far the work inside is. It gets a function that makes the reading of roots count."""
    if quiet or not _is_wanted():
        yield list
        return
    import threading  # a run without a terminal has no use for it

    visible, is_over = Progress(), threading.Event()
    drawer = threading.Thread(target=_draw, args=(visible, is_over), daemon=True)
    drawer.start()
    try:
        yield lambda roots: _watched(roots, visible)
    finally:
        is_over.set()
        drawer.join()


def _is_wanted() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _watched(roots: Sequence[Root], visible: Progress) -> list[Root]:
    """The roots, each file of which is counted when it is read."""
    import mmap

    def counted(index: int, read: Callable[[], bytes]) -> Callable[[], bytes]:
        def reading() -> bytes:
            visible.marks[index] = 1
            return read()

        return reading

    if total := sum(len(root.sources) for root in roots):
        visible.marks = mmap.mmap(-1, total)
    positions = count()
    return [
        replace(root, sources=tuple(source._replace(read=counted(next(positions), source.read)) for source in root.sources))
        for root in roots
    ]


def _draw(visible: Progress, is_over: threading.Event) -> None:
    if is_over.wait(AFTER):
        return
    while not is_over.wait(EVERY):
        _write("\r\033[K" + line(visible)[: _width() - 1])
    _write("\r\033[K")


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def line(visible: Progress) -> str:
    """What the terminal shows."""
    if not visible.total:
        return "looking for manifests"
    completed = visible.read
    if completed == visible.total:
        return f"[{'#' * BAR}] all {completed} files read, deciding" if completed > 1 else "deciding"
    return f"[{'#' * (BAR * completed // visible.total):<{BAR}}] {completed} of {visible.total} files read"


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # a terminal that has gone away needs no progress
