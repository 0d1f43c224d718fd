"""Work on many things in several processes, with the same result as in one.

Plain forks and pipes: a pool of the library leaves its workers waiting for ever when this process is killed, and
needs shared memory that not every container has.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

WORTH = 250
"""From how many things on another process is worth its start."""
MOST = 8
"""How many are used where nobody says: what one process does alone, between them, bounds what more would win."""
PIECES = 8
"""Into how many pieces each process' share is cut: who is done early takes more."""


class _Worker(NamedTuple):
    pid: int
    line: Connection


def available() -> int:
    """How many processes to use where nobody says."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST)


def each(function: Callable[[T], R], values: Sequence[T], jobs: int) -> Iterator[R]:
    """`function` of each thing, in their order; in up to `jobs` processes, where the system can fork and it is worth it.
    What a worker returns is pickled. A piece that it cannot do, or is killed over, is done here: so errors are raised
    here, and at their place."""
    jobs = min(jobs, len(values) // WORTH)
    workers: list[_Worker] = []
    try:
        if jobs > 1 and hasattr(os, "fork"):
            _start(workers, jobs, function, values)
        yield from _gathered(workers, function, values) if workers else map(function, values)
    finally:
        _end(workers)


def _start(workers: list[_Worker], jobs: int, function: Callable[[T], R], values: Sequence[T]) -> None:
    """As many as the system lets us have. They are forked, so neither the function nor the things are ever sent to them."""
    from multiprocessing.connection import Pipe

    with suppress(OSError):
        for _ in range(jobs):
            connection, theirs = Pipe()
            with theirs:
                pid = os.fork()
                if not pid:
                    _serve(theirs, [connection, *(worker.line for worker in workers)], function, values)
                workers.append(_Worker(pid, connection))


def _serve(line: Connection, connections: Sequence[Connection], function: Callable[[T], R], values: Sequence[T]) -> NoReturn:
    """A worker's life: pieces come in and results go out, until nobody is at the other end, or something goes wrong."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process at the terminal; who forked them sees to it
        for connection in connections:
            connection.close()  # a line ends when its other end is closed everywhere
        while True:
            line.send([function(values[index]) for index in line.recv()])
    finally:
        os._exit(0)  # never back into what the process that forked us is about


def _gathered(workers: Sequence[_Worker], function: Callable[[T], R], values: Sequence[T]) -> Iterator[R]:
    """Hand out pieces, and give the results in the order of the things."""
    from multiprocessing.connection import wait

    size = max(1, len(values) // (len(workers) * PIECES))
    fragments = iter([range(start, min(start + size, len(values))) for start in range(0, len(values), size)])
    idle = [worker.line for worker in workers]
    busy: dict[Connection, range] = {}
    spans: dict[int, tuple[range, list[R] | None]] = {}
    position = 0
    while position < len(values):
        while idle and (span := next(fragments, None)):
            busy[_hand(idle.pop(), span)] = span
        for line in wait(list(busy)) if position not in spans and busy else ():
            assert line in busy
            span = busy.pop(line)
            if (results := _received(line)) is not None:
                idle.append(line)
            spans[span.start] = span, results
        if not busy and position not in spans:  # no worker is left
            span = next(fragments)
            spans[span.start] = span, None
        while position in spans:
            span, results = spans.pop(position)
            yield from (function(values[index]) for index in span) if results is None else results
            position = span.stop


def _hand(line: Connection, span: range) -> Connection:
    with suppress(BrokenPipeError):  # that nobody is there shows when the answer is due
        line.send(span)
    return line


def _received(line: Connection) -> list[Any] | None:
    """What a worker has made of a piece; None where it has died over it."""
    try:
        result: list[Any] = line.recv()
    except (EOFError, OSError):
        return None
    return result


def _end(workers: Sequence[_Worker]) -> None:
    """They hold nothing that could be lost."""
    for worker in workers:
        worker.line.close()
        os.kill(worker.pid, signal.SIGKILL)
    for worker in workers:
        os.waitpid(worker.pid, 0)
