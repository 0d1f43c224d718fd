"""Questions about a workload's identity that more than one decision asks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from samigrate.base.values import Value, at, mapping, sequence
from samigrate.domain import account_names as names
from samigrate.domain.model import DEFAULT_ACCOUNT, Resource, Risk, Workload
from samigrate.domain.running import is_live
from samigrate.facts import built, consul
from samigrate.facts.state import State, Work
from samigrate.kustomize import placing
from samigrate.scope.layer import BINDINGS
from samigrate.scope.matching import Match

_HARMLESS = ("kubectl.kubernetes.io/", "meta.helm.sh/", "config.kubernetes.io/", "kustomize.config.k8s.io/", "argocd.argoproj.io/")


WAVE = "argocd.argoproj.io/sync-wave"
WEIGHT = "werf.io/weight"
"""By what Argo CD and werf apply one object before another: 0 where none is stated, lower ones first."""


def hook(workload: Workload) -> str:
    """The hook that the workload is ("pre-install", "PreSync", …), or "" (R-F15, R-F20)."""
    annotations = workload.resource.annotations
    for key in ("helm.sh/hook", "argocd.argoproj.io/hook", "kluctl.io/hook"):
        if isinstance(result := annotations.get(key), str) and result:
            return result
    return ""


def wave(workload: Workload) -> int:
    """The Argo CD sync wave, 0 where none is stated (R-F20)."""
    return _number(workload.resource, WAVE)


def _number(resource: Resource, key: str) -> int:
    stated = resource.annotations.get(key)
    return int(stated) if isinstance(stated, str) and re.fullmatch(r"[-+]?\d{1,9}", stated) else 0


def order(work: Work) -> dict[str, Value]:
    """The annotations by which a new account is there before the workload, and after its Namespace (R-F20)."""
    spaces = [visible.resource for view in work.views if view.namespace for visible in view.find("", "Namespace", view.namespace)]
    waves = min(wave(work.workload), max((0, *(_number(resource, WAVE) for resource in spaces))))
    weight = min(_number(work.workload.resource, WEIGHT), 0)
    return {key: str(number) for key, number in ((WAVE, waves), (WEIGHT, weight)) if number}


def kind_risks(workload: Workload) -> list[tuple[Risk, str]]:
    """What any change to the workload's pods risks, by what it is."""
    result = []
    if workload.rule.risk != "L0":
        result.append(
            (Risk[workload.rule.risk], f"a {workload.id.kind}" + (f": {workload.rule.one_shot}" if workload.rule.one_shot else ""))
        )
    spec = mapping(workload.resource.value, "spec")
    if spec.get("replicas") == 1 and "replicas" in spec:
        result.append((Risk.L3, "a single replica"))
    if at(spec, "strategy", "type") == "Recreate" or at(spec, "updateStrategy", "type") == "OnDelete":
        result.append((Risk.L3, "pods are not replaced one by one"))
    if workload.id.namespace == "kube-system":
        result.append((Risk.L3, "in kube-system, which the cluster's own parts share"))
    return result


def live_risks(work: Work) -> Iterator[tuple[Risk, str]]:
    """Why not to touch the account or the token of a workload that somebody has changed in the cluster, as dumps show: it rests on
    what the manifest does not say."""
    for view in work.views:
        account = built.account(work, view)
        for live in view.live(work.workload):
            if account not in ("", live.spec.account):
                yield Risk.L4, f"in the cluster it runs as {live.spec.account}"
            if live.spec.automount is True and work.workload.spec.automount is not True:
                yield Risk.L4, "in the cluster its automountServiceAccountToken is true"


def choose_name(work: Work, state: State) -> tuple[str, tuple[str, str] | None]:
    """The name for the workload's account, and (the name wanted, why it is taken) where another had to do."""
    workload = work.workload
    base = consul.service(work) or names.candidate(workload, work.settings.account_name)
    rivals = [
        candidate
        for view in work.views
        for candidate in view.claimants(base, work.settings.account_name)
        if (candidate.id, candidate.component) != (workload.id, workload.component)
    ]
    expected = names.with_kind(base, workload) if any(names.precedence(one) < names.precedence(workload) for one in rivals) else base
    reason = taken(work, state, expected)
    if reason is None:
        return expected, None
    for name in names.alternatives(expected):
        if taken(work, state, name) is None:
            return name, (expected, reason)
    raise AssertionError("a hundred names are taken")


def taken(work: Work, state: State, name: str) -> str | None:
    """Why the workload cannot have an account of that name (R-F10, R-F11), or None. What names it beside `default` gives
    it nothing more than it had: an interrupted run may have added it there."""
    own_id = work.workload.id
    for view in work.views:
        if names.is_reserved(name, view.namespace):
            return "a reserved name"
        bindings = [resource for layer in view.scope.near for kind in BINDINGS for resource in layer.by_kind.get(kind, [])]
        if view.scope.overlay and view.scope.overlay.has_user(name, bindings):
            return "a binding names a User of that name, which kustomize would rename with the account"
        if workload := next((user for user in view.users(name) if user.id != own_id), None):
            return f"{workload.id} runs as it"
    if other_id := next((owner for _, owner, _ in state.created(work, name) if owner != own_id), None):
        return f"it was made for {other_id}"
    if _is_in_some_builds(work, name):
        return "only some of the builds it is in have an account of that name"
    for view in work.views:
        accounts = view.account(name)
        is_ours = bool(accounts) and all(is_managed(work, visible.resource) for visible in accounts)
        if is_ours and (view.users(name) or all(_is_made_for(work, visible.resource) for visible in accounts)):
            continue
        if accounts and all(is_live(visible.resource.value) for visible in accounts):
            return "the cluster has an account of that name, and no manifest declares it"
        old = {one.binding.key for one in view.grants(DEFAULT_ACCOUNT)}
        if grant := next((one for one in view.grants(name) if not one.is_open and one.binding.key not in old), None):
            return f"{grant.binding.id} names it"
        beside = {identity.resource.key for identity, _ in view.identities(DEFAULT_ACCOUNT) if identity.name == DEFAULT_ACCOUNT}
        if named := next(
            (identity for identity, _ in view.identities(name) if identity.name == name and identity.resource.key not in beside), None
        ):
            return f"{named.resource.id} names it"
        if secret := next((visible.resource for visible in view.tokens_of(name)), None):
            return f"{secret.id} holds its token"
        if any(visible.match is Match.DOUBT for visible in accounts):
            return "an account of that name may be in the namespace"
        if any(_has_belongings(work, visible.resource) for visible in accounts):
            return "the account of that name has annotations or secrets of its own"
    return None


def _is_in_some_builds(work: Work, name: str) -> bool:
    """Whether one build of a base would lack the account, while another refuses to list it twice."""
    builds = [view for view in work.views if view.scope.overlay]
    return len({any(visible.match is Match.SAME for visible in view.account(name)) for view in builds}) > 1


def is_managed(work: Work, account: Resource) -> bool:
    """Whether the account is one that a run has made."""
    return account.annotations.get(f"{work.settings.prefix}/managed") == "true"


def purpose(workload: Workload) -> str:
    """What the account of a workload says of itself."""
    owner = f"{workload.id.kind} {workload.id.name}"
    return f"Made for {f'{workload.component} of {owner}' if workload.component else owner} alone, which ran as default."


def _is_made_for(work: Work, account: Resource) -> bool:
    """Whether an earlier run has made the account for this workload, which a rollback has taken off it (R-G23)."""
    return account.annotations.get(f"{work.settings.prefix}/reason") == purpose(work.workload)


def _has_belongings(work: Work, account: Resource) -> bool:
    foreign = [key for key in account.annotations if not key.startswith((*_HARMLESS, work.settings.prefix))]
    return bool(foreign or sequence(account.value, "secrets") or sequence(account.value, "imagePullSecrets"))


def is_defined(work: Work, state: State, name: str) -> bool:
    """Whether the workload's file needs no document for the account: it, or a build that lists it, holds one.

    An object that stands in several files of one folder scope has its account in each of them, since only one of
    the files may be applied; a kustomize build refuses the second, and a stream needs no second.
    """
    path, file_pattern = work.workload.resource.at.path, work.settings.account_file
    for view in work.views:
        accounts = (visible.resource for visible in view.account(name) if visible.match is Match.SAME)
        resources = [account for account in accounts if not is_live(account.value)]  # what the cluster has, a manifest must declare
        if view.scope.overlay:  # a file that the build does not list yet defines nothing in it
            resources = [account for account in resources if account.at.path in view.scope.paths or not is_managed(work, account)]
        if any(
            placing.is_beside(account, work.workload, file_pattern) or view.scope.overlay or not is_managed(work, account)
            for account in resources
        ):
            continue
        result = [placing.place(added) for seen_view, _, added in state.created(work, name) if seen_view is view]
        if any(other in (path, placing.account_file(work.workload, file_pattern)) or view.scope.overlay for other in result):
            continue
        return False
    return True
