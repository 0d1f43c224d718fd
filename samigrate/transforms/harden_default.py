"""Stop the `default` account of a namespace from mounting tokens, once nothing runs as it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from samigrate.base.values import Value
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, Finding, NewResource, Proposal, Severity
from samigrate.domain.running import is_live
from samigrate.facts import hardening, holders, starters
from samigrate.facts.state import State, Work
from samigrate.scope.view import View
from samigrate.transforms import Option, Phase, Transform, says_nothing

_OWN_ACCOUNT = "give it an account of its own first: recipe least-privilege; what starts pods names one in its configuration"


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    resource = work.workload.resource
    if (resource.id.group, resource.id.kind, resource.id.name) == ("", "ServiceAccount", DEFAULT_ACCOUNT):
        yield from _harden(work)
        return
    for view in work.views:
        if _speaks_for_namespace(work, view) and all(is_live(visible.resource.value) for visible in view.account(DEFAULT_ACCOUNT)):
            if options.get("create", False) and not _user(work, view):
                yield _create(work, view)
                return
            yield _not_here(work, view)


def _create(work: Work, view: View) -> Proposal | Finding:
    """The account's manifest, beside the workload that speaks for its namespace."""
    beside, overlay = work.workload.resource, view.scope.overlay
    if overlay and overlay.way.is_renamed(beside.at.path):
        message = f"default of {_space(view)} has no manifest here, and one would be renamed by the build of {overlay.build.folder or '.'}"
        return _finding(work, "default-not-here", message, "write it into a kustomization that renames nothing", Severity.WARNING)
    metadata: dict[str, Value] = {"name": DEFAULT_ACCOUNT}
    if beside.id.namespace is not None:
        metadata["namespace"] = beside.id.namespace
    reason = "The account of pods that name none, which mounts no token into them."
    metadata |= {"labels": {"app.kubernetes.io/managed-by": "samigrate"}, "annotations": {f"{work.settings.prefix}/reason": reason}}
    value: Value = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, AUTOMOUNT_FIELD: False}
    return Proposal(
        "default", (), (NewResource(value, beside.at, "nothing in the scope runs as it"),), tuple(hardening.risks(work, DEFAULT_ACCOUNT))
    )


def _finding(work: Work, id_: str, message: str, action: str, severity: Severity = Severity.NOTE) -> Finding:
    resource = work.workload.resource
    return Finding(id_, "R-G21", severity, message, action, resource.at, "", resource.id)


def _harden(work: Work) -> Iterator[Proposal | Finding]:
    account = work.workload.resource
    if account.value.get(AUTOMOUNT_FIELD) is False:
        return
    for view in work.views:
        if user := _user(work, view):
            message = f"default of {_space(view)} stays as it is: {user}"
            yield _finding(work, "default-in-use", message, _OWN_ACCOUNT)
            return
    edit = hardening.operation(account, "nothing in the scope runs as it")
    yield Proposal("automount", (edit,), (), tuple(hardening.risks(work, DEFAULT_ACCOUNT)))


def _user(work: Work, view: View) -> str:
    """What keeps the account in use in the view's namespace, or ""; a credential of a controller is no pod (R-D21)."""
    running = (f"{workload.id} runs as it" for workload in view.users(DEFAULT_ACCOUNT))
    present = (reason for reason in holders.of(view, DEFAULT_ACCOUNT) if reason.endswith("may run as it"))
    return next(chain(running, present, starters.of(view, DEFAULT_ACCOUNT, work.catalog)), "")


def _speaks_for_namespace(work: Work, view: View) -> bool:
    """Whether the object is the one of its namespace's workloads that comes first: one of them is enough to say it."""
    first = next((workload for workload in view.neighbours() if view.scope.namespace(workload.resource) == view.namespace), None)
    return first is not None and first.resource.key == work.workload.resource.key


def _not_here(work: Work, view: View) -> Finding:
    if user := _user(work, view):
        message = f"default of {_space(view)} has no manifest here, and {user}"
        return _finding(work, "default-in-use", message, _OWN_ACCOUNT)
    patch = f"'{{\"{AUTOMOUNT_FIELD}\": false}}'"
    command = f"kubectl patch serviceaccount default -n {view.namespace or 'NAMESPACE'} -p {patch}"
    message = f"default of {_space(view)} has no manifest here, so nothing of it can be changed; nothing in the scope runs as it"
    return _finding(work, "default-not-here", message, command, Severity.WARNING)


def _space(view: View) -> str:
    return view.namespace or "its namespace"


TRANSFORM = Transform(
    id="harden-default",
    phase=Phase.OBJECTS,
    summary="Stop the `default` account of a namespace from mounting tokens, once nothing runs as it.",
    why="A pod that names no account runs as `default`, today and in every manifest to come, and gets its token. With `false` on the "
    "account such a pod gets none unless it asks for one. While anything still runs as `default` the change would reach it at some later "
    "start, with no rollout to watch, so the account stays as it is until then.",
    rules=("R-A7", "R-A21", "R-G21"),
    touches=("ServiceAccount", "ServiceAccount.automountServiceAccountToken"),
    propose=propose,
    describe=says_nothing,
    apart=True,
    for_objects=True,
    options={"create": Option("The account gets a manifest where a namespace has none.", "It is changed only where it has a manifest.")},
    links=("https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",),
    example=(
        """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: default
imagePullSecrets:
- name: registry
""",
        "",
    ),
)
