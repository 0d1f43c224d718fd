#!/usr/bin/env python3
"""A newcomer's commands, with nothing but Python 3.11 and pip.

python3 dev.py demo             what a newcomer sees
python3 dev.py test [OPTION…]   the whole suite; options go to pytest
python3 dev.py check            ruff and mypy
python3 dev.py format           ruff's formatter
python3 dev.py docs             every generated page, schema and expected text
python3 dev.py bench            the benchmark
python3 dev.py release --check  whether a release can be made: builds it twice into dist/
"""

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
    run(PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")
    run(PYTHON, "-m", "mypy")


def format_() -> None:
    set_up("dev")
    run(PYTHON, "-m", "ruff", "check", "--fix", ".")
    run(PYTHON, "-m", "ruff", "format", ".")


BLESSED = ("test_golden", "test_findings", "test_risk", "test_options")
"""Tests that write what they expect where SAMIGRATE_BLESS is set."""


def docs() -> None:
    set_up("dev")
    for path in sorted((HERE / "schemas").glob("*.json")):
        path.write_bytes(subprocess.run([PYTHON, "-m", "samigrate", "schema", path.stem], cwd=HERE, capture_output=True, check=True).stdout)
    os.environ["SAMIGRATE_BLESS"] = "1"
    run(PYTHON, "-m", "pytest", "-q", "-n", "2", *(f"tests/{name}.py" for name in BLESSED))
    run(PYTHON, "-m", "tests.support.rules")


def release() -> None:
    if sys.argv[2:] != ["--check"]:
        sys.exit("usage: python3 dev.py release --check (RELEASING.md)")
    set_up("dev")
    version = (HERE / "samigrate" / "__init__.py").read_text().split('__version__ = "')[1].split('"')[0]
    if f"## {version}\n" not in (HERE / "CHANGELOG.md").read_text().replace(f"## {version} (", f"## {version}\n ("):
        sys.exit(f"CHANGELOG.md has no heading for {version}")
    if subprocess.run(["git", "status", "--porcelain"], cwd=HERE, capture_output=True, check=True).stdout:
        sys.exit("the tree is not clean")
    first, second = build("dist"), build("dist")
    if first != second:
        sys.exit(f"built twice, {', '.join(name for name in first if first[name] != second.get(name))} is not the same bytes")
    print("\n".join(f"{digest}  dist/{name}" for name, digest in first.items()))


def build(folder: str) -> dict[str, str]:
    """The digests of a wheel and an sdist that are built into a folder, by name. Their times are those of the last commit."""
    for old in (HERE / folder).glob("*"):
        old.unlink()
    last = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=HERE, capture_output=True, check=True, text=True).stdout.strip()
    os.environ["SOURCE_DATE_EPOCH"] = last
    run(PYTHON, "-m", "build", "--outdir", folder)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((HERE / folder).iterdir())}


def bench() -> None:
    set_up("dev")
    run(PYTHON, "-m", "bench.run", *sys.argv[2:])


COMMANDS = {"bench": bench, "check": check, "demo": demo, "docs": docs, "format": format_, "release": release, "test": test}


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - the reader's own Python may be older
        sys.exit("samigrate needs Python 3.11 or later")
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python3 dev.py {'|'.join(COMMANDS)}\n\n{__doc__}")
    COMMANDS[sys.argv[1]]()


if __name__ == "__main__":
    main()
