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
    asked = Asked(options, roots, found)
    outcomes = [asked.without_notes(before), asked.without_notes(outcome)]
    for done in asked.every(edits):
        outcomes.append(done.outcome if done.outcome.documents else _unjudged(done))
        edits.add(done.outcome.changes)
    return pipeline.merge(outcomes)._replace(recipes=outcome.recipes, changes=edits.changes)


def _unjudged(done: Done) -> Outcome:
    """What is said of a chart that could not be rendered, or an installation of one that is not here."""
    from samigrate.domain.outcome import Unseen

    what = "chart" if os.path.basename(done.at.file) == "Chart.yaml" else done.at.object.partition(" ")[0]
    return done.outcome._replace(unseen=(Unseen(what, done.at.file),))


class Asked:
    """The charts that options ask for: those found, and the installations of others in the roots."""

    def __init__(self, options: Options, roots: Sequence[Root], found: Sequence[FoundChart]) -> None:
        from samigrate.hosts import charts, helm
        from samigrate.settings.config import Settings

        command = helm.program()
        if command is None:
            raise InputError("", 0, "--charts needs `helm` on PATH: it proves each edit by rendering the chart")
        self._command, self._options, self._seen = command, options, charts.around(roots, found)
        self._settings = roots[0].settings if roots else adjust(options)(Settings())
        self._given = _given(options)

    def without_notes(self, outcome: Outcome) -> Outcome:
        """What was said of the input but for the notes that these charts are not judged."""
        from samigrate.hosts import charts

        noted = {chart.file for chart in self._seen.charts}
        judged = charts.judged(self._seen, self._given)
        findings = (each for each in outcome.findings if each.id != "unseen-source" or (each.at.path, each.at.document) not in judged)
        skipped = (skip for skip in outcome.skipped if os.path.normpath(skip.path) not in noted)
        asked = judged | {(each.path, each.document) for each in charts.elsewhere(self._seen)}
        unseen = (each for each in outcome.unseen if each.what != "chart" and (each.path, each.document) not in asked)
        return outcome._replace(findings=tuple(findings), skipped=tuple(skipped), unseen=tuple(unseen))

    def every(self, edits: Edits, wanted: Wanted = lambda _: True) -> Iterator[Done]:
        """Each chart and each installation of one that is wanted, edited. `edits` are the files as they become: who takes what is
        yielded adds its changes."""
        from samigrate.hosts import charts, helm, repository

        options = self._options
        besides, _ = repository.besides(options.context) if options.context else ((), ())
        with helm.given_charts(self._given) as given:
            choices = charts.Choices(
                self._command,
                options.chart_style,
                options.chart_accounts,
                options.thorough,
                options.namespace or "",
                given,
                besides,
                options.exclude,
            )
            yield from charts.every(edits, self._seen, self._settings, choices, wanted)


def _given(options: Options) -> dict[str, str]:
    """The charts of `--chart NAME=PATH`."""
    result = {}
    for each in options.chart:
        name, _, path = each.partition("=")
        if not name or not path:
            raise InputError("", 0, f"--chart {each}: must be NAME=DIR, or NAME= and a packed chart")
        result[name] = path
    return result
