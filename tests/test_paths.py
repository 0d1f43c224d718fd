"""Paths and names on the command line that lead to nothing: a slip of the pen must not look like a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import invoke

CHART = "apiVersion: v2\nname: api\nversion: 0.1.0\n"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: api, namespace: shop}
spec:
  chart: {spec: {chart: api}}
  values: {pod: {spec: {containers: [{name: api, image: nginx}]}}}
"""
OTHERS = {
    "values/values.yaml": "kind: small\n",
    "releases/api.yaml": RELEASE,
    "remote/kustomization.yaml": "resources: ['https://example.com/base?ref=v1']\n",
}
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n"
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
    for name, text in OTHERS.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/config.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n")
    return tmp_path


@pytest.mark.parametrize("command", [["migrate", "--check"], ["audit", "--fail-on", "token"]], ids=["check", "fail-on"])
@pytest.mark.parametrize(
    ("paths", "code"),
    [
        pytest.param(["empty"], 2, id="a folder without manifests"),
        pytest.param(["code"], 2, id="a folder of programs, which nobody asked to read"),
        pytest.param(["code", "--python"], 2, id="a folder of programs without a workload"),
        pytest.param(["empty", "k8s"], 0, id="one of two folders"),
        pytest.param(["k8s"], 0, id="objects, and no workload among them"),
        pytest.param(["chart"], 2, id="a chart"),
        pytest.param(["k8s", "chart"], 2, id="a chart beside objects that are no workloads"),
        pytest.param(["README.md"], 2, id="a file without manifests"),
        pytest.param(["values"], 2, id="YAML that is no manifest"),
        pytest.param(["releases"], 2, id="HelmReleases only"),
        pytest.param(["remote"], 2, id="a kustomization of a remote base"),
        pytest.param(["k8s", "--exclude", "k8s/**"], 0, id="all excluded"),
        pytest.param(["photo.png"], 2, id="no text"),
    ],
)
def test_nothing_checked_is_no_pass(command: list[str], paths: list[str], code: int) -> None:
    result = invoke([*command, *paths])
    assert result.exit == code
    if code == 2 and paths != ["photo.png"]:
        assert result.stderr.splitlines()[-1].startswith("samigrate: nothing was judged: ")


@pytest.mark.parametrize("command", [["migrate", "--check"], ["migrate", "--check", "-q"], ["audit", "--fail-on", "token"]], ids=" ".join)
@pytest.mark.parametrize("text", ["", "\n---\n# nothing\n", "Error: chart not found\n", "usage: helm\n\tbad", "{}\n", "null\n"])
def test_a_stream_without_an_object_is_no_pass(command: list[str], text: str) -> None:
    result = invoke([*command, "-"], text.encode())
    assert result.exit == 2
    assert result.stderr.splitlines()[-1] == (
        "samigrate: nothing was judged: there is no Kubernetes object on standard input; did the command before the pipe fail?"
    )


def test_an_object_of_a_stream_that_is_no_workload_is_a_pass() -> None:
    assert invoke(["migrate", "--check", "-"], b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n").exit == 0


@pytest.mark.parametrize(
    ("command", "last"),
    [
        (["migrate", "--check"], "failed by --check: 1 file would change"),
        (["migrate", "--check", "-q"], "failed by --check: 1 file would change"),
        (["migrate", "--check", "--format", "sarif"], "failed by --check: 1 file would change"),
        (["audit", "--fail-on", "token", "--fail-on", "none"], "failed by --fail-on token: 1 workload, Pod web; --fail-on none: 1 workload, Pod web"),
        (["audit", "--fail-on", "note", "--format", "json"], "failed by --fail-on note: 1 finding, needs-recreate"),
    ],
)  # fmt: skip
def test_a_gate_that_fails_says_why_last(folder: Path, command: list[str], last: str) -> None:
    (folder / "web.yaml").write_text(POD)
    result = invoke([*command, "web.yaml"])
    assert (result.exit, result.stderr.splitlines()[-1]) == (1, f"samigrate: {last}")


SEEN = "Seen 1 workload; not seen: 1 chart, 1 HelmRelease, 1 remote base"


@pytest.mark.parametrize("command", ["migrate", "migrate --check", "audit", "audit --format markdown"])
def test_a_summary_says_what_was_not_seen(folder: Path, command: str) -> None:
    (folder / "web.yaml").write_text(POD)
    result = invoke([*command.split(), "."])
    assert SEEN in result.stderr + result.stdout.decode()
    assert b'"not_seen": {\n    "chart": 1,' in invoke(["audit", "--format", "json", "."]).stdout
    alone = invoke([*command.split(), "web.yaml"])
    assert "not seen:" not in alone.stderr + alone.stdout.decode()


def test_a_folder_that_flux_applies_is_seen_where_it_is_here(folder: Path) -> None:
    for name in ("here", "gone"):
        text = (
            RELEASE.partition("spec:")[0]
            .replace("helm.toolkit.fluxcd.io/v2", "kustomize.toolkit.fluxcd.io/v1")
            .replace("HelmRelease", "Kustomization")
        )
        (folder / "releases" / f"{name}.yaml").write_text(f"{text.replace('api,', name + ',')}spec: {{path: ./{name}}}\n")
    (folder / "here").mkdir()
    (folder / "here/web.yaml").write_text(RELEASE)
    assert "not seen: 2 HelmReleases, 1 chart, 1 Flux Kustomization, 1 remote base" in invoke(["migrate", "."]).stderr


def test_nobody_is_told_to_describe_a_release_as_a_kind() -> None:
    assert "unsupported-kind" not in invoke(["audit", "-v", "releases"]).stdout.decode()


@pytest.mark.parametrize("command", ["audit", "migrate", "migrate --check", "plan"])
def test_a_folder_without_manifests_is_named(command: str) -> None:
    result = invoke([*command.split(), "empty"])
    said = result.stderr + result.stdout.decode()
    assert "holds no *.yaml, *.yml or *.json file" in said
    assert "empty" in said


@pytest.mark.parametrize("path", ["k8s", "k8s/config.yaml", "."])
def test_what_is_excluded_is_said_where_nothing_is_left(folder: Path, path: str) -> None:
    for name in ("chart/Chart.yaml", *OTHERS):
        (folder / name).unlink()
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
