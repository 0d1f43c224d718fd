"""Every case under golden/, as a user would run it.

`case.yaml` says why the case is there; further `args` (default `migrate --write .`), `exit` (default 0), `stdin` (a file
of the case), `stdout` and `stderr` (texts that must appear there). `input/` is the folder it runs in; `expected/` what
it must be afterwards, the same if there is none; `report.txt` what it prints; `helm.json` what Helm renders of its charts.
SAMIGRATE_BLESS=1 rewrites these: read what you bless.
"""

from __future__ import annotations

import difflib
import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import Result, invoke
from tests.support import recorded_helm, tools

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/case.yaml"))
KEYS = {"why", "args", "exit", "stdin", "stdout", "stderr"}
BLESS = bool(os.environ.get("SAMIGRATE_BLESS"))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_golden(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(case)
    folder = tmp_path / "input"
    if (case / "input").is_dir():
        shutil.copytree(case / "input", folder, symlinks=True)
    else:
        folder.mkdir()
    monkeypatch.chdir(folder)
    if (recordings := case / "helm.json").exists():
        if BLESS:
            recordings.write_text("{}\n", encoding="utf-8")
        recorded_helm.install(tmp_path / "bin", recordings, tools.need("helm4") if BLESS else "")
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    before = _tree(folder)
    result = _run(case, settings)
    after = _tree(folder)
    told = result.stdout + result.stderr.encode()
    if BLESS:
        _bless(case, before, after, told)
    assert result.exit == settings.get("exit", 0), told.decode(errors="replace")
    _compare(_tree(case / "expected") if (case / "expected").is_dir() else before, after, told)
    for text in settings.get("stdout", []):
        assert text in result.stdout.decode(), f"not on stdout: {text!r}\n{result.stdout.decode()}"
    for text in settings.get("stderr", []):
        assert text in result.stderr, f"not on stderr: {text!r}\n{result.stderr}"
    if (case / "report.txt").is_file():
        _compare({"report.txt": (case / "report.txt").read_bytes()}, {"report.txt": told}, b"")
    _run(case, settings)
    _compare(after, _tree(folder), b"the second run changed something")


def test_streams_are_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `migrate -` prints is migrated: a second run prints the same."""
    for case in CASES:
        settings = _settings(case)
        if "stdin" in settings and settings.get("exit", 0) == 0 and settings.get("args", "").split() == ["migrate", "-"]:
            monkeypatch.chdir(case / "input" if (case / "input").is_dir() else case)
            once = _run(case, settings).stdout
            assert invoke(["migrate", "-"], once).stdout == once, case.name


def _settings(case: Path) -> Mapping[str, Any]:
    settings = yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))
    assert isinstance(settings, dict), f"{case}/case.yaml is no mapping"
    assert isinstance(settings.get("why"), str), f"{case}/case.yaml must say why"
    assert set(settings) <= KEYS, f"{case}/case.yaml: unknown {set(settings) - KEYS}"
    return settings


def _run(case: Path, settings: Mapping[str, Any]) -> Result:
    arguments = settings.get("args", "migrate --write .")
    stdin = (case / settings["stdin"]).read_bytes() if "stdin" in settings else b""
    return invoke(shlex.split(arguments) if isinstance(arguments, str) else arguments, stdin)


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def _compare(expected: Mapping[str, bytes], found: Mapping[str, bytes], told: bytes) -> None:
    if expected == found:
        return
    lines = [f"missing: {name}" for name in expected.keys() - found.keys()]
    lines += [f"unexpected: {name}" for name in found.keys() - expected.keys()]
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name, b"") != found.get(name, b""):
            one, other = _shown(expected.get(name, b"")), _shown(found.get(name, b""))
            lines += difflib.unified_diff(one, other, f"expected/{name}", f"found/{name}", lineterm="")
    pytest.fail("\n".join([*lines, "", told.decode(errors="replace")]), pytrace=False)


def _shown(content: bytes) -> list[str]:
    """Lines with what cannot be seen spelled out."""
    return [line.decode(errors="backslashreplace").replace("\r", "\\r").replace("\t", "\\t") for line in content.split(b"\n")]


def _bless(case: Path, before: Mapping[str, bytes], after: Mapping[str, bytes], told: bytes) -> None:
    shutil.rmtree(case / "expected", ignore_errors=True)
    if before != after:
        for name, content in after.items():
            path = case / "expected" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    if (case / "report.txt").exists():
        (case / "report.txt").write_bytes(told)
