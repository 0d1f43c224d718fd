"""Time and memory of functions and of whole processes, on a machine that others use as well: medians of alternating runs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# Forks before it runs the command: a child's peak would else be no less than that of the process that began it.
_LAUNCHER = """
import json, os, sys, time
begun = time.perf_counter()
child = os.fork()
if child == 0:
    os.dup2(os.open(sys.argv[1], os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - begun
print(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)]))
"""


class Process(NamedTuple):
    """What a process took: seconds by the clock, seconds of processor, and the most bytes it held at once."""

    wall: float
    cpu: float
    peak: int


def seconds(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median processor seconds of each function, all of them once in each round."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begun = time.process_time()
            function()
            taken[name].append(time.process_time() - begun)
    return {name: statistics.median(each) for name, each in taken.items()}


def processes(
    commands: Mapping[str, Sequence[str]], stdin: Path, rounds: int, cache: Path, environment: Mapping[str, str] | None = None
) -> dict[str, Process]:
    """The medians of each command, all of them once in each round, after one that does not count."""
    taken: dict[str, list[Process]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            found = process(command, stdin, cache, environment)
            taken[name] += [found] if turn else []
    return {name: Process(*(statistics.median(column) for column in zip(*each, strict=True))) for name, each in taken.items()}


def process(command: Sequence[str], stdin: Path, cache: Path, more: Mapping[str, str] | None = None) -> Process:
    """One run of a command, with all that it starts. `cache` is where Python keeps compiled modules, as an installed
    package has them; `more` is added to the environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more or {})
    ran = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, str(stdin), *command],
        env={**environment, "PYTHONPYCACHEPREFIX": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu, peak, code = json.loads(ran.stdout)
    if code:
        raise RuntimeError(f"{' '.join(command)}: exit {code}: {ran.stderr[-2000:]}")
    return Process(wall, cpu, peak)
