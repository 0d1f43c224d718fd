"""The Helm charts of a repository, and who installs which: each is edited in place, and proven by rendering it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from samigrate import pipeline, yamltext
from samigrate.base.values import Value, mapping, text
from samigrate.domain.outcome import Outcome
from samigrate.files import manifests
from samigrate.helm import installing, migrating, telling, variants
from samigrate.helm.chart import Refused, Variant
from samigrate.helm.exploring import Decide, Deciding, Left
from samigrate.helm.releases import WORDS, Bound, Published, Release, bound, releases
from samigrate.hosts import helm, repository, stream
from samigrate.hosts.edits import Edits
from samigrate.hosts.repository import FoundChart
from samigrate.pipeline import Root
from samigrate.plan import recipe
from samigrate.plan.recipe import Recipe
from samigrate.reading import Source
from samigrate.review.plan_file.chart_entries import Made
from samigrate.review.plan_file.planfile import Target
from samigrate.settings.config import ChartSettings, Settings, chart_settings
from samigrate.transforms import Phase

_PINNED = re.compile(r"v?\d+(\.\d+)*\S*")
_WORDS = (*WORDS, "OCIRepository", "Binding")
"""A file without any of these says nothing of charts, nor of who has which rights."""
_CHART_FILES = ("Chart.yaml", "requirements.yaml")


class Choices(NamedTuple):
    """How charts are done: `command` is Helm's; `given` are charts by name that lie elsewhere, `besides` manifests that decisions
    see, `exclude` patterns of files that must not change."""

    command: str
    style: str = "literal"
    with_accounts: bool = False
    is_thorough: bool = False
    namespace: str = ""
    given: Mapping[str, str] = {}
    besides: tuple[Source, ...] = ()
    exclude: tuple[str, ...] = ()


class Around(NamedTuple):
    """What a repository says of charts: those that are asked for, who installs which, the accounts that its bindings name, and the
    files that may change."""

    charts: tuple[FoundChart, ...]
    releases: tuple[Release, ...]
    bound: tuple[Bound, ...]
    editable: frozenset[str]

    def holds_chart_of(self, release: Release) -> bool:
        """Whether the chart of an installation is one of those that are asked for."""
        return any(release.is_of(chart.shown) for chart in self.charts)


class Done(NamedTuple):
    """What became of a chart, or of an installation of one."""

    made: Made
    outcome: Outcome

    @property
    def at(self) -> Target:
        return self.made.at


Wanted = Callable[[Target], bool]
"""Whether a chart or an installation is asked for."""


def every(edits: Edits, seen: Around, settings: Settings, choices: Choices, wanted: Wanted = lambda _: True) -> Iterator[Done]:
    """Edits the charts of a repository, and the installations of others, one after the other. `edits` are the files as they become:
    who takes what is yielded adds its changes. `settings` are for installations."""
    count = Counter[Target]()
    for chart in seen.charts:
        at = Target(chart.file, f"Chart {os.path.basename(os.path.abspath(chart.folder))}")
        if wanted(at):
            outcome = edited(chart, seen, recipe.load(chart.settings.recipes), choices)
            yield Done(Made(at, 1, *_for_people(chart, seen, outcome)), outcome)
    for release in elsewhere(seen):
        first = Target(release.path, release.called)
        at = first._replace(nth=count[first])
        count[first] += 1
        if wanted(at):
            text = edits.text(release.path)
            outcome = released(release, seen, text, settings, recipe.load(settings.recipes), choices)
            yield Done(Made(at, telling.line_of(_found_again(release, text), text)), outcome)


def _for_people(found: FoundChart, seen: Around, outcome: Outcome) -> tuple[str, tuple[str, ...]]:
    """Which part of the chart's version is to be raised, and what is left to do about an edit."""
    bump = chart_settings(found.settings, found.folder).bump
    to_do = []
    wraps = (each for each in seen.releases if os.path.basename(each.path) in _CHART_FILES and each.is_of(found.shown))
    parents = [each for each in wraps if _PINNED.fullmatch(each.version)]
    if parents and outcome.changes:
        bump = "none"
        to_do.append(f"{parents[0].path} depends on version {parents[0].version} of it: raise both together")
    texts = list(helm.files_in(found.folder))
    changed = [os.path.basename(change.path) for change in outcome.changes]
    if "values.yaml" in changed and "README.md" not in changed and any(_is_readme(path) for path in texts):
        to_do.append("look at the table of values in its README")
    if any(path.endswith(".snap") for path in texts) and outcome.changes:
        to_do.append("its tests have snapshots: `helm unittest --update-snapshot`")
    return bump, tuple(to_do)


def _is_readme(path: str) -> bool:
    return os.path.basename(path).lower().startswith("readme")


def around(roots: Sequence[Root], charts: Sequence[FoundChart]) -> Around:
    """Reads the files of a repository that may install a chart, or give an account rights."""
    paths = [os.path.relpath(os.path.join(chart.folder, name)) for chart in charts for name in _CHART_FILES]
    texts = {path: _text(path) for path in paths}
    sources = [source for root in roots for source in root.sources if source.path.endswith((".yaml", ".yml", ".json"))]
    texts |= {source.path: _decoded(source.path, source.read) for source in sources}
    documents = {path: list(_documents(text)) for path, text in texts.items() if text and any(word in text for word in _WORDS)}
    published = [each for path, ours in documents.items() for each in _published(path, ours)]
    named = (each for path, ours in documents.items() for each in bound(path, (value for _, value in ours)))
    installed = (each for path, ours in documents.items() for each in releases(path, ours, published, _text))
    return Around(tuple(charts), tuple(installed), tuple(named), frozenset(source.path for source in sources if source.may_change))


def _documents(content: str) -> Iterator[tuple[int, Value]]:
    for number, chunk in enumerate(yamltext.split(content)):
        try:
            yield number, yamltext.load(content[chunk.start : chunk.end]).value
        except yamltext.YamlError:
            continue  # told of where manifests are read


def _published(path: str, documents: Sequence[tuple[int, Value]]) -> Iterator[Published]:
    for _, document in documents:
        if text(document, "kind") == "OCIRepository" and (url := text(document, "spec", "url")):
            reference = mapping(document, "spec", "ref")
            version = text(reference, "tag") or text(reference, "semver") or ""
            yield Published(path, text(document, "metadata", "name") or "", url, version)


def _text(path: str) -> str | None:
    return _decoded(path, lambda: repository.read(path))


def _decoded(path: str, read: Callable[[], bytes]) -> str | None:
    try:
        content = manifests.decode(path, read())
    except OSError:
        return None
    return content if isinstance(content, str) else None


# ---------------------------------------------------------------- charts


def edited(found: FoundChart, seen: Around, chosen: Recipe, choices: Choices) -> Outcome:
    """What becomes of a chart of the repository."""
    folder, shown, settings = found
    own = chart_settings(settings, folder)
    installed, unread = _installed(found, own, seen.releases)
    with helm.copied(choices.command, folder, shown, choices.given) as copy:
        if isinstance(copy, Refused):
            unread = Left("Chart.yaml", 1, copy.message, "edit it by hand")
        if unread or isinstance(copy, Refused):
            return telling.outcome(shown, migrating.Result((), (), {}, (unread,) if unread else ()), {}, chosen.name)
        chart, renderer = copy
        decide = _deciding(settings, chosen, seen.bound, choices)
        by_switch = (own.style or choices.style) == "value"
        result = migrating.migrate(chart, renderer.render, decide, installed, by_switch=by_switch, is_thorough=choices.is_thorough)
        if result.changed and renderer.lint({}) and not renderer.lint(result.changed):
            result = result.without_edit(Left("Chart.yaml", 1, "with the edit, `helm lint` fails", "edit it by hand"))
    here = os.path.realpath(os.getcwd())
    for path in result.changed:
        if repository.is_excluded(os.path.join(folder, path), choices.exclude, here, settings):
            result = result.without_edit(Left(path, 1, "the edit is left out: the file is excluded", "take it out of exclude"))
            break
    return telling.outcome(shown, result, chart.texts, chosen.name)


def _installed(found: FoundChart, own: ChartSettings, known: Sequence[Release]) -> tuple[list[Variant], Left | None]:
    """The variants that are installed: those that the config names, and those of the repository; and what keeps them from
    being known, unless the config names any."""
    result = [Variant(" + ".join(map(os.path.relpath, each)), each, must_render=True) for each in own.values]
    for release in known:
        if release.is_of(found.shown):
            files = release.located(os.path.normpath(found.shown))
            unread = release.unread or _unreadable(files, found.folder) or _binds(release)
            if not unread:
                result.append(release.variant._replace(files=tuple(_in_chart(file, found.folder) for file in files)))
            elif not own.values:
                reason = f"{release.title} takes values from {unread}, which are not read"
                return [], Left("Chart.yaml", 1, reason, "name files that hold such values under charts in samigrate.yaml")
    return result, None


def _unreadable(files: Sequence[str], folder: str) -> str:
    """The first values file that is not there, or not in the repository: what a manifest names may lie anywhere."""
    top = helm.top(folder)
    return next((file for file in files if not os.path.isfile(file) or not os.path.realpath(file).startswith(top + os.sep)), "")


def _binds(release: Release) -> str:
    """The template of a chart that depends on another by which it makes bindings: they may be for the other's accounts."""
    if os.path.basename(release.path) not in _CHART_FILES:
        return ""
    folder = os.path.dirname(release.path)
    templates = (path for path, content in helm.texts_in(folder).items() if variants.makes_binding(content))
    return next((f"{os.path.join(folder, path)}, which makes bindings" for path in templates if path.startswith("templates/")), "")


def _in_chart(file: str, folder: str) -> str:
    """The path below the chart where the file is one of it, so that its edited text counts; else the absolute one."""
    relative = os.path.relpath(os.path.realpath(file), os.path.realpath(folder))
    return os.path.abspath(file) if relative.startswith("..") else relative.replace(os.sep, "/")


def _deciding(settings: Settings, chosen: Recipe, named: Sequence[Bound], choices: Choices) -> Deciding:
    token = _decide(settings, migrating.narrowed(chosen, Phase.AUTOMOUNT), choices)
    accounts = _decide(settings, migrating.narrowed(chosen, Phase.ACCOUNT, Phase.AUTOMOUNT), choices)
    return Deciding(token, accounts if choices.with_accounts else None, named, _text)


def _decide(settings: Settings, chosen: Recipe, choices: Choices) -> Decide:
    own = replace(settings, namespace=choices.namespace or helm.NAMESPACE, namespaces=())

    def decide(content: str, by_default: bool) -> Outcome:
        root = stream.rendered_root(content.encode("utf-8"), replace(own, says_true_by_default=by_default))
        return pipeline.run(stream.informed(root, choices.besides), chosen)

    return decide


# ---------------------------------------------------------------- releases of charts that lie elsewhere


def released(release: Release, seen: Around, text: str, settings: Settings, chosen: Recipe, choices: Choices) -> Outcome:
    """What becomes of an installation of a chart that is not in the repository; `text` is the file that holds it, as it is by now. It
    is edited where the chart is given."""
    release = _found_again(release, text)
    if release.chart_name in choices.given:
        decide = _deciding(settings, chosen, seen.bound, choices)
        result = _released(release, text, decide, choices)
        return telling.outcome_of_release(release, result, text, chosen.name)
    return telling.not_here(release, text, chosen.name)


def _found_again(release: Release, text: str) -> Release:
    """The release in a text to which other edits may have added documents."""
    same = (
        each for each in releases(release.path, _documents(text), (), _text) if (each.title, each.place) == (release.title, release.place)
    )
    document = next((each.document for each in same if each.document >= release.document), release.document)
    return release._replace(document=document)


def _released(release: Release, text: str, decide: Deciding, choices: Choices) -> migrating.Result:
    folder = choices.given[release.chart_name]
    files = release.located(os.path.normpath(folder))
    unread = release.unread or _unreadable(files, os.path.dirname(release.path))
    left = Left(release.path, 1, f"it takes values from {unread}, which are not read", "set the value by hand") if unread else None
    if not left and (asked := helm.unlike(choices.command, folder, release.version)):
        left = Left(release.path, 1, asked, "give the chart of that version: --chart")
    if left:
        return migrating.Result((), (), {}, (left,))
    with helm.copied(choices.command, folder, folder, choices.given) as copy:
        if isinstance(copy, Refused):
            return migrating.Result((), (), {}, (Left(release.path, 1, copy.message, "edit it by hand"),))
        inside = tuple(_in_chart(file, folder) for file in files)
        return installing.migrate(copy.chart, copy.renderer.render, decide, release._replace(files=inside), text)


def judged(seen: Around, given: Collection[str]) -> set[tuple[str, int]]:
    """The files and documents that install a chart of which the pods are judged."""
    return {(each.path, each.document) for each in seen.releases if each.chart_name in given or seen.holds_chart_of(each)}


def elsewhere(seen: Around) -> list[Release]:
    """The installations of charts that are not in the repository, in files that may change."""
    return [each for each in seen.releases if each.path in seen.editable and each.chart and not seen.holds_chart_of(each)]
