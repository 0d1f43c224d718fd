"""What a command loads: start-up costs what it imports, so what a path does not need stays out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("libcst", "deepdiff", "rich")
OURS = ("samigrate.pipeline", "samigrate.catalog", "samigrate.kinds", "samigrate.yamltext", "ruamel")
CODE = "import sys; from samigrate.cli.main import main; code = main(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: nginx:1.29\n"


def modules(*arguments: str, stdin: str = "") -> set[str]:
    """All modules that the command has loaded when it ends."""
    ran = subprocess.run([sys.executable, "-c", CODE, *arguments], input=stdin, capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines()[-1].split())


def held(loaded: set[str], packages: tuple[str, ...]) -> set[str]:
    return {name for name in loaded for package in packages if name == package or name.startswith(package + ".")}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["migrate", "--help"], ["audit", "--help"]], ids=" ".join)
def test_what_decides_nothing_loads_nothing(arguments: list[str]) -> None:
    loaded = modules(*arguments)
    assert "samigrate.cli.main" in loaded
    assert not held(loaded, (*HEAVY, *OURS))


@pytest.mark.parametrize(
    "arguments",
    [["migrate", "-"], ["migrate", "--diff", "-"], ["migrate", "--format", "json", "-"], ["audit", "-"]],
    ids=" ".join,
)
def test_a_run_on_yaml_loads_no_library_of_other_paths(arguments: list[str]) -> None:
    loaded = modules(*arguments, stdin=POD)
    assert "samigrate.pipeline" in loaded
    assert not held(loaded, HEAVY)


def test_writing_a_folder_loads_no_library_of_other_paths(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(POD)
    assert not held(modules("migrate", "--write", str(tmp_path)), HEAVY)
    assert "automountServiceAccountToken: false" in file.read_text()
