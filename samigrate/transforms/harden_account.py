"""Stop a named account from mounting tokens, once each of its pods says for itself whether it gets one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, Finding, Proposal, Severity, Workload
from samigrate.facts import hardening, holders, starters
from samigrate.facts.state import State, Work
from samigrate.scope.view import View
from samigrate.transforms import Phase, Transform, says_nothing

_SHOWN = 3


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    account = work.workload.resource
    if account.id[:2] != ("", "ServiceAccount") or account.id.name == DEFAULT_ACCOUNT or state.value(account).get(AUTOMOUNT_FIELD) is False:
        return
    users = [user for view in work.views for user in view.users(account.id.name)]
    if reason := next((reason for view in work.views for reason in _held(work, state, view)), "") or ("" if users else _UNKNOWN):
        message = f"account {account.id.name} stays as it is: {reason}"
        action = "write automountServiceAccountToken into each pod that runs as it, then run again"
        yield Finding("account-in-use", "R-A21", Severity.NOTE, message, action, account.at, "", account.id)
        return
    yield _consumers(work, users)
    edit = hardening.operation(account, "each of its pods says for itself")
    yield Proposal("automount", (edit,), (), tuple(hardening.risks(work, account.id.name)))


_UNKNOWN = "nothing in the input runs as it, so who does is not known"


def _held(work: Work, state: State, view: View) -> Iterator[str]:
    """What would lose a token at its next start, or may."""
    name = work.workload.resource.id.name
    planned = ((user, state.spec(user)) for user in view.users(name))
    yield from (f"{user.id} rests on it" for user, spec in planned if spec.automount is None and spec.account == name)
    yield from (reason for reason in holders.of(view, name) if reason.endswith("may run as it"))
    yield from starters.of(view, name, work.catalog)


def _consumers(work: Work, users: list[Workload]) -> Finding:
    """Every consumer is told (R-A21): the change reaches each pod at its next start, with no rollout to watch."""
    names = list(dict.fromkeys(str(user.id) for user in users))
    suffix = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    account = work.workload.resource
    subject = f"{', '.join(names[:_SHOWN])}{suffix} {'says for itself' if len(names) == 1 else 'say for themselves'}"
    message = f"account {account.id.name} mounts no token any more; {subject} what to mount"
    action = "none needed; a pod that something else starts as this account must ask for its token"
    return Finding("account-hardened", "R-A21", Severity.NOTE, message, action, account.at, "", account.id)


TRANSFORM = Transform(
    id="harden-account",
    phase=Phase.OBJECTS,
    summary="Stop a named account from mounting tokens, once each of its pods says for itself whether it gets one.",
    why="A pod that somebody adds later and that says nothing gets the account's rights with its token. With `false` on the account "
    "it gets none unless it asks for one. The change reaches a pod at its next start, with no rollout to watch: so it is made only on "
    "request, and only where every pod of the input that runs as the account has an explicit value.",
    rules=("R-A7", "R-A21"),
    touches=("ServiceAccount.automountServiceAccountToken",),
    propose=propose,
    describe=says_nothing,
    for_objects=True,
    links=("https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",),
    example=(
        """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      containers:
      - name: web
        image: nginx:1.29
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
""",
        "",
    ),
)
