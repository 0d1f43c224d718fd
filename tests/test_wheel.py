"""The package as it is installed: built, put into a fresh environment, run."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
BIN = "Scripts" if os.name == "nt" else "bin"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, TOP], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_everything_travels(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {str(path.relative_to(TOP)) for path in (TOP / "samigrate").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    recipes = {f"samigrate/recipes_data/{path.name}" for path in (TOP / "recipes").glob("*.yaml")}
    assert inside | recipes <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "golden", "examples"))]


def test_it_runs_from_the_wheel(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)  # it would put the checkout before what is installed
    venv.EnvBuilder(with_pip=True).create(tmp_path / "venv")
    python = tmp_path / "venv" / BIN / "python"
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", wheel], check=True)
    (tmp_path / "web.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        "spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: nginx:1.27\n"
    )

    def samigrate(*arguments: str) -> str:
        command = [str(tmp_path / "venv" / BIN / "samigrate"), *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert "least-privilege" in samigrate("recipes")
    assert "automount" in samigrate("explain")
    assert "+      automountServiceAccountToken: false" in samigrate("migrate", "web.yaml")
    samigrate("migrate", "--write", "web.yaml")
    assert "kind: ServiceAccount" in (tmp_path / "web.yaml").read_text()
    assert samigrate("migrate", "web.yaml") == ""
    check = "from ruamel.yaml.cyaml import CParser; import samigrate; print(samigrate.__file__)"
    told = subprocess.run([python, "-c", check], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "site-packages" in told
