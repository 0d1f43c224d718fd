"""Several processes do what one does: the same order, the same errors, the same output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from samigrate.base import processes
from samigrate.base.errors import InputError
from samigrate.files.manifests import RefusedError
from tests.command import invoke

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
WORTH = 20
MANY = list(range(4 * WORTH))


@pytest.fixture(autouse=True)
def _little_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "WORTH", WORTH)


def square(number: int) -> int:
    return number * number


def who(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_keep_their_order(jobs: int) -> None:
    assert list(processes.each(square, MANY, jobs)) == [number * number for number in MANY]


@needs_fork
def test_the_work_is_done_elsewhere() -> None:
    workers = set(processes.each(who, MANY, 2))
    assert os.getpid() not in workers
    assert 1 <= len(workers) <= 2


def test_little_work_stays_here() -> None:
    assert set(processes.each(who, MANY[: WORTH + 1], 8)) == {os.getpid()}


@needs_fork
def test_a_closure_and_what_it_holds_reach_the_workers() -> None:
    held = {"factor": 3}
    assert list(processes.each(lambda number: number * held["factor"], MANY, 2)) == [number * 3 for number in MANY]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_worker_raises_is_raised_here(jobs: int) -> None:
    def fail(number: int) -> int:
        if number == 70:
            raise InputError("a.yaml", 7, "broken")
        return number

    with pytest.raises(InputError, match=r"a\.yaml:7: broken"):
        list(processes.each(fail, MANY, jobs))


@needs_fork
def test_a_refusal_comes_back_whole() -> None:
    def refuse(number: int) -> RefusedError:
        error = RefusedError(number, "/spec", "an alias", 3)
        error.others.append(RefusedError(number + 1, "/a", "another", 4))
        return error

    one = list(processes.each(refuse, MANY, 2))[5]
    assert (one.document, one.pointer, one.reason, one.line) == (5, "/spec", "an alias", 3)
    assert [(other.document, str(other)) for other in one.others] == [(6, "another")]


@needs_fork
@pytest.mark.parametrize("at", [(70,), (0,), (10, 30, 50, 79)], ids=["one", "the first", "all"])
def test_what_a_worker_is_killed_over_is_done_here(at: tuple[int, ...]) -> None:
    own = os.getpid()

    def die(number: int) -> int:
        if number in at and os.getpid() != own:
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number

    assert list(processes.each(die, MANY, 2)) == [number * number for number in MANY]


@needs_fork
def test_a_result_that_cannot_be_pickled_is_made_here() -> None:
    def make(number: int) -> Callable[[], int]:
        return lambda: number

    assert [made() for made in processes.each(make, MANY, 2)] == MANY


class Unkept(Exception):
    """An exception that cannot be put together from its arguments."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"{problem} in line {line}")


@needs_fork
def test_an_error_is_the_one_that_was_raised_and_comes_behind_what_was_done_before_it() -> None:
    def fail(number: int) -> int:
        if number == 70:
            raise Unkept(3, "broken")
        return number

    done = []
    with pytest.raises(Unkept, match="broken in line 3"):
        for number in processes.each(fail, MANY, 2):
            done.append(number)
    assert done == MANY[:70]


@needs_fork
@pytest.mark.parametrize("left", [0, 1], ids=["none", "one"])
def test_with_fewer_processes_than_wanted_the_work_is_done(monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    fork, forks = os.fork, iter(range(left))

    def scarce() -> int:
        if next(forks, None) is None:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    monkeypatch.setattr(os, "fork", scarce)
    assert list(processes.each(square, MANY, 3)) == [number * number for number in MANY]


@needs_fork
def test_who_stops_asking_leaves_no_process_behind() -> None:
    results = processes.each(who, MANY, 2)
    worker = next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


LONG = f"""\
import time
from samigrate.base import processes
processes.WORTH = {WORTH}
def work(number):
    if number == 0:
        print("started", flush=True)
    time.sleep(0.05)
list(processes.each(work, range({len(MANY)}), 4))
"""


@needs_fork
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_process_that_is_killed(how: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        child.send_signal(how)
        _, said = child.communicate(timeout=20)  # ends when nobody holds the pipe any more
    assert said == b""


DEPLOYMENT = """\
# kept by the team
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
spec:
  template:
    spec:
      {extra}containers:
        - name: web
          image: nginx:1.29
"""


def folder(path: Path) -> Path:
    for number in range(3 * WORTH):
        extra = ""
        text = DEPLOYMENT.replace("{number}", str(number))
        if number % 10 == 3:  # the alias' second user: an edit is refused
            text = text.replace("{extra}", "").replace("    spec:\n      containers", "    spec: &pod\n      containers") + "other: *pod\n"
        elif number % 10 == 4:
            text = text.replace("{extra}", "volumes: {broken\n      ")
        (path / f"{number:03d}.yaml").write_text(text.replace("{extra}", extra))
    return path


@needs_fork
@pytest.mark.parametrize("arguments", [["migrate"], ["migrate", "--format", "json"], ["audit", "-v"]], ids=" ".join)
def test_a_run_is_the_same(tmp_path: Path, arguments: list[str]) -> None:
    path = str(folder(tmp_path))
    one, two = (invoke([*arguments, "--jobs", jobs, path]) for jobs in ("1", "2"))
    assert one == two
    assert one.exit == 2  # of the broken files
    assert (b"stays as it is" if arguments[0] == "audit" else b"automountServiceAccountToken") in one.stdout


@needs_fork
def test_a_folder_is_written_the_same(tmp_path: Path) -> None:
    found = []
    for jobs in ("1", "2"):
        (tmp_path / jobs).mkdir()
        path = folder(tmp_path / jobs)
        invoke(["migrate", "--write", "--jobs", jobs, str(path)])
        found.append({file.name: file.read_text() for file in path.iterdir()})
    assert found[0] == found[1]
    assert "serviceAccountName: web-0" in found[0]["000.yaml"]
    assert "serviceAccountName" not in found[0]["003.yaml"]
