"""Work on many things in several processes, with the same result as in one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORTH = 250
"""From how many things on another process is worth its start."""
MOST = 8
"""How many are used where nobody says: what one process does alone, between them, bounds what more would win."""

_task: tuple[Callable[[Any], Any], Sequence[Any]] | None = None
"""What workers do. They are forked when it is set, so neither it nor what it reaches is ever sent to them."""


def available() -> int:
    """How many processes to use where nobody says."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST)


def each(function: Callable[[T], R], things: Sequence[T], jobs: int) -> Iterator[R]:
    """`function` of each thing, in their order; in up to `jobs` processes, where the system can fork and it is worth it.
    What a worker returns is pickled; what it raises is raised here."""
    jobs = min(jobs, len(things) // WORTH)
    if jobs < 2 or not hasattr(os, "fork"):
        yield from map(function, things)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    global _task
    _task = function, things
    try:
        with ProcessPoolExecutor(jobs, get_context("fork"), _leave_interrupts) as pool:
            yield from pool.map(_one, range(len(things)), chunksize=max(1, len(things) // (jobs * 8)))
    finally:
        _task = None


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process at the terminal; the one that forked them sees to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one(index: int) -> Any:
    assert _task is not None
    function, things = _task
    return function(things[index])
