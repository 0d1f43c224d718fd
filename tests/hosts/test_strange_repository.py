"""A repository from a stranger runs nothing of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import invoke

WEB = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: nginx\n"


def git(*words: str, folder: Path) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """What a program of the repository's would leave."""
    return tmp_path / "ran"


@pytest.fixture
def program(tmp_path: Path, ran: Path) -> str:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clone"
    (folder / "apps").mkdir(parents=True)
    (folder / "apps/web.yaml").write_text(WEB)
    git("init", "-q", "-b", "main", folder=folder)
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "x", folder=folder)
    monkeypatch.chdir(folder)
    return folder


def partial(config: Path, program: str) -> None:
    """Whatever is missing is fetched by a program."""
    settings = (("remote.x.url", str(config.parent)), ("remote.x.promisor", "true"), ("remote.x.partialclonefilter", "blob:none"))
    more = (("remote.x.uploadpack", program), ("extensions.partialClone", "x"), ("core.repositoryformatversion", "1"))
    for key, value in (*settings, *more, ("protocol.file.allow", "always"), ("protocol.ext.allow", "always"), ("core.fsmonitor", program)):
        subprocess.run(["git", "config", "--file", str(config), key, value], check=True)


def bare(folder: Path, program: str) -> None:
    """A bare repository committed as plain files, which git would find on its way up."""
    (folder / "objects").mkdir()
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "config").write_text(
        f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {folder}\n[filter "x"]\n\tclean = {program}\n'
    )
    partial(folder / "config", program)
    (folder / ".gitattributes").write_text("* filter=x\n")


COMMANDS = [
    ["audit", "apps"],
    ["audit", "."],
    ["migrate", "--check", "apps/web.yaml"],
    ["evidence", "source", "apps"],
    ["migrate", "--write", "--git-add", "apps"],
    ["plan", "apps"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_bare_repository_among_the_files_is_none(clone: Path, ran: Path, program: str, command: list[str]) -> None:
    bare(clone / "apps", program)
    result = invoke(command)
    assert "Traceback" not in result.stderr
    assert not ran.exists()


@pytest.mark.parametrize("command", COMMANDS[:4], ids=" ".join)
def test_nothing_is_fetched(clone: Path, ran: Path, program: str, command: list[str]) -> None:
    partial(clone / ".git/config", program)
    git("config", "index.sparse", "true", folder=clone)
    tree = subprocess.run(["git", "rev-parse", "HEAD:apps"], cwd=clone, check=True, capture_output=True, text=True).stdout.strip()
    os.unlink(clone / ".git/objects" / tree[:2] / tree[2:])
    ran.unlink(missing_ok=True)
    result = invoke(command)
    assert "Traceback" not in result.stderr
    assert not ran.exists()


def test_git_itself_would_run_it(clone: Path, ran: Path, program: str) -> None:
    """The traps above are real ones."""
    bare(clone / "apps", program)
    subprocess.run(["git", "-C", "apps", "add", "web.yaml"], capture_output=True, check=False)
    assert ran.exists()


def test_an_honest_clone_is_staged_through_its_filter(clone: Path, ran: Path, program: str) -> None:
    git("config", "filter.lfs.clean", program, folder=clone)
    (clone / ".gitattributes").write_text("*.yaml filter=lfs\n")
    assert invoke(["migrate", "--write", "--git-add", "apps"]).exit == 0
    assert ran.exists()


def test_the_action_runs_no_module_of_the_checkout() -> None:
    script = (Path(__file__).parent.parent.parent / "ci/action.sh").read_text()
    assert "python3 -I -m venv" in script
    assert "python3 -m" not in script
