"""`samigrate pr`: branches, commits and texts of pull requests, from a plan."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from samigrate.cli.output import BAD_INPUT, DONE, OUR_BUG, put, save, say, say_problems
from samigrate.cli.review import PLAN, QUIET

if TYPE_CHECKING:
    from samigrate.hosts.pullrequests import Opened


@click.command(short_help="Make branches and texts of pull requests from a plan.")
@PLAN
@click.option(
    "--by", type=click.Choice(["namespace", "folder", "owner", "risk"]), default=None, help="One for each. [default: one for all]"
)
@click.option("--max-files", type=click.IntRange(1), metavar="N", help="Several where one would change more files.")
@click.option("--base", metavar="REF", default="HEAD", help="The commit they start from. [default: HEAD]")
@click.option("--branch-prefix", metavar="TEXT", default="samigrate/", help="[default: samigrate/]")
@click.option("-o", "--output", metavar="DIR", type=click.Path(file_okay=False), help="Where the texts go. [default: inside .git]")
@QUIET
def pr(plan: str, by: str | None, max_files: int | None, base: str, branch_prefix: str, output: str | None, quiet: bool) -> int:
    """Make a branch with one commit, and the text of a pull request, for each group of a plan's entries.

    The checked-out branch and the files in the work tree are not touched. Again, it updates the same branches. Stdout
    has titles, bodies and labels as JSON.
    """
    from samigrate.cli import following
    from samigrate.domain.outcome import Outcome
    from samigrate.hosts import git, pullrequests

    supplied = {"--by": by, "--max-files": max_files, "--base": base, "--branch-prefix": branch_prefix}
    usual = (None, "HEAD", "samigrate/")
    options = [word for name, value in supplied.items() if value not in usual for word in (name, str(value))]
    request = pullrequests.Request(by or "", max_files or 0, base, branch_prefix, shlex.join(["samigrate", "pr", plan, *options]))
    git.check_branch(branch_prefix + "x")
    opened, problems = pullrequests.prepare(following.read(plan), partial(following.follow, quiet=quiet), request)
    folder = output or os.path.join(git.run(".", "rev-parse", "--path-format=absolute", "--git-common-dir"), "samigrate")
    os.makedirs(folder, exist_ok=True)
    result = {"version": 1, "pull_requests": [_values(one, _save(one, folder)) for one in opened]}
    put(sys.stdout, (json.dumps(result, indent=2) + "\n").encode())
    if not quiet:
        say(_told(opened, folder, is_whole=not problems))
    say_problems(Outcome((), (), 0, 0, (), (), (), tuple(problems), ()))
    is_bad = problems or any(one.state == "refused" for one in opened)
    return OUR_BUG if any(problem.ours for problem in problems) else BAD_INPUT if is_bad else DONE


def _save(opened: Opened, folder: str) -> list[str]:
    """Write the body and what follows it; returns the paths."""
    paths = []
    for number, text in enumerate([opened.text.body, *opened.text.comments], 1):
        name = opened.text.branch.replace("/", "_") + (f".{number}" if number > 1 else "") + ".md"
        paths.append(os.path.join(folder, name))
        save(paths[-1], [text.encode("utf-8", "backslashreplace")])
    return paths


def _values(opened: Opened, paths: Sequence[str]) -> dict[str, Any]:
    return {
        "branch": opened.text.branch,
        "base": opened.base,
        "commit": opened.commit,
        "state": opened.state,
        "reason": opened.reason,
        "title": opened.text.title,
        "body": opened.text.body,
        "body_file": paths[0],
        "comments": list(opened.text.comments),
        "labels": list(opened.text.labels),
        "files": list(opened.files),
        "workloads": list(opened.workloads),
    }


def _told(opened: Sequence[Opened], folder: str, *, is_whole: bool) -> list[str]:
    from samigrate.base.wording import clean, count

    lines = [
        f"{request.state:9}  {request.text.branch}: {count(len(request.workloads), 'workload')} in {count(len(request.files), 'file')}"
        + (f" ({clean(request.reason)})" if request.reason else "")
        for request in opened
    ]
    if not opened:
        return ["Nothing to open: all that is left of the plan is in the base." if is_whole else "Nothing to open."]
    return [*lines, f"Next: push the branches, and open each with its text in {folder}."]
