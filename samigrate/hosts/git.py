"""git, run as a user would, and the one place that runs it: nothing here knows what is committed.

A repository may be hostile. Nothing in its files makes us run a program: a bare repository among them is passed over,
nothing is fetched (a partial clone names a program for that), and neither hooks nor a file system monitor are asked.
What the user's own clone is set up to do (filters such as git-lfs, signing) is done where the user asks for `--git-add`
or branches.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from samigrate.base.errors import InputError

_OWN = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG")
"""Of git's variables only these are passed on: a hook sets the others for another repository than the one asked about."""
_SETTINGS = (
    "safe.bareRepository=explicit",
    "protocol.allow=never",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
_SAFE = tuple(word for setting in _SETTINGS for word in ("-c", setting))
_ENVIRONMENT = {"LC_ALL": "C", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
_TAKES_PATHS = "check-ignore"
"""It takes paths, not patterns, and refuses to be told so."""
NOBODY = ("-c", "user.name=samigrate", "-c", "user.email=samigrate@localhost")


def run(folder: str, *arguments: str, stdin: bytes = b"") -> str:
    """What git prints, without the last newline. Raises InputError with what it says where it fails."""
    process = start(folder, *arguments, stdin=stdin)
    if process.returncode:
        messages = os.fsdecode(process.stderr).strip().splitlines() or [f"exit code {process.returncode}"]
        raise InputError("", 0, f"git {arguments[0] if arguments[0] != '-c' else 'commit-tree'}: {messages[-1]}")
    return os.fsdecode(process.stdout).removesuffix("\n")


def ask(folder: str, *arguments: str) -> str | None:
    """The same, or None where git says no."""
    process = start(folder, *arguments)
    return None if process.returncode else os.fsdecode(process.stdout).removesuffix("\n")


def start(folder: str, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """git in a folder, whatever comes of it. Raises InputError where there is no git."""
    remaining = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_OWN)}
    try:
        return subprocess.run(
            ["git", *_SAFE, "-C", folder, *arguments],
            input=stdin,
            capture_output=True,
            env=remaining | _ENVIRONMENT | ({} if _TAKES_PATHS in arguments else {"GIT_LITERAL_PATHSPECS": "1"}),
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError("", 0, "git is not there") from error


@contextmanager
def worktree(folder: str, commit: str) -> Iterator[str]:
    """A work tree of its own at a commit, gone afterwards; the user's stays as it is."""
    home = os.path.realpath(tempfile.mkdtemp(prefix="samigrate-"))
    tree = os.path.join(home, "tree")
    try:
        run(folder, "worktree", "add", "--quiet", "--detach", tree, commit)
        yield tree
    finally:
        ask(folder, "worktree", "remove", "--force", tree)
        shutil.rmtree(home, ignore_errors=True)


def add(paths: Sequence[str]) -> None:
    """Stage files, each in the repository it is in. Raises InputError where one is in none."""
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        target = os.path.realpath(path)
        by_folder.setdefault(os.path.dirname(target), []).append(os.path.basename(target))
    for folder, names in sorted(by_folder.items()):
        run(folder, "add", "--", *names)


def checked_out(folder: str) -> frozenset[str]:
    """The branches that stand in some work tree, as `refs/heads/…`."""
    listed = run(folder, "worktree", "list", "--porcelain").splitlines()
    return frozenset(line.removeprefix("branch ") for line in listed if line.startswith("branch "))


def check_branch(name: str) -> None:
    """Raises InputError for what cannot be a branch's name."""
    if ask(".", "check-ref-format", "--branch", name) is None:
        raise InputError("", 0, f"{name!r} cannot be the name of a branch")


def commit(folder: str, parent: str, message: str) -> str:
    """A commit of the index on `parent`. No hook runs; it is signed where the user's git signs."""
    tree = run(folder, "write-tree")
    is_known = ask(folder, "var", "GIT_COMMITTER_IDENT") is not None and ask(folder, "var", "GIT_AUTHOR_IDENT") is not None
    sign = ("-S",) if ask(folder, "config", "--bool", "commit.gpgSign") == "true" else ()
    subject = () if is_known else NOBODY
    return run(folder, *subject, "commit-tree", *sign, tree, "-p", parent, stdin=message.encode("utf-8", "surrogateescape"))
