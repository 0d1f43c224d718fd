"""When programs are read: by the option, the config or the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import invoke

CONFIG = "apiVersion: samigrate.dev/v1\nkind: Config\n"
RECIPE = "apiVersion: samigrate.dev/v1\nkind: Recipe\nname: mine\nsummary: Mine\ntransforms: {automount: {}}\n"
PROGRAM = (
    "POD = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a', 'namespace': 'shop'}, "
    "'spec': {'containers': [{'name': 'a', 'image': 'nginx'}]}}\n"
)


@pytest.mark.parametrize(
    ("files", "options", "is_read"),
    [
        pytest.param({}, [], False, id="nobody asks"),
        pytest.param({}, ["--python"], True, id="the option"),
        pytest.param({"samigrate.yaml": CONFIG + "python: true\n"}, [], True, id="the config"),
        pytest.param({"samigrate.yaml": CONFIG + "python: true\n"}, ["--no-python"], False, id="the option against the config"),
        pytest.param({"mine.yaml": RECIPE + "python: true\n"}, ["--recipe", "./mine.yaml"], True, id="a recipe of one's own"),
        pytest.param(
            {"mine.yaml": RECIPE + "python: true\n", "samigrate.yaml": CONFIG + "recipe: mine.yaml\n"}, [], True, id="the config's recipe"
        ),
        pytest.param(
            {"mine.yaml": RECIPE + "python: true\n", "samigrate.yaml": CONFIG + "recipe: mine.yaml\npython: false\n"}, [], False,
            id="the config against its recipe",
        ),
        pytest.param(
            {"mine.yaml": RECIPE + "include: [other.yaml]\n", "other.yaml": RECIPE + "python: true\n"}, ["--recipe", "./mine.yaml"], True,
            id="an included recipe",
        ),
    ],
)  # fmt: skip
def test_who_says_that_programs_are_read(
    files: dict[str, str], options: list[str], is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(PROGRAM)
    for folder in ("venv/lib", "site-packages"):  # what is installed is other people's
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "b.py").write_text(PROGRAM)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = invoke(["audit", "--format", "json", *options, "."])
    assert result.exit == 0, result.stderr
    assert [one["path"] for one in json.loads(result.stdout)["workloads"]] == ["a.py"] * is_read
    plan = invoke(["plan", *options, "-o", "plan.yaml", "."])
    assert plan.exit == 0, plan.stderr
    assert invoke(["apply", "plan.yaml"]).exit == 0
    assert ("automountServiceAccountToken" in (tmp_path / "a.py").read_text()) is is_read


def test_a_folder_is_its_own_whatever_lies_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is installed below the folder is left out."""
    home = tmp_path / "venv" / "shop"
    home.mkdir(parents=True)
    (home / "a.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    assert "a.py" in invoke(["migrate", "--python", "venv/shop"]).stdout.decode()


def test_a_program_that_is_named_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(PROGRAM)
    (tmp_path / "c.py").symlink_to("/etc/c.py")
    result = invoke(["migrate", "a.py"])
    assert "+++ b/a.py" in result.stdout.decode() and "b.py" not in result.stdout.decode()
    assert "c.py" not in invoke(["migrate", "-v", "."]).stderr and "c.py" in invoke(["migrate", "-v", "--python", "."]).stderr
