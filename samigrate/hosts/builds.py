"""`--verify-build`: every kustomize build that changes is made before and after, and may differ by exactly the plan.

The trees are never touched: what changed is built in a copy. `kustomize` is used where it is there, else `kubectl`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from samigrate.base.errors import InputError
from samigrate.domain.model import Finding, Location, Operation, Problem, Resource, Severity, Skip
from samigrate.domain.outcome import FileChange, Outcome
from samigrate.files import manifests
from samigrate.files.secret_lines import secret_lines
from samigrate.kustomize import gathering, kustomization
from samigrate.kustomize.gathering import Build
from samigrate.pipeline import Root
from samigrate.plan import rewriting
from samigrate.prove import build_conflicts

PROGRAMS = (("kustomize", "build"), ("kubectl", "kustomize"))


_OUT_OF_SIGHT = ("configurations", "crds", "generators", "helmCharts", "openapi", "transformers", "vars")


@dataclass(frozen=True, slots=True)
class Failed:
    """A build that cannot be made, in the words of the program."""

    words: str


def program() -> tuple[str, ...]:
    """The command that builds a folder. Raises InputError where there is none."""
    for name, verb in PROGRAMS:
        if result := shutil.which(name):
            return result, verb
    raise InputError("", 0, "--verify-build needs kustomize or kubectl on PATH")


def verified(outcome: Outcome, roots: Sequence[Root], command: Sequence[str]) -> Outcome:
    """The outcome without the changes of builds that would differ by anything but the plan."""
    result = [(root, build) for root in roots for build in _builds(root)]
    touched = {change.path for change in outcome.changes}
    concerned = [(root, build) for root, build in result if touched & build.files]
    problems: list[Problem] = []
    skipped: list[Skip] = []
    for root, group in _by_root(concerned).items():
        with _copy(root, outcome.changes) as changed:
            for build in group:
                stated = _compare(build, root, changed, outcome, command)
                problems += stated if isinstance(stated, list) else []
                skipped += [stated] if isinstance(stated, Skip) else []
    bad = {path for problem in problems for _, build in concerned if problem.path == _file(build) for path in build.files}
    bad = rewriting.whole(bad, (report.files for report in outcome.workloads))
    good = [_note(concerned, len(skipped))] if len(concerned) > len(skipped) and not problems else []
    changes = tuple(change for change in outcome.changes if change.path not in bad)
    return outcome._replace(
        changes=changes,
        workloads=tuple(report.unchanged() if report.files & bad else report for report in outcome.workloads),
        problems=(*outcome.problems, *problems),
        skipped=(*outcome.skipped, *skipped),
        findings=(*outcome.findings, *good),
    )


def _note(concerned: Sequence[tuple[Root, Build]], unbuilt: int) -> Finding:
    built = len(concerned) - unbuilt
    if len(concerned) == 1:
        message = "the one kustomize build that changes differs by exactly the plan"
    else:
        selector = f"{built} of {len(concerned)}" if unbuilt else f"all {built}"
        message = f"{selector} kustomize builds that change differ by exactly the plan"
    return Finding("built-as-planned", "R-F21", Severity.NOTE, message, "none needed", Location(_file(concerned[0][1])))


def _by_root(result: Iterable[tuple[Root, Build]]) -> dict[str, list[Build]]:
    groups: dict[str, list[Build]] = defaultdict(list)
    for root, build in result:
        groups[root.path].append(build)
    return groups


def _builds(root: Root) -> Iterator[Build]:
    """The builds of a root: kustomizations that no other uses, and that are no components."""
    kustomizations = []
    for source in root.sources:
        if manifests.is_kustomization_file(source.path):
            with suppress(OSError):
                kustomizations += kustomization.read(source.path, source.read())
    yield from (build for build in gathering.builds(kustomizations) if not build.members[0].is_component)


def _file(build: Build) -> str:
    return build.members[0].path


# ---------------------------------------------------------------- building


@contextmanager
def _copy(root: str, changes: Sequence[FileChange]) -> Iterator[str]:
    """A copy of a root's folder with the changes in it, by links where the file system can."""
    home = os.path.realpath(root)
    with tempfile.TemporaryDirectory(prefix="samigrate-") as folder:
        target = os.path.join(folder, "tree")
        shutil.copytree(home, target, copy_function=_link, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        for change in changes:
            real = os.path.realpath(change.path)
            if real.startswith(os.path.join(home, "")):
                path = Path(target, os.path.relpath(real, home))
                path.unlink(missing_ok=True)  # it may be a link to the original
                path.write_bytes(change.new.encode("utf-8"))
        yield target


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def build(command: Sequence[str], folder: str) -> list[build_conflicts.Object] | Failed:
    """The objects that a kustomization renders. What kustomize says of an error may quote the file it stands in."""
    ran = subprocess.run([*command, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ran.returncode:
        return Failed(" ".join(line.strip() for line in ran.stderr.splitlines() if line.strip())[-300:])
    return list(build_conflicts.objects(ran.stdout))


def _fit(failed: Failed, candidate: Build, command: Sequence[str]) -> str:
    """What kustomize says, where none of the files of the build may hold a Secret's values."""
    if not any(map(_may_hold_secret, {*candidate.files, *_side_files(candidate)})):
        return failed.words
    return f"`{' '.join(command)} {candidate.folder or '.'}` says why (it may quote a Secret, so it is not repeated here)"


def _side_files(one: Build) -> Iterator[str]:
    return (path for member in one.members for path in (*member.patches, *member.data))


def _may_hold_secret(path: str) -> bool:
    try:
        return any(secret_lines(Path(path).read_text(encoding="utf-8")))
    except (FileNotFoundError, IsADirectoryError):
        return False
    except (OSError, ValueError):
        return True


def _compare(candidate: Build, root: str, changed: str, outcome: Outcome, command: Sequence[str]) -> list[Problem] | Skip:
    """What is wrong with a build after the change. What did not build before proves nothing."""
    current = os.path.realpath(candidate.folder or ".")
    before = build(command, current)
    if isinstance(before, Failed):
        return Skip(_file(candidate), 1, f"does not build, so the change is not verified: {_fit(before, candidate, command)}")
    after = build(command, os.path.join(changed, os.path.relpath(current, os.path.realpath(root))))
    if isinstance(after, Failed):
        return [Problem(_file(candidate), 1, f"would not build any more: {_fit(after, candidate, command)}", ours=True)]
    planned, fields = list(_planned(candidate, outcome)), _not_followed(candidate)
    reason = f" (what `{'` and `'.join(fields)}` do{'es' * (len(fields) == 1)} is not followed here)" if fields else ""
    return [
        Problem(_file(candidate), 1, f"the build would differ by more or less than the plan: {words}{reason}", ours=not fields)
        for words in build_conflicts.differences(before, after, planned, candidate)
    ]


def _not_followed(one: Build) -> list[str]:
    """The fields of a build's kustomizations whose effect is not worked out here."""
    return sorted({field for member in one.members for field in _OUT_OF_SIGHT if member.value.get(field)})


# ---------------------------------------------------------------- the plan, object by object


def _planned(candidate: Build, outcome: Outcome) -> Iterator[build_conflicts.PlannedObject]:
    """The planned operations on each object of a build, and the accounts it gets."""
    operations: dict[Location, list[Operation]] = defaultdict(list)
    for report in outcome.workloads:
        for applied in report.applied:
            if applied.operation.target.path in candidate.files:
                operations[applied.operation.target].append(applied.operation)
    sources = _resources({target.path for target in operations}, outcome)
    for target, group in operations.items():
        edits = tuple(operation for operation in group if operation.pointer)
        source = sources[target.path, target.document, target.item]
        yield build_conflicts.PlannedObject(source, edits, tuple(operation.value for operation in group if not operation.pointer))


def _resources(paths: Iterable[str], outcome: Outcome) -> Mapping[tuple[str, int, str], Resource]:
    old = {change.path: change.old for change in outcome.changes}
    resources: dict[tuple[str, int, str], Resource] = {}
    for path in paths:
        text = old.get(path) or Path(path).read_text(encoding="utf-8")
        resources |= {resource.key: resource for resource in manifests.read(path, text, _Every()).resources}
    return resources


class _Every(frozenset[str]):
    """Every kind matters."""

    def __contains__(self, _: object) -> bool:
        return True
