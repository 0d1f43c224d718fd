"""The command line as users and their scripts meet it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samigrate import __version__, pipeline
from samigrate.domain.outcome import Outcome
from samigrate.report import formats
from tests.command import invoke

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: nginx:1.27
"""
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x: y\n"
RUN = [sys.executable, "-m", "samigrate"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(WEB)
    return tmp_path


# ---------------------------------------------------------------- migrate


def test_a_dry_run_prints_a_diff_that_git_applies_and_write_does_the_same(folder: Path) -> None:
    shown = invoke(["migrate", "."])
    assert shown.exit == 0
    assert shown.stdout.startswith(b"--- a/web.yaml\n+++ b/web.yaml\n@@ ")
    assert "Would change 1 file (1 read): 1 of 1 workload, tokens 1 → 0." in shown.stderr
    assert (folder / "web.yaml").read_text() == WEB
    shutil.copytree(folder, folder / "copy")
    subprocess.run(["git", "apply", "-"], input=shown.stdout, cwd=folder / "copy", check=True)
    written = invoke(["migrate", "--write", "web.yaml"])
    assert (written.exit, written.stdout) == (0, b"")
    assert "wrote web.yaml\nChanged 1 file" in written.stderr
    assert (folder / "copy" / "web.yaml").read_bytes() == (folder / "web.yaml").read_bytes() != WEB.encode()
    again = invoke(["migrate", "--write", "web.yaml"])
    assert (again.exit, again.stdout) == (0, b"")
    assert "Nothing to change: 1 file read, 1 workload." in again.stderr


@pytest.mark.parametrize("is_repository", [True, False], ids=["repository", "folder"])
@pytest.mark.parametrize(
    ("here", "path", "note"),
    [
        pytest.param("k8s", "..", "`git -C .. apply` takes it.", id="upward"),
        pytest.param("k8s/deep", "../..", "`git -C ../.. apply` takes it.", id="further up"),
        pytest.param(".", "{folder}", "", id="an absolute path to what is below"),
        pytest.param(".", "k8s", "", id="downward"),
    ],
)
def test_git_applies_a_diff_that_leads_out_of_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, here: str, path: str, note: str, *, is_repository: bool
) -> None:
    (folder / "k8s/deep").mkdir(parents=True)
    (folder / "k8s/api.yaml").write_text(WEB.replace("web", "api"))
    if is_repository:
        subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    monkeypatch.chdir(folder / here)
    shown = invoke(["migrate", path.format(folder=folder)])
    assert ("The diff leads out of the current folder" in shown.stderr) is bool(note)
    assert note in shown.stderr
    assert b"+++ b/k8s/api.yaml" in shown.stdout
    subprocess.run(["git", "-C", folder, "apply", "-"], input=shown.stdout, check=True)
    assert "serviceAccountName: api" in (folder / "k8s/api.yaml").read_text()


def test_a_diff_of_a_repository_elsewhere_starts_at_its_top(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", "shop"], cwd=folder, check=True)
    (folder / "shop/web.yaml").write_text(WEB)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert "make it there" in invoke(["plan", "../shop", "-o", "plan.yaml"]).stderr
    for command in (["migrate", "../shop"], ["migrate", "../shop", "--format", "diff"]):
        shown = invoke(command)
        assert shown.stdout.startswith(b"--- a/web.yaml\n+++ b/web.yaml\n")
        assert "The diff leads out of the current folder: `git -C ../shop apply` takes it.\n" in shown.stderr
    assert invoke(["migrate", "../shop", "-q"]).stderr == ""
    invoke(["migrate", "../shop", "--format", "diff", "--output", "out.diff"])
    assert Path("out.diff").read_bytes() == shown.stdout


def test_check(folder: Path) -> None:
    found = invoke(["migrate", "--check", "web.yaml"])
    assert (found.exit, found.stdout) == (1, b"")
    assert "Would change 1 file" in found.stderr
    assert b"+++ b/web.yaml" in invoke(["migrate", "--check", "--diff", "web.yaml"]).stdout
    invoke(["migrate", "--write", "-q", "web.yaml"])
    assert invoke(["migrate", "--check", "web.yaml"]).exit == 0


def test_a_filter_prints_the_stream(folder: Path) -> None:
    result = invoke(["migrate", "-"], WEB.encode())
    assert result.exit == 0
    assert b"kind: ServiceAccount" in result.stdout
    assert result.stdout.endswith(b"image: nginx:1.27\n")
    assert invoke(["migrate", "-"], result.stdout).stdout == result.stdout
    assert b"--- a/<stdin>" in invoke(["migrate", "-", "--diff"], WEB.encode()).stdout
    checked = invoke(["migrate", "-", "--check"], WEB.encode())
    assert (checked.exit, checked.stdout) == (1, b"")


@pytest.mark.parametrize("content", [b"", b"\n", b"# nothing\r\n", b"---\n...\n", "\ufeffkind: X\r\n".encode()])
def test_a_filter_passes_the_rest_through(content: bytes) -> None:
    result = invoke(["migrate", "-"], content)
    assert (result.exit, result.stdout) == (0, content)


@pytest.mark.parametrize("content", [WEB + "---\n" + BROKEN, WEB + "\xff"], ids=["broken YAML", "not UTF-8"])
def test_a_filter_prints_all_or_nothing(content: str) -> None:
    result = invoke(["migrate", "-"], content.encode("latin-1"))
    assert (result.exit, result.stdout) == (2, b"")
    assert result.stderr.startswith("<stdin>:")


def test_a_bad_file_is_named_and_the_others_are_done(folder: Path) -> None:
    (folder / "bad.yaml").write_text(BROKEN)
    result = invoke(["migrate", "."])
    assert result.exit == 2
    assert b"+++ b/web.yaml" in result.stdout
    assert "bad.yaml:4: " in result.stderr
    assert "Traceback" not in result.stderr
    assert invoke(["migrate", "--check", "."]).exit == 2


def test_a_link_is_written_through(folder: Path) -> None:
    (folder / "real.txt").write_text(WEB.replace("web", "other"))
    (folder / "link.yaml").symlink_to("real.txt")
    invoke(["migrate", "--write", "."])
    assert (folder / "link.yaml").is_symlink()
    assert "ServiceAccount" in (folder / "real.txt").read_text()


def test_a_file_that_changes_while_we_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = pipeline.run

    def meanwhile(*arguments: object, **options: object) -> Outcome:
        outcome = run(*arguments, **options)  # type: ignore[arg-type]
        (folder / "web.yaml").write_text("mine\n")
        return outcome

    monkeypatch.setattr(pipeline, "run", meanwhile)
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 2
    assert "web.yaml: not written: it was changed by someone else" in result.stderr
    assert (folder / "web.yaml").read_text() == "mine\n"


def test_secret_values_are_not_shown(folder: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n"
    (folder / "web.yaml").write_text(secret + "---\n" + WEB + "---\n" + secret)
    for arguments in (
        ["migrate", "."],
        ["audit", "."],
        ["audit", "-v", "--workload", "Deployment/web", "."],
        ["audit", "--format", "json", "."],
    ):
        result = invoke(arguments)
        assert b"hunter2" not in result.stdout
        assert "hunter2" not in result.stderr
    subprocess.run(["git", "apply", "-"], input=invoke(["migrate", "."]).stdout, check=True)
    assert (folder / "web.yaml").read_text().count("hunter2") == 2


# ---------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["migrate"], "Missing argument"),
        (["migrate", "--write", "-"], "--write needs files"),
        (["migrate", "--write", "--check", "."], "exclude each other"),
        (["migrate", "--exclude", "[z-a]", "."], "--exclude: '[z-a]' is no path pattern"),
        (["migrate", "--exclude", "", "."], "--exclude: '' is no path pattern"),
        (["migrate", "-", "web.yaml"], "goes with no other path"),
        (["migrate", "nope.yaml"], "nope.yaml: No such file"),
        (["migrate", "--recipe", "nope", "."], "unknown recipe 'nope'"),
        (["migrate", "--format", "nope", "."], ", ".join(formats.names())),
        (["migrate", "--diff", "--format", "json", "."], "both want stdout"),
        (["migrate", "--max-risk", "9", "."], "--max-risk"),
        (["migrate", "--config", "nope.yaml", "."], "nope.yaml: No such file"),
        (["migrate", "--kinds", "nope.yaml", "."], "nope.yaml: No such file"),
        (["migrate", "--context", "nope", "."], "nope: No such file"),
        (["audit", "--workload", "web", "."], "KIND/NAME"),
        (["audit", "--workload", "Deployment/wob", "."], "did you mean 'Deployment/web'"),
        (["explain", "automont"], "did you mean 'automount'"),
        (["explain", "least-privilige"], "did you mean 'least-privilege'"),
        (["explain", "zzz"], "nothing is called 'zzz'; `samigrate explain` lists all that there is\n"),
        (["nope"], "No such command"),
    ],
)
def test_bad_input_is_said_and_exits_with_2(arguments: list[str], message: str) -> None:
    result = invoke(arguments)
    assert (result.exit, result.stdout) == (2, b"")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_config_is_named_with_its_line(folder: Path) -> None:
    (folder / "samigrate.yaml").write_text("apiVersion: samigrate.dev/v1\nkind: Config\nmax_risk: L2\n")
    for arguments, stdin in ((["migrate", "."], b""), (["migrate", "-"], WEB.encode())):
        result = invoke(arguments, stdin)
        assert (result.exit, result.stdout) == (2, b"")
        assert "samigrate.yaml:3: unknown key 'max_risk'; did you mean 'max-risk'?" in result.stderr


def test_options_go_before_the_config(folder: Path) -> None:
    (folder / "samigrate.yaml").write_text("apiVersion: samigrate.dev/v1\nkind: Config\nmax-risk: L0\nrecipe: account-nothing\n")
    assert "unknown recipe 'account-nothing'" in invoke(["migrate", "."]).stderr
    assert invoke(["migrate", "--recipe", "least-privilege", "."]).stdout == b""
    assert invoke(["migrate", "--recipe", "least-privilege", "--max-risk", "L3", "."]).stdout != b""


def test_output_takes_the_report_and_stdout_keeps_the_diff(folder: Path) -> None:
    result = invoke(["migrate", "--format", "json", "--output", "report.json", "web.yaml"])
    assert result.stdout.startswith(b"--- a/web.yaml")
    assert json.loads((folder / "report.json").read_text())["summary"]["tokens_before"] == 1
    assert json.loads(invoke(["migrate", "--format", "json", "web.yaml"]).stdout)["version"] == 1


def test_exclude_and_namespace(folder: Path) -> None:
    assert invoke(["migrate", "--exclude", "web.yaml", "."]).stdout == b""
    report = json.loads(invoke(["audit", "--namespace", "shop", "--format", "json", "."]).stdout)
    assert report["workloads"][0]["resource"]["namespace"] == "shop"


def test_quiet_says_nothing_but_the_result() -> None:
    assert invoke(["migrate", "-q", "."]).stderr == ""


@pytest.mark.parametrize(("option", "variables", "is_colored"), [("always", {}, True), ("auto", {}, False), ("never", {}, False)])
def test_color(option: str, variables: dict[str, str], is_colored: bool) -> None:
    assert (b"\033[" in invoke(["migrate", "--color", option, "."]).stdout) is is_colored


def test_a_rollback_says_how_to_keep_it_and_that_keeps_it(folder: Path) -> None:
    invoke(["migrate", "--write", "."])
    back = invoke(["migrate", "--write", "--recipe", "rollback", "."])
    assert 'annotate it with samigrate.dev/ignore: "all: why"' in back.stderr
    assert invoke(["migrate", "--check", "."]).exit == 1
    text = (folder / "web.yaml").read_text()
    kind = "kind: Deployment\nmetadata:\n"
    (folder / "web.yaml").write_text(text.replace(kind, kind + '  annotations:\n    samigrate.dev/ignore: "all: why"\n'))
    assert invoke(["migrate", "--check", "."]).exit == 0


# ---------------------------------------------------------------- audit, recipes, explain


def test_audit_says_who_holds_a_token_and_why() -> None:
    told = invoke(["audit", "."]).stdout.decode()
    assert "Deployment web" in told
    assert "web.yaml:1" in told
    assert "account web, automount false, no token" in told
    assert "kubectl auth can-i --list --as=system:serviceaccount:NAMESPACE:default -n NAMESPACE" in told


def test_one_workloads_whole_chain() -> None:
    told = invoke(["audit", "-v", "--workload", "deployment/web", "."]).stdout.decode()
    assert "Deployment web: none" in told
    assert "web.yaml:10: counter: container web: image nginx is known" in told
    assert "(automount)" in told


@pytest.mark.parametrize(
    ("condition", "code"), [("token", 1), ("none", 1), ("required", 0), ("error", 0), ("L2", 1), ("L5", 0), ("TOKEN", 1), ("nope", 2)]
)
def test_fail_on(condition: str, code: int) -> None:
    assert invoke(["audit", "--fail-on", condition, "."]).exit == code


def test_the_json_report_has_the_shape_of_its_version(folder: Path) -> None:
    (folder / "bad.yaml").write_text(BROKEN)
    report = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
    assert list(report) == [
        "version", "recipe", "scopes", "summary", "not_seen", "workloads", "findings", "skipped", "objects", "against", "running"
    ]  # fmt: skip
    assert report["recipe"] == ["least-privilege"]
    assert list(report["summary"]) == [
        "files", "documents", "workloads", "changed_files", "containers", "tokens_before", "tokens_after",
        "required", "likely", "unknown", "none",
    ]  # fmt: skip
    workload = report["workloads"][0]
    assert list(workload) == [
        "resource", "scope", "path", "line", "pod", "account", "automount", "tokens", "verdict", "risk", "evidence", "operations",
        "blast_radius", "risks", "builds", "running",
    ]  # fmt: skip
    assert workload["resource"] == {"group": "apps", "kind": "Deployment", "namespace": None, "name": "web"}
    assert list(workload["evidence"][0]) == ["source", "strength", "container", "detail", "path", "line"]
    assert list(workload["operations"][0]) == ["transform", "op", "pointer", "before", "after", "reason"]
    (finding,) = [finding for finding in report["findings"] if finding["id"] == "unreadable"]
    assert list(finding) == ["id", "rule", "level", "message", "action", "path", "line", "column", "pointer", "resource", "workloads"]
    assert (finding["path"], finding["line"]) == ("bad.yaml", 4)


def test_recipes_and_explain() -> None:
    assert b"least-privilege (default)" in invoke(["recipes"]).stdout
    assert b"automount" in invoke(["recipes", "disable-automount"]).stdout
    assert b"transforms\n" in invoke(["explain"]).stdout
    told = invoke(["explain", "automount"]).stdout.decode()
    assert told.index("Before:") < told.index("After:")
    assert "In the recipes: disable-automount, least-privilege\n" in told


def test_a_recipe_is_told_in_words() -> None:
    told = invoke(["explain", "warn"])
    assert told == invoke(["recipes", "warn"])
    assert "annotate " in told.stdout.decode()
    assert "The account says nothing of tokens: they stay where they are.\n" in told.stdout.decode()
    assert "account says `automountServiceAccountToken: false`" in invoke(["explain", "least-privilege"]).stdout.decode()
    assert b"False" not in told.stdout
    assert invoke(["explain", "rollback"]).stdout.startswith(b"rollback: Take a workload back")


# ---------------------------------------------------------------- the end of a process


def test_our_own_failure_asks_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> Outcome:
        raise KeyError("oops")

    monkeypatch.setattr(pipeline, "run", fail)
    result = invoke(["migrate", "."])
    assert (result.exit, result.stdout) == (3, b"")
    assert "please report it" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("SAMIGRATE_DEBUG", "1")
    assert "Traceback" in invoke(["migrate", "."]).stderr


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run", interrupt)
    assert invoke(["migrate", "."]).exit == 130


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_output_is_a_problem() -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run([*RUN, "migrate", "."], stdout=full, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 2
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["migrate", "."], ["audit", "."], ["explain"]])
def test_a_reader_that_has_gone_is_no_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        result = subprocess.run([*RUN, *arguments], stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 0
    assert b"Broken" not in result.stderr
    assert b"Traceback" not in result.stderr


def test_the_version_is_told_without_loading_the_rest() -> None:
    code = "import sys; from samigrate.cli.main import main; main(['--version']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert loaded.startswith(f"samigrate {__version__}\n")
    assert not {"ruamel", "ruamel.yaml", "deepdiff", "samigrate.pipeline", "samigrate.domain.model", "difflib"} & set(loaded.split())


def test_no_deepdiff_where_nothing_fails() -> None:
    code = "import sys; from samigrate.cli.main import main; main(['migrate', '-q', '.']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert "ruamel.yaml" in loaded.split()
    assert not {"deepdiff", "libcst", "rich"} & set(loaded.split())


def test_the_help_names_every_format() -> None:
    told = " ".join(invoke(["audit", "--help"]).stdout.decode().split())
    assert [name for name in formats.names() if name not in told.split("--format")[1].split(" -o")[0]] == []
