"""How far a run is: on a terminal only, after a while only, and nothing of it stays."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from samigrate.cli import waiting
from samigrate.cli.waiting import Progress
from samigrate.pipeline import Root, Source
from samigrate.settings.config import Settings

ERASE = "\r\033[K"


class Terminal(io.StringIO):
    """Standard error that tells when something has been drawn on it."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        number = super().write(text)
        self.drawn.set()
        return number


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called in the test itself: pytest puts its own stream there before each."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    monkeypatch.setattr(waiting, "EVERY", 0.001)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    return found


def root(*reads: Callable[[], bytes]) -> Root:
    return Root(".", tuple(Source(f"{number}.yaml", read, may_change=True) for number, read in enumerate(reads)), Settings())


def test_it_counts_the_files_read_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)

    def read() -> bytes:
        terminal.drawn.clear()
        assert terminal.drawn.wait(10)
        return b"x"

    with waiting.shown(quiet=False) as watched:
        assert terminal.drawn.wait(10)
        assert [source.read() for source in watched([root(read, read, read)])[0].sources] == [b"x"] * 3
    text = terminal.getvalue()
    assert text.startswith(ERASE + "looking for manifests")
    assert "] 2 of 3 files read" in text
    assert text.endswith(ERASE)


def test_what_another_process_reads_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with waiting.shown(quiet=False) as watched:
        sources = watched([root(bytes, bytes)])[0].sources
        if not (child := os.fork()):
            sources[0].read()
            os._exit(0)
        os.waitpid(child, 0)
        terminal.drawn.clear()
        assert terminal.drawn.wait(10)
        terminal.drawn.clear()
        assert terminal.drawn.wait(10)
    assert "] 1 of 2 files read" in terminal.getvalue()


def test_it_is_gone_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with pytest.raises(KeyError), waiting.shown(quiet=False):
        assert terminal.drawn.wait(10)
        raise KeyError
    assert terminal.getvalue().endswith(ERASE)


@pytest.mark.parametrize("variable", [("CI", "true"), ("TERM", "dumb"), ("", "")], ids=["CI", "a dumb terminal", "quiet"])
def test_nobody_sees_it_who_has_no_use_for_it(monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]) -> None:
    terminal = on_terminal(monkeypatch)
    if variable[0]:
        monkeypatch.setenv(*variable)
    with waiting.shown(quiet=not variable[0]) as watched:
        assert not terminal.drawn.wait(0.05)
        assert watched([root(bytes)])[0].sources[0].read() == b""
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Progress(), "looking for manifests"),
        (Progress(bytearray(4)), "[                    ] 0 of 4 files read"),
        (Progress(bytearray([0, 0, 1, 0])), "[#####               ] 1 of 4 files read"),
        (Progress(bytearray([1] * 4)), "[####################] all 4 files read, deciding"),
        (Progress(bytearray([1])), "deciding"),
    ],
)
def test_its_words(seen: Progress, expected: str) -> None:
    assert waiting.line(seen) == expected


def test_a_quick_run_draws_nothing_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: nginx}]}\n")
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"TERM": "xterm", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "samigrate", "migrate", "--check", "-q", "web.yaml"]
    done = subprocess.run(command, cwd=tmp_path, stderr=theirs, stdout=subprocess.PIPE, env=environment, check=False)
    os.close(theirs)
    assert done.returncode == 1
    try:
        said = os.read(ours, 1 << 16)
    except OSError:  # Linux: nothing was written, and nobody holds the other end
        said = b""
    os.close(ours)
    assert said.replace(b"\r\n", b"\n") == b"samigrate: failed by --check: 1 file would change\n"
