"""`--charts`: the charts that PATH covers, each edited in place and proven by rendering."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from samigrate.cli.options import Options

if TYPE_CHECKING:
    from samigrate.base.values import Value
    from samigrate.domain.outcome import Outcome
    from samigrate.helm.chart import Variant
    from samigrate.helm.exploring import Left
    from samigrate.hosts.repository import FoundChart
    from samigrate.pipeline import Root
    from samigrate.plan.recipe import Recipe
    from samigrate.settings.config import ChartSettings, Settings


def with_charts(options: Options, before: Outcome, roots: Sequence[Root], charts: Sequence[FoundChart]) -> tuple[Outcome, list[Outcome]]:
    """What was said of the input without the notes on charts that are edited, and what became of each chart. The roots tell
    who installs them."""
    from samigrate.base.errors import InputError
    from samigrate.hosts import helm

    command = helm.program()
    if command is None:
        raise InputError("", 0, "--charts needs `helm` on PATH: it proves each edit by rendering the chart")
    files = _naming_charts(roots, charts)
    noted = {os.path.normpath(os.path.join(chart.shown, "Chart.yaml")) for chart in charts}
    kept = tuple(skip for skip in before.skipped if os.path.normpath(skip.path) not in noted)
    return before._replace(skipped=kept), [_outcome(command, chart, files, options) for chart in charts]


def _outcome(command: str, found: FoundChart, files: Mapping[str, Sequence[Value]], options: Options) -> Outcome:
    from samigrate.helm import exploring, migrating, telling
    from samigrate.helm.chart import Refused
    from samigrate.hosts import helm, repository
    from samigrate.plan import recipe
    from samigrate.settings.config import chart_settings
    from samigrate.transforms import Phase

    folder, shown, settings = found
    chart = helm.read(folder, shown)
    chosen = recipe.load(settings.recipes)
    own = chart_settings(settings, folder)
    installed, unread = _installed(found, own, files)
    with helm.renderer(command, folder, chart) as renderer:
        if isinstance(renderer, Refused):
            unread = exploring.Left("Chart.yaml", 1, renderer.message, "edit it by hand")
        if unread or isinstance(renderer, Refused):
            result = migrating.Result((), (), {}, (unread,) if unread else ())
        else:
            token = _decide(settings, migrating.narrowed(chosen, Phase.AUTOMOUNT), options)
            accounts = _decide(settings, migrating.narrowed(chosen, Phase.ACCOUNT, Phase.AUTOMOUNT), options)
            decide = exploring.Deciding(token, accounts if options.chart_accounts else None)
            by_switch = (own.style or options.chart_style) == "value"
            result = migrating.migrate(chart, renderer.render, decide, installed, by_switch=by_switch, is_thorough=options.thorough)
            if result.changed and renderer.lint({}) and not renderer.lint(result.changed):
                result = result.without_edit(exploring.Left("Chart.yaml", 1, "with the edit, `helm lint` fails", "edit it by hand"))
    here = os.path.realpath(os.getcwd())
    files_of = {path: os.path.join(folder, path) for path in result.changed}
    if excluded := [path for path, file in files_of.items() if repository.is_excluded(file, options.exclude, here, settings)]:
        left = exploring.Left(excluded[0], 1, "the edit is left out: the file is excluded", "take it out of exclude")
        result = result.without_edit(left)
    return telling.outcome(chart, result, chosen.name)


def _installed(found: FoundChart, own: ChartSettings, files: Mapping[str, Sequence[Value]]) -> tuple[list[Variant], Left | None]:
    """The variants that are installed: those that the config names, and those of the repository; and what keeps them from
    being known, unless the config names any."""
    from samigrate.helm.chart import Variant
    from samigrate.helm.consumers import consumers
    from samigrate.helm.exploring import Left

    result = [Variant(" + ".join(map(os.path.relpath, each)), each, must_render=True) for each in own.values]
    for path, documents in files.items():
        for consumer in consumers(found.shown, path, documents, _text):
            missing = [file for file in consumer.files if not os.path.isfile(file)]
            if (consumer.unread or missing) and not own.values:
                reason = f"{consumer.name} takes values from {consumer.unread or missing[0]}, which are not read"
                return [], Left("Chart.yaml", 1, reason, "name files that hold such values under charts in samigrate.yaml")
            if not (consumer.unread or missing):
                inside = tuple(_in_chart(file, found.folder) for file in consumer.files)
                result.append(consumer.variant._replace(files=inside))
    return result, None


def _in_chart(file: str, folder: str) -> str:
    """The path below the chart where the file is one of it, so that its edited text counts; else the absolute one."""
    relative = os.path.relpath(os.path.realpath(file), os.path.realpath(folder))
    return os.path.abspath(file) if relative.startswith("..") else relative.replace(os.sep, "/")


def _text(path: str) -> str | None:
    from samigrate.hosts import repository

    return _decoded(path, lambda: repository.read(path))


def _decoded(path: str, read: Callable[[], bytes]) -> str | None:
    from samigrate.files import manifests

    try:
        content = manifests.decode(path, read())
    except OSError:
        return None
    return content if isinstance(content, str) else None


def _naming_charts(roots: Sequence[Root], charts: Sequence[FoundChart]) -> dict[str, list[Value]]:
    """The files that may install a chart, with their values."""
    from samigrate.files import manifests
    from samigrate.helm.consumers import WORDS

    paths = [os.path.relpath(os.path.join(chart.folder, name)) for chart in charts for name in ("Chart.yaml", "requirements.yaml")]
    texts = {path: _text(path) for path in paths}
    for source in (source for root in roots for source in root.sources if source.path.endswith((".yaml", ".yml"))):
        texts[source.path] = _decoded(source.path, source.read)
    return {path: list(manifests.values(text)) for path, text in texts.items() if text and any(word in text for word in WORDS)}


def _decide(settings: Settings, recipe: Recipe, options: Options) -> Callable[[str], Outcome]:
    from samigrate import pipeline
    from samigrate.cli.running import informed
    from samigrate.hosts import helm, stream

    own = replace(settings, namespace=options.namespace or helm.NAMESPACE, namespaces=())

    def decide(text: str) -> Outcome:
        root, _ = informed(stream.rendered_root(text.encode("utf-8"), own), options.context)
        return pipeline.run(root, recipe)

    return decide
