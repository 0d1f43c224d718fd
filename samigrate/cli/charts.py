"""`--charts`: the charts that PATH covers, and the installations of others, each edited in place and proven by rendering."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from samigrate.base.errors import InputError
from samigrate.cli.options import Options, adjust

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.hosts.charts import Done, Wanted
    from samigrate.hosts.edits import Edits
    from samigrate.hosts.repository import FoundChart
    from samigrate.pipeline import Root


def with_charts(options: Options, before: Outcome, outcome: Outcome, roots: Sequence[Root], found: Sequence[FoundChart]) -> Outcome:
    """What was said of the input (`before`, without the notes on charts that are edited), what became of its manifests, and of
    each chart. The roots tell who installs them."""
    from samigrate import pipeline
    from samigrate.hosts.edits import Edits

    edits = Edits(outcome.changes)
    outcomes = [without_notes(before, found), outcome]
    for done in every(options, edits, roots, found):
        outcomes.append(done.outcome)
        edits.add(done.outcome.changes)
    return pipeline.merge(outcomes)._replace(recipes=outcome.recipes, changes=edits.changes)


def without_notes(before: Outcome, found: Sequence[FoundChart]) -> Outcome:
    """What was said of the input but for the notes on these charts."""
    noted = {os.path.normpath(os.path.join(chart.shown, "Chart.yaml")) for chart in found}
    return before._replace(skipped=tuple(skip for skip in before.skipped if os.path.normpath(skip.path) not in noted))


def every(
    options: Options, edits: Edits, roots: Sequence[Root], found: Sequence[FoundChart], wanted: Wanted = lambda *_: True
) -> Iterator[Done]:
    """Each chart and each installation of one that is asked for, edited; `edits` takes the files as they become."""
    from samigrate.hosts import charts, helm, repository
    from samigrate.settings.config import Settings

    command = helm.program()
    if command is None:
        raise InputError("", 0, "--charts needs `helm` on PATH: it proves each edit by rendering the chart")
    besides, _ = repository.besides(options.context) if options.context else ((), ())
    with helm.given_charts(_given(options)) as given:
        choices = charts.Choices(
            command,
            options.chart_style,
            options.chart_accounts,
            options.thorough,
            options.namespace or "",
            given,
            besides,
            options.exclude,
        )
        settings = roots[0].settings if roots else adjust(options)(Settings())
        yield from charts.every(edits, roots, found, settings, choices, wanted)


def _given(options: Options) -> dict[str, str]:
    """The charts of `--chart NAME=PATH`."""
    result = {}
    for each in options.chart:
        name, _, path = each.partition("=")
        if not name or not path:
            raise InputError("", 0, f"--chart {each}: must be NAME=DIR, or NAME= and a packed chart")
        result[name] = path
    return result
