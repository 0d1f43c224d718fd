"""The library, as docs/api.md shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import samigrate
from tests.test_plan import binding, deployment, fill, tree

PAGE = Path(__file__).parent.parent / "docs" / "api.md"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_runs() -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, names)


def test_the_page_names_everything() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in samigrate.__all__ if f"`{name}" not in page]


def test_a_text_that_cannot_be_read_is_not_passed_on_in_part() -> None:
    with pytest.raises(samigrate.InputError) as raised:
        samigrate.migrate_text(deployment("web") + "---\napiVersion: v1\nkind: Pod\nspec: [\n")
    assert raised.value.line > 1


@pytest.mark.parametrize(
    "options", [{"max_risk": "L9"}, {"unknown": "maybe"}, {"namespace": "No Such"}, {"recipes": ("nothing",)}, {"config": "no.yaml"}]
)
def test_options_that_are_none(options: dict[str, Any]) -> None:
    with pytest.raises(samigrate.InputError):
        samigrate.migrate_text(deployment("web"), samigrate.Options(**options))
    with pytest.raises(samigrate.InputError):
        samigrate.audit(".", samigrate.Options(**options))


def test_several_paths_and_a_problem(folder: Path) -> None:
    fill(folder, {"a/web.yaml": deployment("web"), "b/api.yaml": deployment("api", image="example.com/api:1"), "b/rbac.yaml": binding()})
    fill(folder, {"b/broken.yaml": "apiVersion: v1\nkind: Pod\nspec: [\n"})
    before = tree(folder)
    found = samigrate.migrate_paths([Path("a"), "b"])
    assert {one.name: one.verdict for one in found.workloads} == {"web": "none", "api": "likely"}
    assert [(one.level, one.path) for one in found.problems] == [("problem", "b/broken.yaml")]
    assert tree(folder) == before


def test_a_config_and_its_recipes(folder: Path) -> None:
    fill(
        folder, {"samigrate.yaml": "apiVersion: samigrate.dev/v1\nkind: Config\nrecipe: disable-automount\n", "web.yaml": deployment("web")}
    )
    (text,) = samigrate.migrate_paths("web.yaml").files.values()
    assert "serviceAccountName" not in text


def test_it_is_loaded_when_it_is_asked_for() -> None:
    code = "import samigrate, sys; assert 'samigrate.api' not in sys.modules; samigrate.audit; assert 'samigrate.api' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError):
        samigrate.nothing  # noqa: B018


def test_no_module_stands_in_the_way_of_a_name() -> None:
    """A module of the name would take the function's place once it is loaded."""
    home = Path(samigrate.__file__).parent
    assert not [name for name in samigrate.__all__ if (home / f"{name}.py").exists() or (home / name).exists()]
