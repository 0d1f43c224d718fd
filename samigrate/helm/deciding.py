"""Which pods are edited together, and in which ways that may be tried."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from samigrate import gotext
from samigrate.domain.model import DEFAULT_ACCOUNT
from samigrate.helm import editing, variants
from samigrate.helm.chart import Chart, folder_of, values_file
from samigrate.helm.editing import Attempt
from samigrate.helm.exploring import has_binding
from samigrate.helm.rendering import Pod, Rendered
from samigrate.helm.sites import Site

_ROOT = re.compile(r"(?<![\w$.)\]])\.(?=(?:Values|Release|Capabilities|Chart)\b)")


@dataclass
class Group:
    """What is edited together: the pods of one origin. `site` is None where that is no site. `values_in` is the file whose values
    alone may decide about them; None where their template can be edited."""

    key: int | str
    site: Site | None
    path: str
    attempts: list[Attempt] = field(default_factory=list)
    values_in: str | None = None
    number: int = 0
    reason: str = ""
    action: str = "edit the template by hand"

    @property
    def attempt(self) -> Attempt | None:
        return self.attempts[self.number] if self.number < len(self.attempts) else None

    @property
    def sets_values(self) -> bool:
        return self.attempt is not None and any(isinstance(edit, editing.Setting) for edit in self.attempt.edits)


def groups_of(chart: Chart, found: Sequence[Site], rendered: Sequence[Rendered], *, by_switch: bool) -> list[Group]:
    """What can be edited, each with the ways of doing it."""
    unseen = [path for path, _ in variants.bindings(chart) if not has_binding(rendered, path)]
    by_origin: dict[int | str, list[Pod]] = defaultdict(list)
    for each in rendered:
        for pod in each.pods:
            by_origin[pod.origin].append(pod)
    result = []
    for site in found:
        pods = by_origin.get(site.number, [])
        if any(pod.operation for pod in pods):
            group = Group(site.number, site, site.path)
            if hidden := [path for path in unseen if site.path.startswith(folder_of(path))]:
                group.action = "give the values that render it: charts: in samigrate.yaml"
                group.reason = f"{hidden[0]} makes a binding that no values tried here render, so its rights are not known"
                if guard := _unless(chart, site, hidden):
                    group.attempts = editing.attempts(chart, site, [guard])
            else:
                is_mixed = any(pod.needs for pod in pods)
                is_guarded = is_mixed and not _is_needed_as_written(rendered, site)
                conditions = (_conditions(chart, site) if is_guarded else []) if is_mixed else None
                group.attempts = editing.attempts(chart, site, conditions, by_switch=by_switch)
                if not group.attempts and not is_guarded and editing.says_automount(chart, site):
                    group.values_in = values_file(site.path)
                if not is_mixed and all(pod.account for pod in pods if pod.report.account_before == DEFAULT_ACCOUNT):
                    ways = editing.with_account(chart, site), editing.by_template(chart, site)
                    group.attempts[:0] = [way for way in ways if way and any(pod.account for pod in pods)]
                group.reason = f"its pods need the token under some values: {_need(rendered, site)}" if is_mixed else ""
            result.append(group)
    for origin, pods in by_origin.items():
        if isinstance(origin, str) and not origin.startswith(chart.elsewhere) and any(pod.operation for pod in pods):
            path = origin.partition(":")[0]
            group = Group(origin, None, path, action="use post-render, or set it where the dependency takes it")
            group.values_in = None if unseen else "values.yaml"
            result.append(group)
    return result


def _is_needed_as_written(rendered: Sequence[Rendered], site: Site) -> bool:
    """Whether a site's pods need the token with values that somebody has written down. Then the program uses the API, and
    where a value switches the chart's own binding off, whoever does so has made another one."""
    return any(pod.needs for each in rendered if not each.variant.is_supposed for pod in each.pods if pod.origin == site.number)


def _need(rendered: Sequence[Rendered], site: Site) -> str:
    """The first variant in which a pod of a site keeps its token, and why."""
    variant, pod = next((each.variant, pod) for each in rendered for pod in each.pods if pod.origin == site.number and pod.needs)
    details = [pod.bound_by] if pod.bound_by else [evidence.detail for evidence in pod.report.verdict.evidence]
    details = details or ["its change is left out"]
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
