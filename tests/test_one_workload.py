"""`migrate --workload`: one workload, with what it needs in other files, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import invoke
from tests.test_plan import binding, deployment, fill, tree


@pytest.fixture(autouse=True)
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.chdir(tmp_path)
    files = {"web.yaml": deployment("web"), "api.yaml": deployment("api", image="example.com/api:1"), "rbac.yaml": binding()}
    fill(tmp_path, files)
    return tree(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ("Deployment/web", {"web.yaml"}),
        ("deployment/shop/web", {"web.yaml"}),
        ("Deployment/api", {"api.yaml", "rbac.yaml"}),
    ],
)
def test_it_alone_changes(wanted: str, changed: set[str], before: dict[str, bytes], tmp_path: Path) -> None:
    result = invoke(["migrate", "--write", "--workload", wanted, "."])
    assert result.exit == 0, result.stderr
    after = tree(tmp_path)
    assert {name for name in after if after[name] != before[name]} == changed
    assert invoke(["migrate", "--check", "--workload", wanted, "."]).exit == 0
    assert "1 of 1 workload" in result.stderr


def test_the_rest_follows_later_as_if_nothing_had_been_done_before(before: dict[str, bytes], tmp_path: Path) -> None:
    assert invoke(["migrate", "--write", "--workload", "Deployment/web", "."]).exit == 0
    assert invoke(["migrate", "--write", "."]).exit == 0
    stepwise = tree(tmp_path)
    fill(tmp_path, {name: data.decode() for name, data in before.items()})
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert tree(tmp_path) == stepwise


@pytest.mark.parametrize(
    ("wanted", "said"), [("Deployment/wep", "did you mean"), ("web", "takes KIND/NAME"), ("Deployment/ops/web", "no workload")]
)
def test_none_of_that_name(wanted: str, said: str, before: dict[str, bytes], tmp_path: Path) -> None:
    result = invoke(["migrate", "--write", "--workload", wanted, "."])
    assert result.exit == 2
    assert said in result.stderr
    assert tree(tmp_path) == before


def test_nothing_to_do_for_it(before: dict[str, bytes], tmp_path: Path) -> None:
    assert invoke(["migrate", "--write", "--workload", "Deployment/web", "."]).exit == 0
    after = tree(tmp_path)
    assert invoke(["migrate", "--write", "--workload", "Deployment/web", "."]).exit == 0
    assert tree(tmp_path) == after
