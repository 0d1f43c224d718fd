"""`--charts`: the charts that PATH covers, each edited in place and proven by rendering."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from samigrate.cli.options import Options, adjust

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.plan.recipe import Recipe
    from samigrate.settings.config import Settings


def with_charts(options: Options, before: Outcome) -> tuple[Outcome, list[Outcome]]:
    """What was said of the input without the notes on charts that are edited, and what became of each chart."""
    from samigrate.base.errors import InputError
    from samigrate.hosts import helm, repository

    command = helm.program()
    if command is None:
        raise InputError("", 0, "--charts needs `helm` on PATH: it proves each edit by rendering the chart")
    selection = repository.Selection(options.paths, options.exclude, options.context, False, options.config, adjust(options))
    outcomes = [_outcome(command, folder, shown, settings, options) for folder, shown, settings in repository.charts(selection)]
    handled = {os.path.join(outcome.scopes[0], "Chart.yaml") for outcome in outcomes}
    kept = tuple(skip for skip in before.skipped if os.path.normpath(skip.path) not in {os.path.normpath(path) for path in handled})
    return before._replace(skipped=kept), outcomes


def _outcome(command: str, folder: str, shown: str, settings: Settings, options: Options) -> Outcome:
    from samigrate.helm import migrating, telling
    from samigrate.helm.chart import Refused
    from samigrate.hosts import helm, repository
    from samigrate.plan import recipe
    from samigrate.settings.config import chart_settings

    chart = helm.read(folder, shown)
    chosen = recipe.load(settings.recipes)
    with helm.renderer(command, folder, chart) as renderer:
        if isinstance(renderer, Refused):
            left = migrating.Left("Chart.yaml", 1, renderer.message, "edit it by hand")
            result = migrating.Result((), (), {}, (left,))
        else:
            decide = _decide(settings, migrating.narrowed(chosen), options)
            own = chart_settings(settings, folder)
            by_switch = (own.style or options.chart_style) == "value"
            result = migrating.migrate(chart, renderer.render, decide, own.values, by_switch=by_switch)
    excluded = [path for path in result.changed if repository.is_excluded(os.path.join(folder, path), options.exclude, settings)]
    if excluded:
        left = migrating.Left(excluded[0], 1, "the edit is left out: the file is excluded", "take it out of exclude")
        result = result.without_edit(left)
    return telling.outcome(chart, result, chosen.name)


def _decide(settings: Settings, recipe: Recipe, options: Options) -> Callable[[str], Outcome]:
    from samigrate import pipeline
    from samigrate.cli.running import informed
    from samigrate.hosts import helm, stream

    own = replace(settings, namespace=options.namespace or helm.NAMESPACE, namespaces=())

    def decide(text: str) -> Outcome:
        root, _ = informed(stream.rendered_root(text.encode("utf-8"), own), options.context)
        return pipeline.run(root, recipe)

    return decide
