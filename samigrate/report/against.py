"""What runs in a cluster held against what manifests declare: what only one of them has, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from samigrate.base.values import at
from samigrate.base.wording import count, listed
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_PREFIX, Finding, ResourceId, Severity, Strength
from samigrate.domain.outcome import Compared, Outcome, Running, WorkloadReport
from samigrate.optouts import suppress
from samigrate.optouts.suppress import ALL
from samigrate.report.running import is_of_admission

UNDECLARED = "not-declared"
ABSENT = "not-running"
DIFFERS = "cluster-differs"
KEPT = "token-still-held"
INJECTED = "injected-container"
COMPARISON = frozenset((UNDECLARED, ABSENT, DIFFERS, KEPT, INJECTED))
"""The findings of a comparison: a report tells each of them."""
_RULES = {UNDECLARED: "R-A10", ABSENT: "R-A10", DIFFERS: "R-A1", KEPT: "R-A7", INJECTED: "R-A8"}
_COMES_AND_GOES = ("Job", "CronJob")
"""Kinds that have no pod for most of the time."""


class _Declared(NamedTuple):
    """A workload as a manifest declares it. `namespace` is None where none is stated; `account` is "" where a build writes it."""

    id: ResourceId
    account: str
    report: WorkloadReport


class _Live(NamedTuple):
    """What a dump tells of a workload's pods that are alike, or of the workload alone."""

    running: Running
    report: WorkloadReport


def compared(cluster: Outcome, manifests: Outcome, path: str) -> Outcome:
    """The outcome of a dump with what is to be said of it beside the manifests of `path`, and what could not be read there."""
    declared = list(_declared(manifests.workloads))
    live = _by_owner(cluster.workloads)
    by_name: dict[object, list[_Declared]] = defaultdict(list)
    for one in declared:
        by_name[one.id._replace(namespace=None)].append(one)
    findings: list[Finding] = []
    silenced: set[tuple[str, ResourceId]] = {(id_, one.id) for one in declared for id_ in _ignored(one.report)}
    silenced |= {(id_, owner) for owner, present in live.items() for one in present for id_ in _ignored(one.report)}
    is_found: set[int] = set()
    for owner, present in sorted(live.items(), key=lambda item: [str(part) for part in (item[0].namespace or "", *item[0])]):
        alike = [one for one in by_name[owner._replace(namespace=None)] if one.id.namespace in (None, owner.namespace)]
        is_found |= {id(one.report) for one in alike}
        findings += _differences(owner, present, alike) if alike else [_undeclared(owner, present, path)]
    absent = [one for one in declared if id(one.report) not in is_found and not _may_rest(one, live)]
    findings += _absent(absent, live)
    findings = [one for one in findings if one.resource and not {(one.id, one.resource), (ALL, one.resource)} & silenced]
    names = {finding.id: {one.resource for one in findings if one.id == finding.id} for finding in findings}
    differing = {resource for id_ in (DIFFERS, KEPT, INJECTED) for resource in names.get(id_, ())}
    summed = Compared(path, len(live), len(names.get(UNDECLARED, ())), len({one.id for one in absent}), len(differing))
    problems = (*cluster.problems, *manifests.problems)
    return cluster._replace(findings=(*cluster.findings, *dict.fromkeys(findings)), against=summed, problems=problems)


def _ignored(report: WorkloadReport) -> frozenset[str]:
    """What the object's annotation opts out of."""
    return suppress.in_annotations(report.workload.resource, DEFAULT_PREFIX)


def _declared(reports: Iterable[WorkloadReport]) -> Iterator[_Declared]:
    """Every workload by the names that it has in a cluster."""
    for report in reports:
        if report.running:
            continue
        if not report.builds:
            yield _Declared(report.workload.id._replace(namespace=report.namespace), report.account_before, report)
        for built in report.builds:
            yield _Declared(report.workload.id._replace(namespace=built.namespace, name=built.name), built.account_before, report)


def _by_owner(reports: Iterable[WorkloadReport]) -> Mapping[ResourceId, list[_Live]]:
    live: dict[ResourceId, list[_Live]] = defaultdict(list)
    for report in reports:
        if report.running:
            live[report.running.owner].append(_Live(report.running, report))
    return live


def _finding(id_: str, severity: Severity, message: str, action: str, report: WorkloadReport, about: ResourceId) -> Finding:
    """One on the object that the report is of, about the workload that people know."""
    at_place = report.workload.resource.at
    return Finding(id_, _RULES[id_], severity, f"{about}: {message}", action, at_place._replace(line=report.line), "", about)


# ---------------------------------------------------------------- what only one of them has


def _undeclared(owner: ResourceId, present: list[_Live], path: str) -> Finding:
    pods = sum(len(one.running.pods) for one in present)
    holders = sum(len(one.running.pods) for one in present if one.report.tokens_before)
    what = f"{count(pods, 'pod')}, {holders} with a token" if pods else "no pod in the dump"
    if owner.kind == "Node":
        message, action = f"static Pods of its kubelet run ({what})", "none needed: they are files on the node"
    else:
        message = f"runs ({what}), and no manifest of {path} declares it"
        action = "find out who applies it: no migration of PATH reaches it"
    return _finding(UNDECLARED, Severity.NOTE, message, action, present[0].report, owner)


def _may_rest(declared: _Declared, live: Mapping[ResourceId, list[_Live]]) -> bool:
    """Whether it may have no pod for now: it is asked for none, or comes and goes, and the dump has no object of its kind beside it."""
    kind, space = declared.id.kind, declared.id.namespace
    if kind not in _COMES_AND_GOES and at(declared.report.workload.resource.value, "spec", "replicas") != 0:
        return False
    seen = {(one.report.workload.id.kind, owner.namespace) for owner, present in live.items() for one in present}
    return not any(other == kind and space in (None, namespace) for other, namespace in seen)


def _absent(absent: Iterable[_Declared], live: Mapping[ResourceId, list[_Live]]) -> Iterator[Finding]:
    """What does not run, one by one; of a namespace that the dump has nothing of, together."""
    spaces = {owner.namespace for owner in live}
    unseen: dict[str, list[_Declared]] = defaultdict(list)
    for one in absent:
        if one.id.namespace is not None and one.id.namespace not in spaces:
            unseen[one.id.namespace].append(one)
            continue
        action = "apply it, or remove its manifest; a pod that an operator makes is told by the operator's own objects"
        yield _finding(ABSENT, Severity.NOTE, "is declared, and nothing of it is in the dump", action, one.report, one.id)
    for space, present in sorted(unseen.items()):
        message = f"nothing of the namespace {space} is in the dump; {count(len({one.id for one in present}), 'workload')} of it declared"
        yield _finding(ABSENT, Severity.NOTE, message, "take the dump with -A", present[0].report, present[0].id)


# ---------------------------------------------------------------- where they differ


def _differences(owner: ResourceId, present: list[_Live], declared: list[_Declared]) -> Iterator[Finding]:
    for live in present:
        best = min(declared, key=lambda one: (len(list(_fields(live, one))), -_shared(live, one)))
        who = f"{count(len(live.running.pods), 'pod')} of it" if live.running.pods else "the object in the cluster"
        for message in _fields(live, best):
            action = f"apply {_place(best)} again; or write into it what is right"
            yield _finding(DIFFERS, Severity.WARNING, f"{who}: {message}", action, live.report, owner)
        if live.running.pods:
            yield from _kept(owner, live, best, who)
            yield from _injected(owner, live, best, who)


def _place(declared: _Declared) -> str:
    return f"{declared.report.workload.resource.at.path}:{declared.report.line}"


def _shared(live: _Live, declared: _Declared) -> int:
    """How many containers bear the same name: which of an object's several pods it is."""
    return len(_containers(live.report) & _containers(declared.report))


def _containers(report: WorkloadReport) -> set[str]:
    return {one.name for one in report.workload.spec.containers()}


def _fields(live: _Live, declared: _Declared) -> Iterator[str]:
    """What somebody, or a policy, has set otherwise than the manifest says."""
    account, stated = live.report.account_before, declared.report.automount_before
    if declared.account and account != declared.account:
        yield f"runs as {account}, and the manifest says {declared.account}"
    if live.report.automount_before != stated and not _holds_against(live, declared):
        yield f"{AUTOMOUNT_FIELD} is {_word(live.report.automount_before)}, and the manifest says {_word(stated)}"


def _word(value: bool | None) -> str:
    return "not set" if value is None else str(value).lower()


def _holds_against(live: _Live, declared: _Declared) -> bool:
    """Whether pods hold what admission has mounted, though the manifest or its account says that they get none."""
    report = declared.report
    is_none = report.automount_before is False or (report.automount_before is None and not report.applied and report.effective is False)
    return is_none and bool(live.running.pods) and any(is_of_admission(token) for token in live.running.tokens)


def _kept(owner: ResourceId, live: _Live, declared: _Declared, who: str) -> Iterator[Finding]:
    if not _holds_against(live, declared):
        return
    source = "the manifest" if declared.report.automount_before is False else f"account {declared.report.account_before}"
    message = f"{who} still hold{'s' * (len(live.running.pods) == 1)} a token, and {source} says {AUTOMOUNT_FIELD}: false"
    action = "it was made before that was applied: roll it out (kubectl rollout restart), and take the dump again"
    yield _finding(KEPT, Severity.WARNING, message, action, live.report, owner)


def _injected(owner: ResourceId, live: _Live, declared: _Declared, who: str) -> Iterator[Finding]:
    """Containers that no manifest has: something has put them in, and they may need the pod's token."""
    own, every = _containers(declared.report), _containers(live.report)
    if declared.report.workload.rule.report_only or not own & every:
        return  # an operator puts its pods together
    for name in sorted(every - own):
        tokens = [token for token in live.running.tokens if token.container == name]
        needs = [one for one in live.report.verdict.evidence if one.container == name and one.strength in (Strength.PROOF, Strength.STRONG)]
        if not (tokens or needs):
            continue
        holds = f"holds a token of account {live.report.account_before}" if tokens else "holds no token"
        parts = [holds, *([f"shows a use of the API: {needs[0].detail}"] if needs else [])]
        message = f"{who}: container {name}, which the manifest has not, {listed(parts)}"
        action = "keep the token while it is injected, or give the injector what it needs by itself (docs/evidence.md)"
        yield _finding(INJECTED, Severity.WARNING if needs else Severity.NOTE, message, action, live.report, owner)
