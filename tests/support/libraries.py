"""An environment with the heavy libraries that programs declare workloads with, for the tests.

It is made once, by `python -m tests.support.libraries` (some minutes), in a cache (`SAMIGRATE_LIBRARIES`, else
`samigrate-libraries` in the user's cache folder); tests that need it are skipped where it is not there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

NEEDED = ("cdk8s", "cdk8s-plus-33", "pulumi_kubernetes", "apache-airflow-providers-cncf-kubernetes", "kubernetes")


def folder() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache")
    return Path(os.environ.get("SAMIGRATE_LIBRARIES", "") or home / "samigrate-libraries")


def python() -> Path:
    return folder() / "bin" / "python"


def run(code: str, where: Path) -> Any:
    """What the code prints as JSON, run in that environment and folder; the test is skipped where there is none."""
    if not python().exists():
        pytest.skip("no environment with the libraries: python -m tests.support.libraries makes it")
    variables = {**os.environ, "PYTHONWARNINGS": "ignore", "AIRFLOW_HOME": str(where / ".airflow"), "PYTHONPATH": str(where)}
    done = subprocess.run([str(python()), "-c", code], cwd=where, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def make() -> None:
    venv.EnvBuilder(with_pip=True).create(folder())
    subprocess.run([str(python()), "-m", "pip", "install", "--quiet", *NEEDED], check=True)


if __name__ == "__main__":
    make()
    sys.stdout.write(f"{python()}\n")
