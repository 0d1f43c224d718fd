"""Making a plan file, and following one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from samigrate.base.errors import InputError
from samigrate.cli import waiting
from samigrate.cli.options import Options
from samigrate.cli.running import Input, find_recipes, find_roots, recipe_names
from samigrate.hosts import walk

if TYPE_CHECKING:
    from samigrate.cli.charts import Asked
    from samigrate.domain.outcome import Outcome
    from samigrate.facts.state import Work
    from samigrate.hosts.repository import FoundChart
    from samigrate.pipeline import Run
    from samigrate.review.plan_file.applying import Progress
    from samigrate.review.plan_file.planfile import Entry, Left, PlanFile, Target

_LOOKS = ("format", "output", "color", "quiet", "verbose", "workload", "jobs")
"""Options that have no say in what is planned."""


class Traced(NamedTuple):
    """Every root's run, all of them as one outcome, the recipes' names, and the charts that are left to be done."""

    runs: list[Run]
    outcome: Outcome
    recipes: tuple[str, ...]
    charts: Sequence[FoundChart]


def trace(options: Options) -> Traced:
    """What a run makes of the input, and what led to it."""
    from samigrate import pipeline

    if options.is_stream or "-" in options.paths:
        raise click.UsageError("a plan is for files; `migrate -` does a stream")
    with waiting.shown(quiet=options.quiet) as watched:
        result, before, charts = find_roots(options)
        roots = watched(result)
        chosen = find_recipes(roots, options)
        runs = [pipeline.trace(root, chosen[root.settings.recipes], with_lines=True) for root in roots]
    return Traced(runs, pipeline.merge([before, *(run.outcome for run in runs)]), recipe_names(chosen.values()), charts)


def entries(run: Run) -> Iterator[tuple[Run, Work, Entry]]:
    """The workloads that a run changes, each with its entry; other objects, whose entries come last, are left out."""
    from samigrate.review.plan_file import review

    accepted = {id(planned.work) for planned in run.accepted}
    changed = [work for work in run.works if id(work) in accepted]
    yield from ((run, work, entry) for work, entry in zip(changed, review.read_out(run)[0], strict=False))


def only(options: Options, workload: str) -> Outcome:
    """What happens where one workload is to change, and nothing else. Raises InputError where there is none."""
    from samigrate.report.conditions import narrow
    from samigrate.review.plan_file.planfile import PlanFile

    runs, outcome, names, _ = trace(options)
    keys = {report.workload.key for report in narrow(outcome, workload).workloads}
    chosen = tuple(entry for run in runs for _, work, entry in entries(run) if work.workload.key in keys)
    followed, _ = follow(PlanFile(names, stored(options), chosen), quiet=options.quiet)
    return narrow(followed if chosen else outcome._replace(changes=()), workload)


def make(options: Options) -> tuple[PlanFile, Outcome]:
    """The plan that these options make."""
    from samigrate.review.plan_file import planfile, review
    from samigrate.review.plan_file.planfile import PlanFile

    runs, outcome, names, charts = trace(options)
    read = [review.read_out(run) for run in runs]
    if options.charts:
        from samigrate.cli.charts import Asked

        asked = Asked(options, [run.root for run in runs], charts)
        read.append(_read_out_charts(asked, outcome))
        outcome = asked.without_notes(outcome)
    entries = tuple(entry for found, _ in read for entry in found)
    for file in sorted({file for entry in entries for file in entry.files}):
        if not planfile.is_inside(file):
            raise InputError(file, 0, "is not inside the current folder, which a plan is for: make it there")
    return PlanFile(names, stored(options), entries, tuple(left for _, left_out in read for left in left_out)), outcome


def _read_out_charts(asked: Asked, outcome: Outcome) -> tuple[list[Entry], list[Left]]:
    """The entries of charts and installations of charts, and their workloads that stay as they are."""
    from samigrate.hosts import repository
    from samigrate.hosts.edits import Edits
    from samigrate.review.plan_file import chart_entries, planfile

    entries, left = [], []
    edits = Edits(outcome.changes)
    for done in asked.every(edits):
        entry = chart_entries.entry(done.made, done.outcome, lambda path: planfile.digest(repository.read(path)))
        entries += [entry] if entry else []
        left += chart_entries.left(done.outcome)
        edits.add(done.outcome.changes)
    return entries, left


def read(path: str) -> PlanFile:
    """The plan in a file. Raises InputError where it is none, or was made in another folder than this one."""
    from samigrate.base.wording import count
    from samigrate.review.plan_file import planfile

    plan = planfile.read(path)
    files = sorted({entry.at.file for entry in plan.entries if not entry.skip})
    if files and not any(map(os.path.lexists, files)):
        current = os.getcwd()
        homes = [home for start in (current, os.path.dirname(os.path.abspath(path))) for home in (start, *walk.parents(start))]
        home = next((home for home in homes if all(os.path.lexists(os.path.join(home, file)) for file in files)), "")
        hint = f"its files are in {home}" if home else "its paths start at the folder that it was made in"
        selector = files[0] if len(files) == 1 else f"{files[0]} and {count(len(files) - 1, 'more file')}"
        raise InputError(path, 0, f"is a plan for {selector}, none of which is in {current}: {hint}")
    return plan


def follow(plan: PlanFile, *, quiet: bool = False) -> tuple[Outcome, Progress]:
    """What is left of a plan, on the files as they are; nothing is written. Paths are relative to the current folder."""
    from samigrate import pipeline
    from samigrate.domain.model import Problem
    from samigrate.review.plan_file import applying, review

    options = restored(plan.options)
    progress = applying.Progress()
    outcomes, visited = [], set()
    with waiting.shown(quiet=quiet) as watched:
        given = find_roots(options)
        roots, before, _ = given
        chosen = find_recipes(roots, options)
        for root in watched(roots):
            visited |= {source.path for source in root.sources if source.may_change}
            paths = {source.path for source in root.sources}
            entries = [entry for entry in plan.entries if not entry.edits and entry.at.file in paths]
            if entries:
                recipe = chosen[root.settings.recipes]
                result, _ = review.read_out(pipeline.trace(root, recipe))
                decide = applying.decide(root, recipe, entries, progress, result)
                outcomes.append(pipeline.trace(root, recipe, decided=decide).outcome)
    merged = pipeline.merge([before, *outcomes])
    if charts := {entry.at: entry for entry in plan.entries if entry.edits and not entry.skip}:
        merged = _follow_charts(charts, options, merged, progress, given)
        visited |= {at.file for at in charts}
    gone = sorted({entry.at.file for entry in plan.entries if not entry.skip} - visited)
    problems = [Problem(path, 0, "is not there, or may not change; the plan is for the folder that it was made in") for path in gone]
    progress.refused |= {entry.key: "gone" for entry in plan.entries if entry.at.file in gone}
    return merged._replace(problems=(*merged.problems, *problems)), progress


def _follow_charts(wanted: Mapping[Target, Entry], options: Options, outcome: Outcome, progress: Progress, given: Input) -> Outcome:
    """The outcome with what the entries of charts ask for. One is refused where a fresh run would edit other lines."""
    from samigrate import pipeline
    from samigrate.cli.charts import Asked
    from samigrate.domain.model import Problem
    from samigrate.hosts.edits import Edits
    from samigrate.review.plan_file import chart_entries

    edits = Edits(outcome.changes)
    asked = Asked(options, given.roots, given.charts)
    outcomes = [asked.without_notes(outcome)]
    refused = dict.fromkeys(wanted, "is not there any more; make the plan anew")
    for done in asked.every(edits, wanted.__contains__):
        reason = chart_entries.difference(wanted[done.at], done.outcome, edits.text)
        if reason:
            refused[done.at] = reason
            continue
        del refused[done.at]
        if reason is None:
            progress.done.add(wanted[done.at].key)
        edits.add(done.outcome.changes)
        outcomes.append(done.outcome)
    progress.refused |= {wanted[at].key: "changed" for at in refused}
    problems = tuple(Problem(at.file, wanted[at].line, f"{at.object}: {reason}") for at, reason in refused.items())
    merged = pipeline.merge(outcomes)
    return merged._replace(recipes=outcome.recipes, changes=edits.changes, problems=(*merged.problems, *problems))


# ---------------------------------------------------------------- options in a plan


def stored(options: Options) -> dict[str, Any]:
    """The options that a plan depends on, but for those not given."""
    fields = [field for field in dataclasses.fields(options) if field.name not in _LOOKS]
    supplied = {field.name: getattr(options, field.name) for field in fields if getattr(options, field.name) != field.default}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in supplied.items()}


def restored(values: Mapping[str, Any]) -> Options:
    """Options from what a plan says. Raises InputError for what is none."""
    fields = {field.name: str(field.type) for field in dataclasses.fields(Options)}
    unknown = sorted(set(values) - (fields.keys() - set(_LOOKS)))
    if unknown or not values.get("paths"):
        raise InputError("", 0, f"the plan's options have {'an unknown ' + unknown[0] if unknown else 'no paths'}: make it anew")
    result: dict[str, Any] = {}
    for name, value in values.items():
        if not _is_of(fields[name], value):
            raise InputError("", 0, f"the plan's option {name} is not of the type {fields[name]}: make it anew")
        result[name] = tuple(value) if isinstance(value, list) else value
    return Options(**result)


def _is_of(type_: str, value: Any) -> bool:
    """Whether a value in a plan is one of an option of that type: texts where it takes several."""
    if type_.startswith("tuple"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return type(value).__name__ in type_.split(" | ")
