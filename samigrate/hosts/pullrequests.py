"""Branches with their commits and texts, from a plan: made in a work tree of their own, so the user's is never touched."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from samigrate.base.errors import InputError
from samigrate.base.values import Value
from samigrate.base.wording import clean
from samigrate.domain.model import Problem
from samigrate.domain.outcome import Applied, Built, FileChange, Outcome
from samigrate.helm import versions
from samigrate.hosts import git, repository
from samigrate.hosts.write import write
from samigrate.review.plan_file.applying import Progress
from samigrate.review.plan_file.planfile import Entry, Left, PlanFile
from samigrate.review.pull_request import codeowners, grouping, pullrequest
from samigrate.review.pull_request.grouping import Group
from samigrate.review.pull_request.pullrequest import Changed, PullRequest
from samigrate.settings.config import is_file_name

Follow = Callable[[PlanFile], tuple[Outcome, Progress]]
"""Follows a plan in the current folder, and writes nothing."""
TRAILER = "Samigrate-Branch"
_INPUTS = ("config", "kinds", "context", "evidence", "recipe", "chart")
"""Options that name files which only inform: where a commit does not have them, the user's own are read."""


class MadeBranch(NamedTuple):
    """What became of a workload or another object: the fields of `Changed` but for the entry."""

    kind: str
    account: tuple[str, str]
    tokens: tuple[int, int]
    applied: tuple[Applied, ...]
    builds: tuple[Built, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for. `by` is "" for one pull request; `command` is what is told to make it again."""

    by: str = ""
    max_files: int = 0
    base: str = "HEAD"
    prefix: str = "samigrate/"
    command: str = "samigrate pr"


@dataclass(frozen=True, slots=True)
class Opened:
    """One pull request and its branch: `state` is created, updated, unchanged or refused (then `reason` says why)."""

    text: PullRequest
    base: str
    commit: str
    state: str
    reason: str
    files: tuple[str, ...]
    workloads: tuple[str, ...]


def prepare(plan: PlanFile, follow: Follow, request: Request) -> tuple[list[Opened], list[Problem]]:
    """Make or bring up to date the branch of every group. Raises InputError where there is nothing to work on."""
    return _Branches(plan, follow, request).run()


class _Branches:
    def __init__(self, plan: PlanFile, follow: Follow, request: Request) -> None:
        self.plan, self.follow, self.request = plan, follow, request
        self.here = os.path.realpath(os.getcwd())
        self.top = git.run(self.here, "rev-parse", "--show-toplevel")
        self.inside = git.run(self.here, "rev-parse", "--show-prefix").rstrip("/")
        self.base = git.run(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{request.base}^{{commit}}")
        self.busy = git.checked_out(self.top)
        self.problems: list[Problem] = []
        for entry in plan.entries:
            self._from_top(entry.at.file)

    def _from_top(self, path: str) -> str:
        """A path of the plan as git has it."""
        result = os.path.normpath(os.path.join(self.inside, path)).replace(os.sep, "/")
        if os.path.isabs(path) or result.startswith("../"):
            raise InputError(path, 0, "is not below the repository: make the plan in it, with relative paths")
        return result

    def run(self) -> tuple[list[Opened], list[Problem]]:
        rules = self._rules()

        def owners(path: str) -> tuple[str, ...]:
            return codeowners.owners(rules, self._from_top(path))

        entries = [entry for entry in self.plan.entries if not entry.skip]
        waiting = grouping.group(entries, self.request.by, owners, self.request.max_files)
        opened: list[Opened] = []
        left_out: set[Left] = set()
        with git.worktree(self.top, self.base) as tree:
            outcome, changed_entries = self._followed(entries, tree)
            while waiting:
                group = waiting.pop(0)
                left = [
                    each for each in self.plan.left if grouping.key(each, self.request.by, owners) in group.keys and each not in left_out
                ]
                value = self._one(
                    group, left, [changed_entries[entry.key] for entry in group.entries if entry.key in changed_entries], outcome, tree
                )
                if isinstance(value, Opened):
                    left_out |= set(left)
                    opened.append(value)
                else:
                    waiting = [*value, *waiting]
        return opened, list(dict.fromkeys(self.problems))

    def _followed(self, entries: Sequence[Entry], tree: str) -> tuple[Outcome, Mapping[str, Changed]]:
        """The whole plan on the base, and what is done by the entries' keys. A group's branch is its part of it, for no two
        groups have a file in common."""
        with contextlib.chdir(self._folder(tree)):
            outcome, progress = self.follow(replace(self.plan, entries=tuple(entries), options=self._options(tree)))
            changed = _changed(entries, outcome, progress)
            outcome = outcome._replace(changes=(*outcome.changes, *_raised_versions(changed)))
        self.problems += [problem for problem in outcome.problems if problem.ours]
        self._tell_refused(entries, outcome, progress)
        return outcome, {each.entry.key: each for each in changed}

    def _rules(self) -> Sequence[codeowners.Rule]:
        for pointer in codeowners.PLACES:
            text = git.ask(self.top, "show", f"{self.base}:{pointer}")
            if text is not None:
                return codeowners.parse(text)
        return ()

    # ---- one group

    def _one(self, group: Group, left: Sequence[Left], changed: Sequence[Changed], outcome: Outcome, tree: str) -> Opened | list[Group]:
        """The group's branch; or the groups to make of it, where its text would be too long (or none, where all of it
        is in the base already)."""
        branch = self.request.prefix + group.name
        part = group.name.rpartition("-")[2] if group.is_part else ""
        request = pullrequest.Request(group.keys if self.request.by else (), self.request.by, part, self.request.command)
        text = pullrequest.describe(branch, request, changed, left)
        if text.comments and len(group.units) > 1:
            middle = len(group.units) // 2
            return grouping.numbered(group, [group.units[:middle], group.units[middle:]])
        git.run(tree, "checkout", "--quiet", "--force", "--detach", self.base)
        git.run(tree, "clean", "--quiet", "-ffdx")
        with contextlib.chdir(self._folder(tree)):
            written, failed = write(_part(outcome, group.files))
            self.problems += failed
            if written:
                git.run(os.getcwd(), "add", "--force", "--", *written)
        return self._branch(text, changed, written, tree) if written else []

    def _folder(self, tree: str) -> str:
        folder = os.path.join(tree, self.inside)
        if not os.path.isdir(folder):
            raise InputError(self.inside, 0, f"is not in {self.request.base}: commit it first")
        return folder

    def _options(self, tree: str) -> Mapping[str, Value]:
        folder = self._folder(tree)

        def found(path: str) -> str:
            return path if os.path.exists(os.path.join(folder, path)) else os.path.join(self.here, path)

        moved = dict(self.plan.options)
        for name in _INPUTS:
            value = moved.get(name)
            if isinstance(value, str):
                moved[name] = found(value)
            elif isinstance(value, list) and name == "chart":
                moved[name] = [f"{chart}={found(path)}" for chart, _, path in (str(each).partition("=") for each in value)]
            elif isinstance(value, list):
                moved[name] = [found(path) if name != "recipe" or is_file_name(path) else path for path in value]
        return moved

    def _tell_refused(self, entries: Sequence[Entry], outcome: Outcome, progress: Progress) -> None:
        """Why entries are in no branch: the base is not what the plan was made from."""
        files = {entry.at.file for entry in entries if entry.key in progress.refused}
        for problem in outcome.problems:
            if problem.path in files and not problem.ours:
                message = f"in {self.request.base}, where only what is committed is: {problem.message}"
                self.problems.append(problem._replace(message=message))

    # ---- its branch

    def _branch(self, text: PullRequest, changed: Sequence[Changed], written: Sequence[str], tree: str) -> Opened:
        ref = f"refs/heads/{text.branch}"
        old = git.ask(self.top, "rev-parse", "--verify", "--quiet", ref)
        state, reason, commit = "created" if old is None else "updated", "", old or ""
        if ref in self.busy:
            state, reason = "refused", "the branch is checked out"
        elif old and not self._is_ours(ref, text.branch):
            state, reason = (
                "refused",
                f"the branch has commits of somebody else; delete it, or choose another --branch-prefix than {self.request.prefix}",
            )
        elif old and self._is_the_same(old, tree):
            state = "unchanged"
        else:
            commit = git.commit(tree, self.base, _message(text, changed))
            git.run(self.top, "update-ref", "-m", "samigrate pr", ref, commit, old or "")
        names = tuple(one.entry.at.object for one in changed)
        return Opened(text, self.base, commit, state, reason, tuple(written), names)

    def _is_ours(self, ref: str, branch: str) -> bool:
        """Whether every commit on the branch that the base does not have was made here, for it."""
        log = git.run(self.top, "log", "-z", f"--format=%(trailers:key={TRAILER},valueonly,separator=%x2C)", ref, "--not", self.base)
        return not log or all(line.strip() == branch for line in log.removesuffix("\0").split("\0"))

    def _is_the_same(self, old: str, tree: str) -> bool:
        now = git.run(self.top, "rev-parse", f"{old}^{{tree}}"), git.ask(self.top, "rev-parse", "--verify", "--quiet", f"{old}^")
        return now == (git.run(tree, "write-tree"), self.base)


def _raised_versions(changed: Sequence[Changed]) -> Iterator[FileChange]:
    """The charts' files with a version of their own for what changes."""
    for entry in (each.entry for each in changed):
        if entry.bump not in ("", "none"):
            text = repository.read(entry.at.file).decode("utf-8")
            if (new := versions.raised(text, entry.bump, "Pods that declare no use of the Kubernetes API get no token for it")) != text:
                yield FileChange(entry.at.file, text, new)


def _part(outcome: Outcome, files: frozenset[str]) -> Outcome:
    """The part of the outcome that is about some files."""
    changes = tuple(change for change in outcome.changes if change.path in files)
    return outcome._replace(changes=changes, workloads=tuple(report for report in outcome.workloads if report.files & files))


def _changed(entries: Sequence[Entry], outcome: Outcome, progress: Progress) -> list[Changed]:
    """The entries that are carried out now, with what became of their workloads."""
    reports: dict[tuple[str, str, str], list[MadeBranch]] = {}
    for report in outcome.workloads:
        position = report.workload.resource.at.path, str(report.workload.id), report.workload.pod
        accounts, tokens = (report.account_before, report.account_after), (report.tokens_before, report.tokens_after)
        reports.setdefault(position, []).append(MadeBranch(report.workload.id.kind, accounts, tokens, report.applied, report.builds))
    for thing in outcome.objects:
        position = thing.resource.at.path, str(thing.resource.id), ""
        reports.setdefault(position, []).append(MadeBranch(thing.resource.id.kind, ("", ""), (0, 0), thing.applied))
    changed_entries = []
    for entry in entries:
        if entry.edits:
            made = [each for each in outcome.workloads if each.is_of_chart and each.files & entry.edits.keys()]
            if made and entry.key not in progress.refused and entry.key not in progress.done:
                applied = tuple(one for each in made for one in each.applied)
                changed_entries.append(Changed(entry, "Chart", ("", ""), entry.tokens, applied))
            continue
        built_objects = reports.get((entry.at.file, entry.at.object, entry.pod), [])
        built = built_objects[min(entry.at.nth, len(built_objects) - 1)] if built_objects else None
        if built is not None and built.applied and entry.key not in progress.refused and entry.key not in progress.done:
            changed_entries.append(Changed(entry, *built))
    return changed_entries


def _message(text: PullRequest, changed: Sequence[Changed]) -> str:
    """Title, what changes, and the line by which the commit is known as ours."""
    return "\n".join([text.title, "", *_lines(changed), "", f"{TRAILER}: {text.branch}", ""])


def _lines(changed: Sequence[Changed]) -> Iterator[str]:
    for candidate in changed[:50]:
        account = f", account {candidate.account[0]} -> {candidate.account[1]}" if candidate.is_moved else ""
        yield clean(
            f"- {candidate.entry.at.object}"
            + (f": tokens {candidate.tokens[0]} -> {candidate.tokens[1]}{account}" if candidate.entry.pod or candidate.entry.edits else "")
        )
    if len(changed) > 50:
        yield f"- and {len(changed) - 50} more"
