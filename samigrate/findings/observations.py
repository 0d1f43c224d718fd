"""What is worth saying of a workload whatever the recipe does: findings that need no transform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from samigrate.base.values import text
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, TOKEN_PATH, Finding, Level, Resource, Severity, Workload
from samigrate.domain.tokens import mounts
from samigrate.evidence import declaration
from samigrate.facts import identity
from samigrate.facts.state import Work
from samigrate.findings import leftovers, logs, moves, rollout, unseen
from samigrate.plan.planner import Planned
from samigrate.scope.matching import Match
from samigrate.scope.view import View

NAMED = 12
ONE_SHOT = {
    "needs-recreate": ("R-G4", "the object is immutable once it runs", "delete it and apply it again"),
    "needs-restart": ("R-G10", "running pods are not replaced", "restart its pods"),
}


def of(works: Sequence[Work], accepted: Sequence[Planned], resources: Sequence[Resource]) -> Iterator[Finding]:
    """All that needs no transform to be said, given what was planned. The same finding may come twice."""
    yield from _of_workloads(works, accepted)
    yield from moves.of(accepted)
    yield from rollout.of(accepted)
    yield from leftovers.of(resources)
    yield from unseen.of(works, resources)
    yield from logs.of(works)


def _of_workloads(works: Sequence[Work], accepted: Sequence[Planned]) -> Iterator[Finding]:
    changed = {planned.work.workload.key for planned in accepted if planned.changes_pods}
    for work in works:
        workload = work.workload
        yield from _misspelt(work)
        if workload.rule.report_only:
            yield work.finding("reported-only", workload.rule.rule, f"left as it is: {workload.rule.report_only}", "review it by hand")
            continue
        if workload.spec.has_invalid_automount:
            yield _invalid_automount(work)
            continue
        if work.verdict.level is Level.UNKNOWN and work.settings.unknown == "leave":
            fragment = next((evidence.detail for evidence in work.verdict.evidence), "")
            action = "declare it with the annotation api-access, or pass --unknown account or --unknown disable"
            stays = "its token stays" if workload.key in changed else "it stays as it is"
            yield work.finding("unknown-api-use", "R-E2", f"may use the API ({fragment}), so {stays}", action)
        if workload.key in changed and workload.rule.one_shot in ONE_SHOT and not _is_made_anew(workload):
            rule, reason, action = ONE_SHOT[workload.rule.one_shot]
            yield work.finding(workload.rule.one_shot, rule, f"{reason}, so the change does not reach it by itself", action, where="")
        yield from _shared(work)
        yield from _undefined(work)
        yield from _near_misses(work)


def _is_made_anew(workload: Workload) -> bool:
    """Whether each run makes another object: a hook, or a generated name (R-G5)."""
    return bool(identity.hook(workload)) or not text(workload.resource.value, "metadata", "name")


def _misspelt(work: Work) -> Iterator[Finding]:
    """Declarations that say something else than they may."""
    prefix = work.settings.prefix
    for stated in declaration.stated(work.workload, prefix):
        if not declaration.is_understood(stated, prefix):
            message = f"the annotation {stated.key}: {str(stated.value)!r} is not understood, so it counts as required"
            action = f"write {prefix}/{declaration.ACCESS}: required (or none); the reason belongs into a comment"
            yield work.finding("unknown-api-access", "R-F3", message, action, Severity.ERROR, stated.pointer)


def _invalid_automount(work: Work) -> Finding:
    result = work.workload.spec.value[AUTOMOUNT_FIELD]
    pointer = f"{work.workload.pod}/{AUTOMOUNT_FIELD}"
    if isinstance(result, str) and any(mark in result for mark in "${<%"):
        message = f"{AUTOMOUNT_FIELD} is a placeholder ({result}), so the workload stays as it is"
        return work.finding("placeholder-automount", "R-J7", message, "fill it in first", where=pointer)
    message = f"{AUTOMOUNT_FIELD} is no boolean, and the API server will refuse it"
    return work.finding("invalid-automount", "R-A23", message, "write true or false without quotes", Severity.ERROR, pointer)


def _shared(work: Work) -> Iterator[Finding]:
    """Accounts that several workloads share: one that is bound (R-E9), or any but `default` (R-F11)."""
    account = work.workload.spec.account
    evidence = {sign.at for sign in work.verdict.evidence if sign.source == "shared-default-binding"}
    for view in work.views:
        if account == DEFAULT_ACCOUNT:
            for grant in view.grants(account):
                if grant.binding.at not in evidence or grant.match is not Match.SAME:
                    continue  # what it grants needs no token (R-E4), or it may be meant for another namespace
                users = _names(view, account)
                message = f"{grant.binding.id} gives rights to default, and so to {users}: which of them uses them is not known"
                action, location = "keep the subject only for those that need it", grant.binding.at
                finding = Finding(
                    "shared-default-binding", "R-E9", Severity.WARNING, message, action, location, grant.pointer, grant.binding.id
                )
                yield finding._replace(concerns=(work.workload.resource,), group=location)
        elif len(view.user_names(account)) > 1:
            resource, first = work.workload.resource, view.users(account)[0].resource.at
            message, action = f"the account {account} is shared by {_names(view, account)}", "give each an account of its own"
            yield Finding(
                "shared-account", "R-F11", Severity.NOTE, message, action, resource.at, work.workload.pod, resource.id, (resource,), first
            )


def folded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each finding once; those that several workloads have raised together as one, which concerns them all."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.message, finding.group) if finding.concerns else finding, []).append(finding)
    for first, *siblings in groups.values():
        concerns = dict.fromkeys(resource for one in (first, *siblings) for resource in one.concerns)
        yield first._replace(concerns=tuple(concerns)) if siblings and concerns else first


def _names(view: View, account: str) -> str:
    """The users of an account in words. Only so many by name: each of them is told of all the others."""
    names = view.user_names(account)
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _undefined(work: Work) -> Iterator[Finding]:
    """An account that the workload names and the input defines nowhere: no pod starts unless the cluster has it (R-A3)."""
    account = work.workload.spec.account
    if account != DEFAULT_ACCOUNT and any(not view.account(account) for view in work.views):
        message = f"the account {account} is defined nowhere in the input, so what it may do is not known"
        yield work.finding("undefined-account", "R-A3", message, "add its manifest, or read it with --context")


def _near_misses(work: Work) -> Iterator[Finding]:
    """Mounts that look as if they replaced the injected token: only the exact path does (R-A9)."""
    if not work.is_mounted:
        return
    for container in work.workload.spec.containers():
        for index, mount in mounts(container):
            path = text(mount, "mountPath") or ""
            if path != TOKEN_PATH and _is_near(path):
                message = f"container {container.name} mounts {path}, which does not keep the token from being mounted"
                pointer = f"{work.workload.pod}{container.pointer}/volumeMounts/{index}"
                yield work.finding(
                    "near-miss-mount", "R-A9", message, f"mount exactly {TOKEN_PATH}, or set {AUTOMOUNT_FIELD}: false", where=pointer
                )


def _is_near(path: str) -> bool:
    """Whether a path is the token's folder in other words, above it, or a file in it."""
    plain = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
    full_text = plain if plain.startswith("/var/") else f"/var{plain}"
    return (
        full_text == TOKEN_PATH
        or full_text.startswith(TOKEN_PATH + "/")
        or (TOKEN_PATH.startswith(full_text + "/") and full_text.startswith("/var/run/secrets"))
    )
