"""One chart: render it, decide on what it renders, write the edit where each pod comes from, and prove it by rendering."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from samigrate import gotext, transforms, yamltext
from samigrate.domain.model import AUTOMOUNT_FIELD, Operation
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.helm import editing, sites, variants
from samigrate.helm.chart import Chart, Refused, Render, Variant
from samigrate.helm.editing import Attempt
from samigrate.helm.rendering import Documents, Pod, Rendered, Wrong, may_change_by_itself, unsteady, wrong
from samigrate.helm.sites import Site
from samigrate.plan.recipe import Recipe
from samigrate.transforms import Phase

ROUNDS = 6
"""How often an edit is tried in other ways before what is left of it is given up."""
_IMAGE = re.compile(r"^[ -]*image:", re.MULTILINE)
_ROOT = re.compile(r"(?<![\w$.)\]])\.(?=(?:Values|Release|Capabilities|Chart)\b)")

Decide = Callable[[str], Outcome]
"""What a run makes of a stream of manifests."""


class Left(NamedTuple):
    """Pods that keep their token though nothing in the rendering uses it, or a chart that is not judged; why, and the way
    out. `path` and `line` are those of the template."""

    path: str
    line: int
    reason: str
    action: str


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


class NotDoneError(Exception):
    """The chart as a whole is left alone."""

    def __init__(self, reason: str, action: str) -> None:
        super().__init__(reason)
        self.left = Left("Chart.yaml", 1, reason, action)


@dataclass
class _Group:
    """What is edited together: the pods of one origin. `site` is None where that is no site."""

    key: int | str
    site: Site | None
    path: str
    attempts: list[Attempt] = field(default_factory=list)
    number: int = 0
    reason: str = ""

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[self.number] if self.number < len(self.attempts) else None

    @property
    def sets_values(self) -> bool:
        return self.attempt is not None and any(isinstance(edit, editing.Setting) for edit in self.attempt.edits)


def narrowed(recipe: Recipe) -> Recipe:
    """What of a recipe is done in charts: the token. Accounts, token Secrets and annotations are left to their authors."""
    known = transforms.discover()
    return recipe._replace(transforms={id_: options for id_, options in recipe.transforms.items() if known[id_].phase is Phase.AUTOMOUNT})


def migrate(
    chart: Chart, render: Render, decide: Decide, installed: Sequence[Variant] = (), *, by_switch: bool = False, is_thorough: bool = False
) -> Result:
    """Everything about one chart. `by_switch`: users get a value by which they may turn a token on again.
    `is_thorough`: every switch of the values is turned, too.
    Raises nothing for what a chart may be: what cannot be done is `left`."""
    try:
        found = sites.find(chart)
        supposed = variants.flipped(chart) if is_thorough else []
        rendered = _rendered(chart, render, decide, found, [*variants.written(chart, installed), *supposed])
    except NotDoneError as error:
        return Result((), (), {}, (error.left,))
    groups = _groups(chart, found, rendered, by_switch=by_switch)
    left: list[Left]
    try:
        changed = _proven(chart, render, rendered, groups)
        left = [_left(group) for group in groups if not group.attempt]
    except NotDoneError as error:
        changed, left = {}, [error.left]
    done = {group.key for group in groups if group.attempt} if changed else set()
    return Result(tuple(rendered), tuple(_told(rendered, found, done)), changed, (*left, *_unrendered(chart, found, rendered)))


# ---------------------------------------------------------------- rendering


def _rendered(chart: Chart, render: Render, decide: Decide, found: Sequence[Site], tried: Sequence[Variant]) -> list[Rendered]:
    """The variants that render, with their pods. Those that nobody has written down are added where a template that makes a
    binding or a pod is not rendered by the others."""
    planted = sites.planted(chart, found)
    is_steady = not may_change_by_itself(chart.templates)
    result: list[Rendered] = []
    refused: list[Refused] = []

    def add(variant: Variant) -> None:
        text = render({}, variant)
        if isinstance(text, Refused):
            refused.append(text)
            if variant.must_render:
                raise NotDoneError(f"does not render with {variant.name}: {text.message}", "mend the values, or name others in the config")
            return
        rendered = Rendered(variant, Documents(text))
        if not is_steady:
            again = [render({}, variant) for _ in range(2)]
            rendered.unsteady = unsteady(rendered.documents, [Documents(each) for each in again if isinstance(each, str)])
        result.append(_with_pods(rendered, render(planted, variant) if planted else text, decide))

    for variant in tried:
        add(variant)
    if all(each.variant.is_supposed for each in result):
        if "library charts are not installable" in refused[0].message:
            raise NotDoneError("a library renders nothing by itself", "the charts that use it are edited")
        is_missing = "helm dependency build" in refused[0].message
        action = "run `helm dependency build` first" if is_missing else "give values that render it: charts: in samigrate.yaml"
        raise NotDoneError(f"does not render: {refused[0].message}", action)
    missing = [(path, offset) for path, offset in variants.bindings(chart) if not _has_binding(result, path)]
    seen = {pod.origin for each in result for pod in each.pods}
    missing += [(site.path, site.start) for site in found if site.number not in seen]
    hidden = {path for path, _ in missing if not path.endswith(".tpl")} & {path for path, _ in variants.bindings(chart)}
    for variant in variants.turned(chart, missing):
        add(variant)
    for variant in variants.turned(chart, _optional_containers(chart, found, result)):
        add(variant)
    for variant in _crossed(result, {path for path in hidden if _has_binding(result, path)}):
        add(variant)
    return result


def _optional_containers(chart: Chart, found: Sequence[Site], rendered: Sequence[Rendered]) -> list[tuple[str, int]]:
    """Images in the templates of pods that would lose their token which stand under more conditions than the pod does."""
    paths = {found[pod.origin].path for each in rendered for pod in each.pods if pod.operation and isinstance(pod.origin, int)}
    result = []
    for path in sorted(paths):
        text = chart.texts[path]
        depth = {len(gotext.guards(text, site.start)) for site in found if site.path == path}
        places = [match.start() for match in _IMAGE.finditer(text)]
        result += [(path, place) for place in places if len(gotext.guards(text, place)) > min(depth)]
    return result


def _crossed(rendered: Sequence[Rendered], switched: Collection[str]) -> list[Variant]:
    """For each template whose binding a switch has brought, and each pod that would lose its token and was not rendered
    together with that binding: the values that render the pod, with the switch."""
    result: dict[Variant, None] = {}
    for path in sorted(switched):
        together = [each for each in rendered if _has_binding([each], path)]
        seen = {pod.origin for each in together for pod in each.pods}
        for each in rendered:
            lost = {pod.origin for pod in each.pods if pod.operation}
            if lost - seen:
                seen |= lost
                result[variants.joined(each.variant, together[0].variant)] = None
    return list(result)[: variants.MOST]


def _with_pods(rendered: Rendered, planted: str | Refused, decide: Decide) -> Rendered:
    if isinstance(planted, Refused):
        raise NotDoneError(f"a key beside `containers:` keeps it from rendering: {planted.message}", "edit it by hand")
    outcome = decide(rendered.documents.text)
    if outcome.problems:
        raise NotDoneError(f"renders what cannot be read: {outcome.problems[0].message}", "mend the template")
    with_keys = Documents(planted)
    if len(with_keys.pieces) != len(rendered.documents.pieces):
        raise NotDoneError("a key beside `containers:` changes what it renders", "edit it by hand")
    by_document: dict[int, list[WorkloadReport]] = defaultdict(list)
    for report in outcome.workloads:
        by_document[report.workload.resource.at.document].append(report)
    pods: list[Pod] = []
    for index, reports in by_document.items():
        _, numbers = sites.taken_out(with_keys.value(index)) if with_keys.pieces[index] != rendered.documents.pieces[index] else (None, {})
        for report in reports:
            there = numbers.get(report.workload.resource.at.item + report.workload.pod, [])
            pods.append(Pod(report, there[0] if len(there) == 1 else rendered.sources[index], _operation(report)))
    rendered.pods = pods
    return rendered


def _operation(report: WorkloadReport) -> Operation | None:
    wanted = f"{report.workload.pod}/{AUTOMOUNT_FIELD}"
    for applied in report.applied:
        if applied.operation.pointer == wanted and applied.operation.value is False:
            item = report.workload.resource.at.item
            return applied.operation._replace(pointer=item + wanted) if len(report.applied) == 1 else None
    return None


def _has_binding(rendered: Sequence[Rendered], path: str) -> bool:
    return any(
        source == path and variants.makes_binding(each.documents.pieces[index])
        for each in rendered
        for index, source in enumerate(each.sources)
    )


# ---------------------------------------------------------------- deciding


def _groups(chart: Chart, found: Sequence[Site], rendered: Sequence[Rendered], *, by_switch: bool) -> list[_Group]:
    """What can be edited, each with the ways of doing it."""
    unseen = [path for path, _ in variants.bindings(chart) if not _has_binding(rendered, path)]
    by_origin: dict[int | str, list[Pod]] = defaultdict(list)
    for each in rendered:
        for pod in each.pods:
            by_origin[pod.origin].append(pod)
    result = []
    for site in found:
        pods = by_origin.get(site.number, [])
        if any(pod.operation for pod in pods):
            group = _Group(site.number, site, site.path)
            if hidden := [path for path in unseen if site.path.startswith(path[: path.rindex("templates/")])]:
                group.reason = f"{hidden[0]} makes a binding that no values tried here render, so its rights are not known"
                if guard := _unless(chart, site, hidden):
                    group.attempts = editing.attempts(chart, site, [guard])
            else:
                is_mixed = any(pod.needs for pod in pods)
                conditions = _conditions(chart, site) if is_mixed else None
                group.attempts = editing.attempts(chart, site, conditions, by_switch=by_switch)
                group.reason = f"its pods need the token under some values: {_need(rendered, site)}" if is_mixed else ""
            result.append(group)
    for path, pods in by_origin.items():
        if isinstance(path, str) and any(pod.operation for pod in pods):
            group = _Group(path, None, path)
            if not unseen:
                group.attempts = editing.by_values(chart, "values.yaml", with_library=True)
            result.append(group)
    return result


def _need(rendered: Sequence[Rendered], site: Site) -> str:
    """The first variant in which a pod of a site keeps its token, and why."""
    variant, pod = next((each.variant, pod) for each in rendered for pod in each.pods if pod.origin == site.number and pod.needs)
    details = [evidence.detail for evidence in pod.report.verdict.evidence] or ["its change is left out"]
    return f"with {variant.name}, {details[0]}"


def _conditions(chart: Chart, site: Site) -> list[str]:
    """The conditions under which the chart makes its own bindings, as they can be written at a site."""
    result = [each for place in variants.bindings(chart) if (each := _condition(chart, site, place))]
    result = list(dict.fromkeys(result))
    return [*result, _any(result)] if len(result) > 1 else result


def _unless(chart: Chart, site: Site, paths: Sequence[str]) -> str:
    """The condition under which any of these templates makes a binding; "" where it cannot be written at the site."""
    result = [_condition(chart, site, place) for place in variants.bindings(chart) if place[0] in paths]
    return _any(list(dict.fromkeys(result))) if result and all(result) else ""


def _any(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else "or " + " ".join(f"({each})" for each in conditions)


def _condition(chart: Chart, site: Site, place: tuple[str, int]) -> str:
    """What encloses a place, as one condition; "" where it is more than conditions on what the whole chart knows."""
    path, offset = place
    guards = gotext.guards(chart.texts[path], offset)
    words = [guard.argument for guard in guards]
    is_plain = all(guard.keyword == "if" and not guard.is_negated for guard in guards)
    if not words or not is_plain or any("$" in each.replace("$.", "") for each in words):
        return ""
    whole = words[0] if len(words) == 1 else "and " + " ".join(f"({each})" for each in words)
    is_at_root = not any(guard.keyword in ("with", "range") for guard in gotext.guards(chart.texts[site.path], site.start))
    return whole if is_at_root else _ROOT.sub("$.", whole)


# ---------------------------------------------------------------- proving


def _proven(chart: Chart, render: Render, rendered: Sequence[Rendered], groups: Sequence[_Group]) -> dict[str, str]:
    """The new texts of what every variant bears out. Groups go on to their next attempt where theirs is not borne out."""
    for _ in range(ROUNDS):
        active = {group.key: group for group in groups if group.attempt}
        if not active:
            return {}
        try:
            changed = editing.texts(chart, [group.attempt for group in active.values() if group.attempt])
        except (yamltext.CannotEdit, yamltext.YamlError) as error:
            raise NotDoneError(f"values.yaml cannot take the edit: {error}", "edit it by hand") from error
        failed, reason = _failed(render, rendered, changed, active)
        if not failed:
            failed, reason = _unswitched(render, rendered[0], changed, active)
        if not failed:
            return changed
        for key in failed:
            active[key].number += 1
            active[key].reason = active[key].reason or reason
    for group in groups:
        group.number = len(group.attempts)
    return {}


def _failed(
    render: Render, rendered: Sequence[Rendered], changed: Mapping[str, str], active: Mapping[int | str, _Group]
) -> tuple[set[int | str], str]:
    """The groups whose edit some variant does not bear out, and why."""
    edited = active.keys()
    failed: set[int | str] = set()
    reason = ""
    for each in rendered:
        after = render(changed, each.variant)
        if isinstance(after, Refused):
            return set(active), f"with the edit, {each.variant.name} does not render: {after.message}"
        result = wrong(each, Documents(after), edited)
        for number in result.pods:
            key = each.pods[number].origin
            failed |= {key} if key in active else _by_values(active)
            reason = reason or f"no edit that was tried gives what is planned with {each.variant.name}"
        if result.elsewhere:
            failed |= _by_values(active) or set(active)
            reason = reason or f"the edit changes more with {each.variant.name}: {result.elsewhere}"
    return failed, reason


def _unswitched(
    render: Render, defaults: Rendered, changed: Mapping[str, str], active: Mapping[int | str, _Group]
) -> tuple[set[int | str], str]:
    """The groups whose value does not turn the token on, or does not keep it off where the value is absent, as it is for
    those who upgrade with `--reuse-values`."""
    failed: set[int | str] = set()
    for switch in {group.attempt.switch for group in active.values() if group.attempt and group.attempt.switch}:
        ours = {key for key, group in active.items() if group.attempt and group.attempt.switch == switch}
        for value in (True, None):
            inside: object = value
            for key in reversed(switch):
                inside = {key: inside}
            after = render(changed, defaults.variant._replace(values=json.dumps(inside)))
            kept = ours if value else ()
            if isinstance(after, Refused) or wrong(defaults, Documents(after), active.keys(), kept) != Wrong():
                failed |= ours
    return failed, "the value does not decide about the token"


def _by_values(active: Mapping[int | str, _Group]) -> set[int | str]:
    """Those that set values, which may reach further than the pods that they are meant for."""
    return {key for key, group in active.items() if group.sets_values}


# ---------------------------------------------------------------- telling


def _left(group: _Group) -> Left:
    if group.site is None:
        reason = "its pods come from a dependency, or from text without a line `containers:`, and no value that was tried takes their token"
        return Left(group.path, 1, reason, "use post-render, or set it where the dependency takes it")
    action = "give the values that render it: charts: in samigrate.yaml" if "not known" in group.reason else "edit the template by hand"
    return Left(group.path, group.site.line, group.reason or "no edit that was tried gives what is planned", action)


def _unrendered(chart: Chart, found: Sequence[Site], rendered: Sequence[Rendered]) -> list[Left]:
    seen = {pod.origin for each in rendered for pod in each.pods}
    files = {source for each in rendered for source in each.sources}
    return [
        Left(site.path, site.line, "no values that were tried render it", "give the values that do: charts: in samigrate.yaml")
        for site in found
        if site.number not in seen and site.path not in files and not site.path.endswith(".tpl")
    ]


def _told(rendered: Sequence[Rendered], found: Sequence[Site], done: set[int | str]) -> list[tuple[Rendered, Pod, Site | None, bool]]:
    """Each pod once, by the first variant in which its token goes, else by the first that renders it."""
    result: dict[object, tuple[Rendered, Pod, Site | None, bool]] = {}
    for each in rendered:
        for pod in each.pods:
            site = found[pod.origin] if isinstance(pod.origin, int) else None
            is_done = pod.origin in done and pod.operation is not None
            is_random = (pod.document, "/metadata/name") in each.unsteady
            name = "" if is_random else pod.report.workload.id.name
            key = pod.origin, pod.report.workload.id.kind, name, pod.report.workload.component
            if key not in result or (is_done and not result[key][3] and not each.variant.is_supposed):
                result[key] = (each, pod, site, is_done)
    return list(result.values())
