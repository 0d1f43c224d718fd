"""One chart: render it, decide on what it renders, write the edit where each pod comes from, and prove it by rendering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from samigrate import transforms
from samigrate.base.values import text
from samigrate.domain.model import TOKEN_SECRET_TYPE
from samigrate.helm import sites, variants
from samigrate.helm.chart import Chart, Render, Variant
from samigrate.helm.deciding import Group, groups_of
from samigrate.helm.exploring import Deciding, Left, NotDoneError, explored
from samigrate.helm.proving import proven
from samigrate.helm.rendering import Pod, Rendered
from samigrate.helm.setting import give_attempts
from samigrate.helm.sites import Site
from samigrate.plan.recipe import Recipe
from samigrate.transforms import Phase


class Result(NamedTuple):
    """What became of a chart. `changed` holds the new texts by path below it; `pods` come with the variant and the site
    they are told by, and whether their token goes."""

    variants: tuple[Rendered, ...]
    pods: tuple[tuple[Rendered, Pod, Site | None, bool], ...]
    changed: Mapping[str, str]
    left: tuple[Left, ...]

    def without_edit(self, left: Left) -> Result:
        """The same, where nothing may be written after all."""
        pods = tuple((rendered, pod, site, False) for rendered, pod, site, _ in self.pods)
        return self._replace(pods=pods, changed={}, left=(*self.left, left))


def narrowed(recipe: Recipe, *phases: Phase) -> Recipe:
    """What of a recipe is done in charts: the phases given. Token Secrets and annotations are left to their authors."""
    known = transforms.discover()
    return recipe._replace(transforms={id_: options for id_, options in recipe.transforms.items() if known[id_].phase in phases})


def migrate(
    chart: Chart, render: Render, decide: Deciding, installed: Sequence[Variant] = (), *, by_switch: bool = False, is_thorough: bool = False
) -> Result:
    """Everything about one chart. `installed` is how it is known to be installed; `by_switch`: users get a value by which they
    may turn a token on again; `is_thorough`: every switch of the values is turned, too. Raises nothing for what a chart may
    be: what cannot be done is `left`."""
    try:
        found = sites.find(chart)
        supposed = variants.flipped(chart) if is_thorough else []
        rendered = explored(chart, render, decide, found, [*variants.written(chart, installed), *supposed])
    except NotDoneError as error:
        return Result((), (), {}, (error.left,))
    groups = groups_of(chart, found, rendered, by_switch=by_switch)
    give_attempts(chart, render, rendered, groups)
    left: list[Left]
    try:
        changed = proven(chart, render, rendered, groups)
        left = [left_of(group) for group in groups if not group.attempt]
    except NotDoneError as error:
        changed, left = {}, [error.left]
    done = {group.key: group.attempt.gives is not None for group in groups if group.attempt} if changed else {}
    left += [*_unrendered(found, rendered), *_token_secrets(chart, rendered)]
    return Result(tuple(rendered), tuple(told(chart, rendered, found, done)), changed, tuple(left))


def left_of(group: Group) -> Left:
    if group.site is None:
        reason = (
            "its pods come from another chart, or from text without a line `containers:`, and no value that was tried takes their token"
        )
        return Left(group.path, 1, reason, group.action)
    return Left(group.path, group.site.line, group.reason or "no edit that was tried gives what is planned", group.action)


def _unrendered(found: Sequence[Site], rendered: Sequence[Rendered]) -> list[Left]:
    seen = {pod.origin for each in rendered for pod in each.pods}
    files = {source for each in rendered for source in each.sources}
    return [
        Left(site.path, site.line, "no values that were tried render it", "give the values that do: charts: in samigrate.yaml")
        for site in found
        if site.number not in seen and site.path not in files and not site.path.endswith(".tpl")
    ]


def _weight(rendered: Rendered, pod: Pod, _: Site | None, is_done: bool) -> tuple[bool, bool]:
    return is_done and not rendered.variant.is_supposed, not rendered.variant.is_supposed and pod.report.tokens_before > 0


def _token_secrets(chart: Chart, rendered: Sequence[Rendered]) -> list[Left]:
    """The Secrets that the chart makes to hold a token that does not expire."""
    sources = {
        source
        for each in rendered
        for index, source in enumerate(each.sources)
        if TOKEN_SECRET_TYPE in each.documents.pieces[index] and text(each.documents.value(index), "type") == TOKEN_SECRET_TYPE
    }
    reason = "makes a Secret with a token that does not expire"
    action = "mount a projected token instead (docs/charts.md), where nothing outside the cluster reads the Secret"
    lines = {path: chart.texts.get(path, "").partition(TOKEN_SECRET_TYPE)[0].count("\n") + 1 for path in sources}
    return [Left(path, lines[path], reason, action) for path in sorted(sources) if not path.startswith(chart.elsewhere)]


def told(
    chart: Chart, rendered: Sequence[Rendered], found: Sequence[Site], done: Mapping[int | str, bool]
) -> list[tuple[Rendered, Pod, Site | None, bool]]:
    """Each pod once: by the first variant in which its token goes, else by the first that somebody has written down in which it holds
    one, else by the first that renders it."""
    result: dict[object, tuple[Rendered, Pod, Site | None, bool]] = {}
    for each in rendered:
        count: Counter[object] = Counter()
        for pod in (pod for pod in each.pods if not each.sources[pod.document].startswith(chart.elsewhere)):
            site = found[pod.origin] if isinstance(pod.origin, int) else None
            is_done = pod.origin in done and pod.operation is not None
            if is_done and done[pod.origin] and pod.account:
                pod = pod._replace(report=pod.account.report)
            key = pod.origin, pod.report.workload.id.kind, pod.report.workload.component
            count[key] += 1
            nth = *key, count[key]  # names differ with the release
            one = (each, pod, site, is_done)
            if nth not in result or _weight(*one) > _weight(*result[nth]):
                result[nth] = one
    return list(result.values())
