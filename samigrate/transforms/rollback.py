"""Take a workload back to the account and the automount value that it had before it was migrated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, mapping, pointer, resolve
from samigrate.domain.model import ACCOUNT_FIELD, AUTOMOUNT_FIELD, Finding, Operation, PodSpec, Proposal, Risk, Severity
from samigrate.domain.record import PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT
from samigrate.domain.tokens import is_mounted
from samigrate.facts import identity, pod_fields, policies
from samigrate.facts.state import State, Work, stated_automount
from samigrate.scope.matching import Match
from samigrate.transforms import Phase, Transform, says_nothing

RULE = "R-G23"
OURS = ("reason", "evidence", PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT)
_STATED: Mapping[str, bool | None] = {"true": True, "false": False, "unset": None}


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload, prefix = work.workload, work.settings.prefix
    record = {name: value for name in OURS if (value := workload.resource.annotations.get(f"{prefix}/{name}")) is not None}
    if not record:
        return
    if reason := _obstacle(work, state, record):
        message = f"stays as it is: {reason}"
        action = "write its serviceAccountName and automountServiceAccountToken by hand, both explicitly"
        yield work.finding("cannot-roll-back", RULE, message, action, Severity.WARNING)
        return
    spec = state.spec(workload)
    yield from _notes(work, spec, record)
    operations = [*_account(work, spec, record), *_automount(work, spec, record), *_annotations(work, record)]
    yield Proposal("rollback", tuple(operations), (), tuple(_risks(work, spec, record)))


def _obstacle(work: Work, state: State, record: Mapping[str, Value]) -> str:
    """Why what is recorded cannot be brought back whole, or ""."""
    if not record.keys() & {PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT}:
        return "what changed were its tokens' volumes, and the annotations do not hold what they were; the repository's history does"
    if work.workload.component:
        return "its pod templates share one record, which does not say which of them it is about"
    if record.get(PREVIOUS_AUTOMOUNT, "unset") not in _STATED:
        return f"the annotation {PREVIOUS_AUTOMOUNT} says {record[PREVIOUS_AUTOMOUNT]!r}"
    if PREVIOUS_ACCOUNT in record and not (isinstance(record[PREVIOUS_ACCOUNT], str) and record[PREVIOUS_ACCOUNT]):
        return f"the annotation {PREVIOUS_ACCOUNT} names no account"
    account = state.spec(work.workload).account
    if PREVIOUS_ACCOUNT in record and account != record[PREVIOUS_ACCOUNT] and not _is_generated(work, account):
        return f"it runs as {account}, which is not an account that was made for it here"
    return _loss(
        work,
        account,
        str(record.get(PREVIOUS_ACCOUNT, account)),
        _STATED[record[PREVIOUS_AUTOMOUNT]] if PREVIOUS_AUTOMOUNT in record else work.workload.spec.automount,
    )


def _loss(work: Work, account: str, previous: str, automount: bool | None) -> str:
    """What the workload would lose because a later run has taken it from its old account, or ""."""
    for view in work.views:
        present = {(grant.binding.key, grant.via) for grant in view.grants(previous)}
        if missing := next((grant for grant in view.grants(account) if (grant.binding.key, grant.via) not in present), None):
            return f"{missing.binding.id} names {account} and not {previous} any more: add {previous} to it first"
    if work.is_mounted and not is_mounted(automount, stated_automount(work.views, previous)):
        return f"{previous} mounts no token any more: take {AUTOMOUNT_FIELD} out of it first"
    return ""


def _is_generated(work: Work, account: str) -> bool:
    """Whether every scope holds that account as one that a run has made: any other may be what the token is for (R-B11)."""
    for view in work.views:
        all_visible = view.account(account)
        if not any(visible.match is Match.SAME for visible in all_visible) or not all(
            identity.is_managed(work, visible.resource) for visible in all_visible
        ):
            return False
    return True


def _notes(work: Work, spec: PodSpec, record: Mapping[str, Value]) -> Iterator[Finding]:
    if PREVIOUS_ACCOUNT in record and spec.account != record[PREVIOUS_ACCOUNT]:
        message = f"the account {spec.account} and its grants stay: running pods and old revisions still name it"
        yield work.finding("account-kept", RULE, message, "run the recipe clean-up once nothing runs as it any more")


def _account(work: Work, spec: PodSpec, record: Mapping[str, Value]) -> Iterator[Operation]:
    """The previous account by name, `default` too: leaving the key out would leave the live object as it is (R-A5)."""
    if PREVIOUS_ACCOUNT not in record:
        return
    if spec.value.get(ACCOUNT_FIELD) != record[PREVIOUS_ACCOUNT]:
        yield pod_fields.set_account(work, spec.value, str(record[PREVIOUS_ACCOUNT]), "the account it had before")
    yield from pod_fields.drop_alias(work, spec.value)


def _automount(work: Work, spec: PodSpec, record: Mapping[str, Value]) -> Iterator[Operation]:
    if PREVIOUS_AUTOMOUNT not in record:
        return
    is_wanted = _STATED[record[PREVIOUS_AUTOMOUNT]]
    if is_wanted is None and AUTOMOUNT_FIELD in spec.value:
        pointer, reason = f"{work.workload.pod}/{AUTOMOUNT_FIELD}", "it said nothing before"
        yield Operation(work.workload.resource.at, "remove", pointer, None, spec.value[AUTOMOUNT_FIELD], (), reason)
    elif is_wanted is not None and spec.value.get(AUTOMOUNT_FIELD) is not is_wanted:
        yield pod_fields.set_automount(work, spec.value, is_wanted, "what it said before")


def _annotations(work: Work, record: Mapping[str, Value]) -> Iterator[Operation]:
    """Without its record the workload is as if no run had ever seen it."""
    location, prefix, reason = work.workload.resource.at, work.settings.prefix, "speaks of a change that is taken back"
    present = mapping(resolve(work.workload.resource.value, "/metadata"), "annotations")
    if len(present) == len(record):
        yield Operation(location, "remove", "/metadata/annotations", None, present, (), reason)
        return
    for name in record:
        yield Operation(location, "remove", "/metadata" + pointer("annotations", f"{prefix}/{name}"), None, record[name], (), reason)


def _risks(work: Work, spec: PodSpec, record: Mapping[str, Value]) -> Iterator[tuple[Risk, str]]:
    yield Risk.L1, "takes back what an earlier run has done"
    if spec.account != record.get(PREVIOUS_ACCOUNT, spec.account):
        yield from policies.risks(work)
    yield from identity.kind_risks(work.workload)


TRANSFORM = Transform(
    id="rollback",
    phase=Phase.PODS,
    summary="Take a workload back to the account and the automount value that it had before it was migrated.",
    why="`git revert` is no rollback. It deletes `serviceAccountName`, the API server keeps the name that its deprecated alias still "
    "holds, and where the account is pruned in the same sync no pod starts any more. So the previous account is written by name, and "
    "the account that was made stays, with its grants, until nothing names it. What is restored is what the annotations have "
    "recorded, and no more.",
    rules=("R-A5", "R-G3", "R-G23"),
    touches=("pod.serviceAccountName", "pod.serviceAccount", "pod.automountServiceAccountToken", "metadata.annotations"),
    propose=propose,
    describe=says_nothing,
    apart=True,
    restores=True,
    links=("https://github.com/kubernetes/kubernetes/issues/108208",),
    example=(
        """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  annotations:
    samigrate.dev/managed: "true"
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    samigrate.dev/previous-service-account: default
    samigrate.dev/previous-automount: unset
spec:
  serviceAccountName: web
  automountServiceAccountToken: false
  containers:
  - name: web
    image: nginx:1.29
""",
        "",
    ),
)
