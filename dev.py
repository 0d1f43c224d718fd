#!/usr/bin/env python3
"""A newcomer's commands, with nothing but Python 3.11 and pip: `python3 dev.py demo`, `test`, `check` or `bench`."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def run(*command: str | Path) -> None:
    """Run a command in the checkout; leave with its exit code if it fails."""
    code = subprocess.run([str(part) for part in command], cwd=HERE).returncode
    if code:
        sys.exit(code)


def set_up(extra: str) -> None:
    """Make `.venv` and install the checkout into it, once for each version of pyproject.toml."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f"samigrate-{extra or 'run'}.stamp"
    if stamp.is_file() and stamp.read_text() == wanted and PYTHON.exists():
        return
    has_own_pip = importlib.util.find_spec("ensurepip") is not None
    if not PYTHON.exists():
        print("Setting up .venv (once) …", file=sys.stderr)
        venv.EnvBuilder(with_pip=has_own_pip).create(VENV)
    # Debian's bare Python has no ensurepip; there the pip outside installs into the environment.
    pip = [PYTHON, "-m", "pip"] if has_own_pip else [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    run(*pip, "install", "--quiet", "--disable-pip-version-check", "--editable", f".[{extra}]" if extra else ".")
    stamp.write_text(wanted)


def demo() -> None:
    set_up("")
    run(PYTHON, "-m", "samigrate", "migrate", "examples/shop")


def test() -> None:
    set_up("dev")
    run(PYTHON, "-m", "pytest", "-n", "2", *sys.argv[2:])


def check() -> None:
    set_up("dev")
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "mypy")


def bench() -> None:
    set_up("dev")
    run(PYTHON, "-m", "bench.run", *sys.argv[2:])


COMMANDS = {"bench": bench, "demo": demo, "test": test, "check": check}


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - the reader's own Python may be older
        sys.exit("samigrate needs Python 3.11 or later")
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python3 dev.py {'|'.join(COMMANDS)}\n\n{__doc__}")
    COMMANDS[sys.argv[1]]()


if __name__ == "__main__":
    main()
