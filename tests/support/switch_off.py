"""Would a test notice? Switches off one part of samigrate at a time and runs the fast tests on what is left.

`python -m tests.support.switch_off [NAME...]` does it for every transform, evidence source, section of the catalogue, file of
kinds and dialect of Python (or those whose name holds a NAME), each in a copy of the tree, and fails where nothing noticed. A
part is switched off, not broken: a transform proposes nothing, a source finds nothing, a data file holds no such entry, a
dialect is not there. Tests that fail with everything on are left out and named; a module of tests that cannot even be
collected notices nothing, and the others are asked without it. Not part of the ordinary suite: it takes some minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parent.parent.parent
COPIED = ("samigrate", "recipes", "tests", "golden", "schemas", "docs", "examples")
TESTS = ("evidence", "kinds", "catalog", "transforms", "test_by_rule.py", "test_vectors.py", "test_observations.py", "test_golden.py")
NEAREST = {"transforms": "transforms", "evidence": "evidence", "kinds": "kinds", "catalog": "catalog", "dialects": "test_golden.py"}
"""The tests that run first, by the folder of the part: what notices at once costs a second."""
JOBS = 2
_SILENT = """

def _nothing(*_):
    yield from ()


{name} = {name}._replace({field}=_nothing)
"""


_BROKEN = re.compile(r"^ERROR (tests/\S+\.py)(?= - |$)", re.MULTILINE)


class Part(NamedTuple):
    """What is switched off: a file of the package and, of a data file, the entries with this value (empty: all) in the
    section or under the key that tells them apart."""

    path: str
    section: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        return f"{self.path}{':' if self.section or self.key else ''}{self.key}{'=' * bool(self.key)}{self.section}"


class Fate(NamedTuple):
    """What became of a run: the first test that failed, or why none did."""

    noticed: bool
    says: str


def parts() -> Iterator[Part]:
    package = ROOT / "samigrate"
    for folder in ("transforms", "evidence"):
        yield from (Part(f"{folder}/{path.name}") for path in sorted((package / folder).glob("*.py")) if path.name[0] != "_")
    for folder in ("kinds", "dialects"):
        yield from (Part(f"{folder}/{path.name}") for path in sorted((package / folder).glob("*.yaml")))
    for path in sorted((package / "catalog").glob("*.yaml")):
        yield from _sections(path)


def _sections(path: Path) -> Iterator[Part]:
    name, value = f"catalog/{path.name}", yaml.safe_load(path.read_text(encoding="utf-8"))
    lists = {key: entries for key, entries in value.items() if isinstance(entries, list)} if isinstance(value, dict) else {"": value}
    for section, entries in lists.items():
        yield Part(name, section)
        for key in ("class", "rule", "token"):
            values = sorted({entry[key] for entry in entries if isinstance(entry, dict) and key in entry})
            yield from (Part(name, one, key) for one in values if len(values) > 1)


def switch_off(part: Part, tree: Path) -> None:
    path = tree / "samigrate" / part.path
    if path.suffix == ".py":
        name, field = ("TRANSFORM", "propose") if part.path.startswith("transforms/") else ("SOURCE", "find")
        path.write_text(path.read_text(encoding="utf-8") + _SILENT.format(name=name, field=field), encoding="utf-8")
        return
    if part.path.startswith("dialects/"):  # a file is one dialect
        path.unlink()
        return
    old = yaml.safe_load(path.read_text(encoding="utf-8"))
    new = _without(part, old)
    assert new != old, f"{part.name}: nothing to switch off"
    path.write_text(json.dumps(new, default=str), encoding="utf-8")  # JSON is YAML, and has no aliases


def _without(part: Part, value: Any) -> Any:
    if isinstance(value, dict):
        chosen = {section for section, entries in value.items() if isinstance(entries, list) and (part.key or section == part.section)}
        return {section: _left(part, entries) if section in chosen else entries for section, entries in value.items()}
    return _left(part, value)


def _left(part: Part, entries: list[Any]) -> list[Any]:
    return [entry for entry in entries if entry.get(part.key) != part.section] if part.key else []


def run(tree: Path, first: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The tests of a tree, against that tree."""
    order = sorted(TESTS, key=lambda name: name != first)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE", *options]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run([*command, *(f"tests/{name}" for name in order)], cwd=tree, env=environment, capture_output=True, text=True)


def run_collectable(tree: Path, first: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The same without the modules that fail before they have a test to run: that says nothing of what tests hold."""
    while not failures((done := run(tree, first, *options)).stdout) and (broken := _BROKEN.findall(done.stdout)):
        options = (*options, *(f"--ignore={module}" for module in broken))
    return done


def failures(output: str) -> list[str]:
    return [line.split(" - ")[0].removeprefix("FAILED ") for line in output.splitlines() if line.startswith("FAILED ")]


def judge(part: Part, stage: Path, known: Sequence[str]) -> Fate:
    """Whether a test that otherwise passes fails without the part."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(stage, tree)
        switch_off(part, tree)
        done = run_collectable(tree, NEAREST[part.path.split("/")[0]], "-x", *(f"--deselect={name}" for name in known))
    if done.returncode == 1 and (found := failures(done.stdout)):
        return Fate(True, found[0])
    return Fate(
        False, "nothing noticed" if done.returncode == 0 else f"the tests could not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    )


def copy(stage: Path) -> None:
    for name in COPIED:
        shutil.copytree(ROOT / name, stage / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", stage)
    where = [sys.executable, "-c", "import samigrate; print(samigrate.__file__)"]
    found = subprocess.run(where, cwd=stage, env={**os.environ, "PYTHONPATH": str(stage)}, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).is_relative_to(stage), f"the copy would test {found.stdout}"


def main(names: Sequence[str]) -> int:
    chosen = [part for part in parts() if not names or any(name in part.name for name in names)]
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder).resolve()
        copy(stage)
        with_all = run(stage, TESTS[0])
        assert with_all.returncode in (0, 1), f"the tests cannot run:\n{with_all.stdout[-2000:]}{with_all.stderr[-2000:]}"
        known = failures(with_all.stdout)
        _say([f"fails anyway, so it is left out: {name}" for name in known])
        unnoticed = []
        with ThreadPoolExecutor(JOBS) as pool:
            for part, fate in zip(chosen, pool.map(lambda part: judge(part, stage, known), chosen), strict=True):
                _say([f"{'noticed' if fate.noticed else 'UNNOTICED'}  {part.name}  {fate.says}"])
                unnoticed += [] if fate.noticed else [part.name]
    _say([f"{len(chosen)} parts switched off, {len(unnoticed)} of them unnoticed", *unnoticed])
    return 1 if unnoticed else 0


def _say(lines: Sequence[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
