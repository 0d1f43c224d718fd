"""The commands on the pages of docs/hosts, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tools

DOCS = Path(__file__).parent.parent / "docs" / "hosts"
PAGES = {path.stem: path for path in sorted(DOCS.glob("*.md")) if path.stem != "README"}
NEEDS = {
    "helm3": {"helm": "helm3"},
    "helm4": {"helm": "helm4"},
    "flux": {"helm": "helm3", "kubectl": "kubectl"},
    "kustomize": {"kustomize": "kustomize"},
}


def commands(page: Path) -> str:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_the_page_can_be_followed(page: str, tmp_path: Path) -> None:
    script = commands(PAGES[page])
    assert "samigrate" in script
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "samigrate").symlink_to(Path(sys.executable).parent / "samigrate")
    for name, tool in NEEDS.get(page, {"kubectl": "kubectl"}).items():
        (tmp_path / "bin" / name).symlink_to(tools.need(tool))
    if page == "kpt" and not shutil.which("kpt"):
        pytest.skip("kpt comes from no package index; the tests use it where it is")
    (tmp_path / "here").mkdir()
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    ran = subprocess.run(["bash", "-ec", script], cwd=tmp_path / "here", env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_page_names_its_traps() -> None:
    assert set(PAGES) == {"argocd", "flux", "helm3", "helm4", "kpt", "kubectl-kustomize", "kustomize"}
    for page in PAGES.values():
        assert "## Traps\n" in page.read_text(encoding="utf-8")


def test_the_plugin_on_the_page_is_the_one_that_is_shipped() -> None:
    shipped = (DOCS.parent.parent / "plugins" / "helm4" / "samigrate" / "plugin.yaml").read_text(encoding="utf-8")
    own = "".join(line for line in shipped.splitlines(keepends=True) if not line.startswith("#"))
    assert own in PAGES["helm4"].read_text(encoding="utf-8")
