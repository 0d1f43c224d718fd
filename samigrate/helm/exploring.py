"""What a chart renders, by variant: its pods, what is decided on them, and which template they come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from samigrate import gotext
from samigrate.base.values import Value, mapping, resolve
from samigrate.domain.model import ACCOUNT_FIELD, AUTOMOUNT_FIELD, Operation
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.helm import sites, value_keys, variants
from samigrate.helm.chart import Chart, Refused, Render, Variant
from samigrate.helm.releases import Bound
from samigrate.helm.rendering import Documents, NewAccount, Pod, Rendered, differences, is_tolerated, may_change_by_itself, unsteady
from samigrate.helm.sites import Site

_IMAGE = re.compile(r"^[ -]*image:", re.MULTILINE)
_ACCOUNT_KEYS = {"apiVersion", "kind", "metadata", AUTOMOUNT_FIELD}
_METADATA_KEYS = {"name", "namespace", "labels", "annotations"}

Decide = Callable[[str, bool], Outcome]
"""What a run makes of a stream of manifests; the second argument says whether `true` on a pod is nobody's wish."""


class Left(NamedTuple):
    """Pods that keep their token though nothing in the rendering uses it, or a chart that is not judged; why, and the way
    out. `path` and `line` are those of the template."""

    path: str
    line: int
    reason: str
    action: str


class NotDoneError(Exception):
    """The chart as a whole is left alone."""

    def __init__(self, reason: str, action: str) -> None:
        super().__init__(reason)
        self.left = Left("Chart.yaml", 1, reason, action)


class Deciding(NamedTuple):
    """What is decided on a rendering: the token alone, and where it is asked for, accounts as well. `bound` are the accounts that
    bindings elsewhere in the repository give rights to; `read` gives the text of a values file by its absolute path."""

    token: Decide
    accounts: Decide | None
    bound: Sequence[Bound] = ()
    read: Callable[[str], str | None] = lambda _: None


class Exploration:
    """Renders variants of a chart, and decides on them. `planted` are the templates with the keys that tell where pods come from."""

    def __init__(self, chart: Chart, render: Render, decide: Deciding, planted: Mapping[str, str] = MappingProxyType({})) -> None:
        self._chart, self._render, self._decide, self._planted = chart, render, decide, planted
        self._is_steady = not (may_change_by_itself(chart.templates) or may_change_by_itself(chart.others))
        self._asks = value_keys.asks(chart)

    def seen_with(self, variant: Variant) -> Rendered | Refused:
        """What a variant renders, with its pods. Raises NotDoneError for one that must render and does not."""
        text = self._render({}, variant)
        if isinstance(text, Refused):
            if variant.must_render:
                raise NotDoneError(f"does not render with {variant.name}: {text.message}", "mend the values, or name others in the config")
            return text
        rendered = Rendered(variant, Documents(text))
        if not self._is_steady:
            again = [self._render({}, variant) for _ in range(2)]
            rendered.unsteady = unsteady(rendered.documents, [Documents(each) for each in again if isinstance(each, str)])
        by_default = not self._asks and not value_keys.is_asked_for(self._chart, variant, self._decide.read)
        planted = self._render(self._planted, variant) if self._planted else text
        return _with_pods(rendered, planted, self._decide, by_default)


def explored(chart: Chart, render: Render, decide: Deciding, found: Sequence[Site], tried: Sequence[Variant]) -> list[Rendered]:
    """The variants that render, with their pods. Those that nobody has written down are added where a template that makes a
    binding or a pod is not rendered by the others."""
    exploration = Exploration(chart, render, decide, sites.planted(chart, found))
    result: list[Rendered] = []
    refused: list[Refused] = []

    def add(variant: Variant) -> None:
        rendered = exploration.seen_with(variant)
        if isinstance(rendered, Refused):
            refused.append(rendered)
        else:
            result.append(rendered)

    for variant in tried:
        add(variant)
    if all(each.variant.is_supposed for each in result):
        if "library charts are not installable" in refused[0].message:
            raise NotDoneError("a library renders nothing by itself", "the charts that use it are edited")
        is_missing = "helm dependency build" in refused[0].message
        action = "run `helm dependency build` first" if is_missing else "give values that render it: charts: in samigrate.yaml"
        raise NotDoneError(f"does not render: {refused[0].message}", action)
    unbound = [place for place in variants.bindings(chart) if not has_binding(result, place[0])]
    seen = {pod.origin for each in result for pod in each.pods}
    missing = [*unbound, *((site.path, site.start) for site in found if site.number not in seen)]
    for variant in variants.turned(chart, missing):
        add(variant)
    for variant in variants.turned(chart, _optional_containers(chart, found, result)):
        add(variant)
    for variant in _crossed(result, {path for path, _ in unbound if has_binding(result, path)}):
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
        together = [each for each in rendered if has_binding([each], path)]
        seen = {pod.origin for each in together for pod in each.pods}
        for each in rendered:
            lost = {pod.origin for pod in each.pods if pod.operation}
            if lost - seen:
                seen |= lost
                result[variants.joined(each.variant, together[0].variant)] = None
    return list(result)[: variants.MOST]


def _with_pods(rendered: Rendered, planted: str | Refused, decide: Deciding, by_default: bool) -> Rendered:
    if isinstance(planted, Refused):
        raise NotDoneError(f"a key beside `containers:` keeps it from rendering: {planted.message}", "edit it by hand")
    outcome = decide.token(rendered.documents.text, by_default)
    if outcome.problems:
        raise NotDoneError(f"renders what cannot be read: {outcome.problems[0].message}", "mend the template")
    with_keys = Documents(planted)
    if not _is_same_but_for_keys(rendered, with_keys):
        raise NotDoneError("a key beside `containers:` changes what it renders", "edit it by hand")
    named = decide.accounts(rendered.documents.text, by_default).workloads if decide.accounts else ()
    accounts = {(each.workload.key, each.workload.pod): account for each in named if (account := _account(each))}
    by_document: dict[int, list[WorkloadReport]] = defaultdict(list)
    for report in outcome.workloads:
        by_document[report.workload.resource.at.document].append(report)
    pods: list[Pod] = []
    for index, reports in by_document.items():
        numbers = dict(sites.numbers(with_keys.value(index)))
        for report in reports:
            there = numbers.get(report.workload.resource.at.item + report.workload.pod, [])
            account = accounts.get((report.workload.key, report.workload.pod))
            origin = there[0] if len(there) == 1 else _object_in(rendered, index, report)
            reason = next((each.where for each in decide.bound if each.may_be(report.account_before, rendered.variant)), "")
            pods.append(Pod(report, origin, None if reason else _operation(report), account, reason))
    rendered.pods = pods
    return rendered


def _object_in(rendered: Rendered, index: int, report: WorkloadReport) -> str:
    """Where a pod comes from that is of no site: its template, and the object that holds it."""
    name = "" if (index, "/metadata/name") in rendered.unsteady else report.workload.id.name.replace(rendered.variant.release, "RELEASE")
    return f"{rendered.sources[index]}: {report.workload.id.kind} {name}{report.workload.pod}"


def _is_same_but_for_keys(rendered: Rendered, planted: Documents) -> bool:
    """Whether the planted keys are all that differs."""
    if len(planted.pieces) != len(rendered.documents.pieces):
        return False
    for index, piece in enumerate(planted.pieces):
        if piece != rendered.documents.pieces[index]:
            before, after = rendered.documents.value(index), planted.value(index)
            for place in differences(before, after):
                is_text = sites.without_planted(resolve(after, place)) == resolve(before, place)
                if not (is_text or sites.is_planted(place) or is_tolerated(rendered, index, place)):
                    return False
    return True


def _account(report: WorkloadReport) -> NewAccount | None:
    """The new account of a workload, where that is all that is planned besides the token: no binding, no pull Secret, no identity
    that a cloud reads."""
    operations = [applied.operation for applied in report.applied]
    values = [operation.value for operation in operations if not operation.pointer]
    names = [operation for operation in operations if operation.pointer == f"{report.workload.pod}/{ACCOUNT_FIELD}"]
    tokens = [operation for operation in operations if operation.pointer == f"{report.workload.pod}/{AUTOMOUNT_FIELD}"]
    if len(operations) != 3 or not (len(values) == len(names) == len(tokens) == 1) or names[0].value != report.workload.id.name:
        return None
    value = mapping(values[0])
    metadata = mapping(value, "metadata")
    if not value.keys() <= _ACCOUNT_KEYS or not metadata.keys() <= _METADATA_KEYS:
        return None
    written: dict[str, Value] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {key: metadata[key] for key in ("name", "namespace") if key in metadata},
        AUTOMOUNT_FIELD: False,
    }
    pointer = report.workload.resource.at.item + names[0].pointer
    return NewAccount(written, names[0]._replace(pointer=pointer), report)


def _operation(report: WorkloadReport) -> Operation | None:
    wanted = f"{report.workload.pod}/{AUTOMOUNT_FIELD}"
    for applied in report.applied:
        if applied.operation.pointer == wanted and applied.operation.value is False:
            item = report.workload.resource.at.item
            return applied.operation._replace(pointer=item + wanted) if len(report.applied) == 1 else None
    return None


def has_binding(rendered: Sequence[Rendered], path: str) -> bool:
    return any(
        source == path and variants.makes_binding(each.documents.pieces[index])
        for each in rendered
        for index, source in enumerate(each.sources)
    )
