"""The hooks as pre-commit runs them, and the action's script as a runner does: built, installed, run on a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.test_plan import deployment, fill

TOP = Path(__file__).parent.parent
HOOKS = TOP / ".pre-commit-hooks.yaml"
COMMAND = [sys.executable, "-m", "pre_commit"]


def git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "somebody@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who}
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True, cwd=folder, env=environment).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    fill(folder, {"web.yaml": deployment("web"), "other.yaml": "a: 1\n", "no-account.json": '{"a": 1}\n'})
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a repository of its own, as pre-commit clones one."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("samigrate", "recipes"):
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "ci/action.sh"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, folder / name)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_the_manifest_is_one() -> None:
    subprocess.run([*COMMAND, "validate-manifest", str(HOOKS)], check=True)


def test_hooks_call_commands_that_there_are() -> None:
    from samigrate.cli.main import cli

    for hook in yaml.safe_load(HOOKS.read_text()):
        program, command, *options = hook["entry"].split()
        assert program == "samigrate"
        known = {name for one in cli.commands[command].params for name in one.opts}
        assert {option for option in options if option.startswith("-")} <= known
        assert hook["require_serial"] is True  # two processes must not write one repository at once


def pre_commit(repository: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home)}
    return subprocess.run([*COMMAND, *words, "--all-files", "--verbose"], cwd=repository, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_try_repo(source: Path, repository: Path, tmp_path: Path) -> None:
    """Both in turn: the fix changes the file, and so fails; the check after it has nothing to say."""
    tried = pre_commit(repository, tmp_path / "cache", "try-repo", str(source))
    assert tried.returncode == 1, tried.stdout + tried.stderr
    assert "files were modified by this hook" in tried.stdout
    assert "samigrate (check the whole repository)" in tried.stdout and "exit code" not in tried.stdout
    assert git(repository, "status", "--porcelain") == " M web.yaml\n"


@pytest.mark.slow
def test_the_hooks_from_a_config(source: Path, repository: Path, tmp_path: Path) -> None:
    """The check fails and changes nothing; the fix fails once; then both pass."""
    hooks = [{"id": "samigrate"}, {"id": "samigrate-check"}]
    config = {"repos": [{"repo": str(source), "rev": git(source, "rev-parse", "HEAD").strip(), "hooks": hooks}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(repository, "add", "-A")
    checked = pre_commit(repository, tmp_path / "cache", "run", "samigrate-check")
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "exit code: 1" in checked.stdout
    assert git(repository, "diff", "--name-only") == ""
    fixed = pre_commit(repository, tmp_path / "cache", "run", "samigrate")
    assert fixed.returncode == 1 and "files were modified by this hook" in fixed.stdout
    assert git(repository, "diff", "--name-only") == "web.yaml\n"
    assert pre_commit(repository, tmp_path / "cache", "run").returncode == 0


@pytest.mark.slow
def test_the_action(source: Path, repository: Path, tmp_path: Path) -> None:
    def act(mode: str, **more: str) -> tuple[int, dict[str, str]]:
        output = tmp_path / "output"
        output.write_text("")
        given = {"MODE": mode, "PATHS": ".", "GITHUB_ACTION_PATH": str(source), "RUNNER_TEMP": str(tmp_path / "runner")}
        environment = {**os.environ, **given, "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), **more}
        code = subprocess.run(["bash", str(source / "ci/action.sh")], cwd=repository, env=environment, capture_output=True).returncode
        return code, dict(line.split("=", 1) for line in output.read_text().splitlines())

    code, told = act("check")
    assert (code, told["changed"]) == (1, "true")
    assert "+++ b/web.yaml" in Path(told["diff"]).read_text()
    assert "| `Deployment shop/web` |" in (tmp_path / "summary").read_text()
    assert git(repository, "status", "--porcelain") == ""
    assert act("diff")[0] == 0
    assert act("check", SARIF=str(tmp_path / "samigrate.sarif"))[0] == 1
    assert '"ruleId": "would-change"' in (tmp_path / "samigrate.sarif").read_text()
    assert act("write")[0] == 0
    assert git(repository, "status", "--porcelain") == " M web.yaml\n"
    code, told = act("check")
    assert (code, told["changed"]) == (0, "false")
    assert act("tidy")[0] == 2
    assert act("check", PATHS="$(touch injected)")[0] == 2
    assert not (repository / "injected").exists()
