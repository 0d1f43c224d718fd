"""From options to an outcome."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from samigrate.base.errors import InputError
from samigrate.cli.options import Options, adjust, reads_programs

if TYPE_CHECKING:
    from samigrate.domain.model import Problem
    from samigrate.domain.outcome import Outcome
    from samigrate.hosts.repository import FoundChart
    from samigrate.pipeline import Root
    from samigrate.plan.recipe import Recipe


class Input(NamedTuple):
    """The roots to decide, what was said of the input before, and the charts in it."""

    roots: list[Root]
    before: Outcome
    charts: Sequence[FoundChart] = ()


def find_roots(options: Options, read: Callable[[], bytes] = bytes) -> Input:
    """What the options name. `read` gives standard input."""
    from samigrate.domain.outcome import Outcome, Unseen
    from samigrate.hosts import stream

    settle = adjust(options)
    if options.is_stream:
        root, problems = informed(stream.root(read, options.config, settle), options.context)
        roots: Sequence[Root] = [root]
        skipped: tuple[Any, ...] = ()
        charts: Sequence[FoundChart] = ()
    else:
        from samigrate.base import processes
        from samigrate.hosts import repository

        wide = not options.no_context
        asked = repository.Selection(options.paths, options.exclude, options.context, wide, options.config, settle, reads_programs)
        gathered = repository.gather(asked)
        jobs = options.jobs or processes.available()
        roots, skipped, problems = [replace(root, jobs=jobs) for root in gathered.roots], gathered.skipped, gathered.problems
        charts = gathered.charts
    unseen = tuple(Unseen("chart", os.path.join(chart.shown, "Chart.yaml")) for chart in charts)
    return Input(list(roots), Outcome((), (), 0, 0, (), (), skipped, problems, (), unseen=unseen), charts)


def informed(root: Root, context: tuple[str, ...]) -> tuple[Root, tuple[Problem, ...]]:
    """A stream whose decisions see the manifests of --context besides, and what of those could not be read."""
    if not context:
        return root, ()
    from samigrate.hosts import repository, stream

    besides, problems = repository.besides(context)
    return stream.informed(root, besides), problems


def run(options: Options, read: Callable[[], bytes] = bytes, *, with_lines: bool, reports_live: bool = False) -> Outcome:
    from samigrate import pipeline
    from samigrate.cli import waiting

    if "-" in options.paths and not options.is_stream:
        raise click.UsageError("`-` (standard input) goes with no other path")
    if options.charts and options.is_stream:
        raise click.UsageError("--charts needs folders")
    if options.output:
        require_room(options.output, options.paths)
    with waiting.shown(quiet=options.quiet) as watched:
        roots, before, found = find_roots(options, read)
        roots = [replace(root, reports_live=reports_live) for root in roots]
        outcome = run_roots(watched(roots), options, with_lines=with_lines)
    if options.charts:
        from samigrate.cli import charts

        return charts.with_charts(options, before, outcome, roots, found)
    return pipeline.merge([before, outcome])._replace(recipes=outcome.recipes)


def settled(outcome: Outcome, paths: Sequence[str]) -> Outcome:
    """The outcome of a run that is to pass or fail: where nothing was judged, nothing has passed. It says so last."""
    from samigrate.domain.model import Problem
    from samigrate.hosts import walk
    from samigrate.report import coverage

    left = tuple(skip for skip in outcome.skipped if skip.reason != walk.EMPTY)
    reason = coverage.nothing_judged(outcome._replace(skipped=left), paths)
    if not reason:
        return outcome
    empty = tuple(Problem(skip.path, 0, skip.reason) for skip in outcome.skipped if skip.reason == walk.EMPTY)
    return outcome._replace(skipped=left, problems=(*outcome.problems, *empty, Problem("", 0, reason)))


_REPORT = re.compile(rb'\{\s*"(?:version": 1,\s*"recipe": \[|\$schema": "[^"]*sarif|source": \{\s*"name": "samigrate")')
"""How our JSON reports begin: they may hold whole manifests."""


def require_room(output: str, paths: Iterable[str] = ()) -> None:
    """Whether a report can go there, before anything is written. It may take the place of a report, not of a manifest."""
    if not os.path.isdir(os.path.dirname(output) or "."):
        raise InputError(output, 0, "there is no such folder to write the report to")
    if any(os.path.realpath(path) == os.path.realpath(output) for path in paths):
        raise InputError(output, 0, "is a PATH, too: the report would take the manifest's place")
    if os.path.isfile(output):
        from samigrate.files.manifests import is_manifest

        with open(output, "rb") as file:
            content = file.read()
        if is_manifest(content) and not _REPORT.match(content):
            raise InputError(output, 0, "holds a manifest, which would be lost: name another file")


def verify_builds(outcome: Outcome, options: Options) -> Outcome:
    """The outcome without what a kustomize build of it would not bear out."""
    from samigrate.hosts import builds

    if options.is_stream:
        raise click.UsageError("--verify-build needs folders; a stream holds no kustomization")
    return builds.verified(outcome, find_roots(options).roots, builds.program())


def run_roots(roots: Sequence[Root], options: Options, *, with_lines: bool = False) -> Outcome:
    """Every root by its own recipes, as one outcome."""
    from samigrate import pipeline

    chosen = find_recipes(roots, options)
    outcomes = [pipeline.run(root, chosen[root.settings.recipes], with_lines=with_lines) for root in roots]
    return pipeline.merge(outcomes)._replace(recipes=recipe_names(chosen.values()))


def find_recipes(roots: Sequence[Root], options: Options) -> Mapping[tuple[str, ...], Recipe]:
    """The recipes of the roots, by what their settings call them."""
    from samigrate.plan import recipe

    return {names: recipe.load(names) for names in dict.fromkeys(root.settings.recipes for root in roots) or [options.recipe]}


def recipe_names(chosen: Iterable[Recipe]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for recipe in chosen for name in recipe.name.split(" + ")))


def stdin(options: Options) -> Callable[[], bytes]:
    """What gives standard input, if the options ask for it."""
    if not options.is_stream:
        return bytes
    from samigrate.hosts import stream

    try:
        return stream.hold(sys.stdin.buffer)
    except OSError as error:
        raise InputError("", 0, f"standard input cannot be read: {error.strerror}") from error
