"""Paths and names on the command line that lead to nothing: a slip of the pen must not look like a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import invoke

CHART = "apiVersion: v2\nname: api\nversion: 0.1.0\n"
NAMELESS = "cannot be the name of a namespace"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code/app.py").write_text("print()\n")
    (tmp_path / "README.md").write_text("# no manifest\n")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart/Chart.yaml").write_text(CHART)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/config.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n")
    return tmp_path


@pytest.mark.parametrize("command", [["migrate", "--check"], ["audit", "--fail-on", "token"]], ids=["check", "fail-on"])
@pytest.mark.parametrize(
    ("paths", "code"),
    [
        pytest.param(["empty"], 2, id="a folder without manifests"),
        pytest.param(["code"], 2, id="a folder of programs, which nobody asked to read"),
        pytest.param(["code", "--python"], 0, id="a folder of programs"),
        pytest.param(["empty", "k8s"], 0, id="one of two folders"),
        pytest.param(["chart"], 0, id="a chart"),
        pytest.param(["README.md"], 0, id="a file without manifests"),
        pytest.param(["k8s", "--exclude", "k8s/**"], 0, id="all excluded"),
        pytest.param(["photo.png"], 2, id="no text"),
    ],
)
def test_nothing_checked_is_no_pass(command: list[str], paths: list[str], code: int) -> None:
    assert invoke([*command, *paths]).exit == code


@pytest.mark.parametrize("command", ["audit", "migrate", "migrate --check", "plan"])
def test_a_folder_without_manifests_is_named(command: str) -> None:
    result = invoke([*command.split(), "empty"])
    said = result.stderr + result.stdout.decode()
    assert "holds no *.yaml, *.yml or *.json file" in said
    assert "empty" in said


@pytest.mark.parametrize("path", ["k8s", "k8s/config.yaml", "."])
def test_what_is_excluded_is_said_where_nothing_is_left(folder: Path, path: str) -> None:
    (folder / "chart/Chart.yaml").unlink()
    config = "apiVersion: samigrate.dev/v1\nkind: Config\nexclude: ['k8s/**', samigrate.yaml]\n"
    (folder / "samigrate.yaml").write_text(config)
    result = invoke(["migrate", "--check", path])
    assert (result.exit, result.stderr) == (
        0,
        f"left alone (1)\n  excluded: nothing in it may change  {path}\nNothing to change: 0 files read, 0 workloads.\n",
    )
    (folder / "k8s/config.yaml").rename(folder / "config.yaml")
    assert "excluded" not in invoke(["migrate", "--check", "."]).stderr


@pytest.mark.parametrize("command", [["audit"], ["audit", "--format", "json"], ["migrate", "--write", "--format", "json"]])
def test_a_report_takes_no_manifests_place(folder: Path, command: list[str]) -> None:
    before = (folder / "k8s/config.yaml").read_bytes()
    result = invoke([*command, "--output", "k8s/config.yaml", "."])
    assert (result.exit, result.stdout) == (2, b"")
    assert result.stderr == "samigrate: k8s/config.yaml: holds a manifest, which would be lost: name another file\n"
    assert (folder / "k8s/config.yaml").read_bytes() == before
    for _ in range(2):
        assert invoke([*command, "--output", "report", "."]).exit == 0


def test_a_named_file_that_is_no_text_is_an_error() -> None:
    result = invoke(["audit", "photo.png", "k8s"])
    assert (result.exit, result.stderr) == (2, "photo.png:1: not UTF-8: byte 0x89\n")
    assert b"0 workloads in 2 files" in result.stdout


@pytest.mark.parametrize("option", ["--config", "--kinds", "--evidence", "--recipe"])
def test_an_option_is_read_even_where_there_is_nothing_to_do(option: str) -> None:
    result = invoke(["migrate", "empty", option, "nowhere.yaml"])
    assert (result.exit, result.stderr) == (2, "samigrate: nowhere.yaml: No such file or directory\n")


@pytest.mark.parametrize("name", ["", "Shop", "a.b", "-a", "a-", "a/b", "a" * 64, "a\n"])
def test_a_namespace_is_a_dns_label(name: str, folder: Path) -> None:
    result = invoke(["migrate", "k8s", "--namespace", name])
    assert result.exit == 2
    assert NAMELESS in result.stderr
    (folder / "samigrate.yaml").write_text(f"apiVersion: samigrate.dev/v1\nkind: Config\nnamespaces:\n  '**': {name!r}\n")
    assert invoke(["migrate", "k8s"]).exit == 2


@pytest.mark.parametrize("name", ["shop", "a", "0-1", "a" * 63])
def test_namespaces_that_can_be(name: str) -> None:
    assert invoke(["migrate", "k8s", "--namespace", name]).exit == 0
