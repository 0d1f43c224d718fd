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
class Seen:
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

    seen, is_over = Seen(), threading.Event()
    drawer = threading.Thread(target=_draw, args=(seen, is_over), daemon=True)
    drawer.start()
    try:
        yield lambda roots: _watched(roots, seen)
    finally:
        is_over.set()
        drawer.join()


def _is_wanted() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def _watched(roots: Sequence[Root], seen: Seen) -> list[Root]:
    """The roots, each file of which is counted when it is read."""
    import mmap

    def counted(place: int, read: Callable[[], bytes]) -> Callable[[], bytes]:
        def reading() -> bytes:
            seen.marks[place] = 1
            return read()

        return reading

    if total := sum(len(root.sources) for root in roots):
        seen.marks = mmap.mmap(-1, total)
    places = count()
    return [replace(root, sources=tuple(one._replace(read=counted(next(places), one.read)) for one in root.sources)) for root in roots]


def _draw(seen: Seen, is_over: threading.Event) -> None:
    if is_over.wait(AFTER):
        return
    while not is_over.wait(EVERY):
        _write("\r\033[K" + line(seen)[: _width() - 1])
    _write("\r\033[K")


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def line(seen: Seen) -> str:
    """What the terminal shows."""
    if not seen.total:
        return "looking for manifests"
    done = seen.read
    if done == seen.total:
        return f"[{'#' * BAR}] all {done} files read, deciding" if done > 1 else "deciding"
    return f"[{'#' * (BAR * done // seen.total):<{BAR}}] {done} of {seen.total} files read"


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # a terminal that has gone away needs no progress
