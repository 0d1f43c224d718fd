"""`migrate --check --baseline`: only what an earlier report does not hold fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Result, invoke
from tests.transforms.manifests import account, binding, deployment, stream


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(deployment())
    return tmp_path


def check(*more: str) -> Result:
    return invoke(["migrate", "--check", "--baseline", "baseline.json", *more, "."])


def record(*more: str) -> None:
    assert invoke(["audit", "--format", "json", "--output", "baseline.json", *more, "."]).exit == 0


def test_what_is_known_passes(folder: Path) -> None:
    record()
    assert invoke(["migrate", "--check", "."]).exit == 1
    result = check()
    assert result.exit == 0
    assert result.stderr.endswith("Nothing new: what would change in 1 file (2 read) is in the baseline.\n")
    assert "Would change" not in result.stderr
    assert check("-q").stderr == ""


def test_a_report_of_check_is_a_baseline_too(folder: Path) -> None:
    assert invoke(["migrate", "--check", "--format", "json", "--output", "baseline.json", "."]).exit == 1
    assert check().exit == 0


def test_what_is_new_fails_and_is_named(folder: Path) -> None:
    record()
    (folder / "api.yaml").write_text(deployment(name="api"))
    result = check()
    assert result.exit == 1
    assert "api.yaml:1: Deployment api: not in the baseline: add /spec/template/spec/serviceAccountName" in result.stderr
    assert "web.yaml:1:" not in result.stderr
    assert "Not in the baseline: 3 changes. With what is in it, 2 files would change (3 read).\n" in result.stderr
    assert check("-q").stderr.count("not in the baseline") == 3


def test_what_is_gone_is_counted(folder: Path) -> None:
    record()
    invoke(["migrate", "--write", "."])
    result = check()
    assert result.exit == 0
    assert "Nothing to change: 2 files read, 1 workload.\n3 changes in the baseline would not be made any more" in result.stderr


def test_lines_may_move(folder: Path) -> None:
    record()
    (folder / "web.yaml").write_text("# A comment.\n\n" + deployment(above="team: shop"))
    assert check().exit == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            "nginx:1.29",
            "bitnami/kubectl",
            id="another value: the token stays now",
        ),
        pytest.param("name: web\n  namespace", "name: other\n  namespace", id="another object"),
        pytest.param("namespace: shop", "namespace: ops", id="another namespace"),
    ],
)
def test_another_change_is_not_the_known_one(folder: Path, old: str, new: str) -> None:
    record()
    (folder / "web.yaml").write_text(deployment().replace(old, new))
    assert check("--max-risk", "L4").exit == 1


def test_a_copy_is_one_more(folder: Path) -> None:
    """Two objects of one name in one file: the baseline knows one."""
    record()
    (folder / "web.yaml").write_text(stream(deployment(), deployment()))
    assert check().exit == 1


def test_changes_of_objects_count(folder: Path) -> None:
    (folder / "web.yaml").write_text(stream(account("own"), deployment("serviceAccountName: own\nautomountServiceAccountToken: false")))
    (folder / "default.yaml").write_text(account("default"))
    record("--recipe", "harden-default")
    assert check("--recipe", "harden-default").exit == 0
    (folder / "baseline.json").write_text(json.dumps(json.loads((folder / "baseline.json").read_text()) | {"objects": []}))
    result = check("--recipe", "harden-default")
    assert result.exit == 1
    assert "ServiceAccount default" in result.stderr


def test_a_migrated_folder_passes_with_any_baseline(folder: Path) -> None:
    record()
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert check().exit == 0


def test_a_grant_that_comes_is_a_new_change(folder: Path) -> None:
    record()
    (folder / "rbac.yaml").write_text(binding("shop/default"))
    (folder / "web.yaml").write_text(deployment(image="bitnami/kubectl"))
    assert check().exit == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("{", "baseline.json:1: not readable as JSON", id="no JSON"),
        pytest.param("[]", "make one with", id="another shape"),
        pytest.param('{"version": 2, "workloads": []}', "make one with", id="another version"),
        pytest.param(None, "baseline.json", id="no file"),
    ],
)
def test_a_bad_baseline_is_the_users_input(folder: Path, content: str | None, said: str) -> None:
    if content is not None:
        (folder / "baseline.json").write_text(content)
    result = check()
    assert result.exit == 2
    assert said in result.stderr


def test_a_baseline_is_for_check(folder: Path) -> None:
    record()
    assert invoke(["migrate", "--baseline", "baseline.json", "."]).exit == 2
