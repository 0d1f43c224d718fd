"""Take away what earlier runs have left: subjects and generated accounts that nothing names any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import DEFAULT_ACCOUNT, TOKEN_SECRET_TYPE, Finding, Operation, Proposal, Risk, Severity
from samigrate.facts import holders, identity
from samigrate.facts.state import State, Work
from samigrate.scope.layer import BINDINGS
from samigrate.scope.matching import Match
from samigrate.scope.view import View
from samigrate.transforms import Phase, Transform, says_nothing

LATER = (Risk.L2, "takes away what an earlier run has left: old pods and revisions must be gone by now")


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    resource = work.workload.resource
    kind = resource.id.group, resource.id.kind
    if kind in BINDINGS:
        yield from _subjects(work, state)
    elif kind == ("", "ServiceAccount") and identity.is_managed(work, resource):
        yield from _account(work, state)
    elif kind == ("", "Secret") and text(resource.value, "type") == TOKEN_SECRET_TYPE:
        yield from _secret(work)


# ---------------------------------------------------------------- subjects


def _subjects(work: Work, state: State) -> Iterator[Proposal | Finding]:
    """Subjects that name an account of ours which nothing runs as, and `default` once its workloads have left it."""
    binding = work.workload.resource
    entries = sequence(state.value(binding), "subjects")
    gone: list[int] = []
    risks: list[tuple[Risk, str]] = []
    for index, entry in enumerate(entries):
        name = text(entry, "name")
        if text(entry, "kind") != "ServiceAccount" or not name:
            continue
        homes = [view.moved_to(_namespace(entry, view, work)) for view in work.views]
        if name == DEFAULT_ACCOUNT:
            if not _is_beside_ours(work, entries, entry):
                continue
            holder = next((found for home in homes for found in holders.of(home, name)), "")
            if holder:
                message = f"default of {homes[0].namespace or 'its namespace'} stays a subject: {holder}"
                yield work.finding("subject-in-use", "R-D33", message, "none needed until that has changed", where=f"/subjects/{index}")
                continue
            risks += _default_risks(work, homes)
        elif not all(_is_abandoned(work, home, name) for home in homes):
            continue
        gone.append(index)
    if gone:
        yield from _removal(work, entries, gone, risks)


def _namespace(entry: Value, view: View, work: Work) -> str | None:
    """Where the subject's account lives; a RoleBinding's own namespace where it states none (R-D3)."""
    binding = work.workload.resource
    override = view.scope.overrides.get(binding.at.path)
    if override and text(entry, "name") == DEFAULT_ACCOUNT:
        return override
    return text(entry, "namespace") or (view.scope.namespace(binding) if binding.id.kind == "RoleBinding" else None)


def _is_beside_ours(work: Work, entries: list[Value], entry: Value) -> bool:
    """Whether a run has added one of its accounts beside the subject: only then is the subject one that we kept."""
    for view in work.views:
        home = view.moved_to(_namespace(entry, view, work))
        names = [name for one in entries if text(one, "kind") == "ServiceAccount" and (name := text(one, "name"))]
        accounts = [visible for name in names for visible in home.account(name) if identity.is_managed(work, visible.resource)]
        if not any(visible.match is Match.SAME for visible in accounts):
            return False
    return True


def _is_abandoned(work: Work, home: View, name: str) -> bool:
    """Whether the name is that of an account of ours which nothing in the scope names but bindings."""
    accounts = home.account(name)
    ours = bool(accounts) and all(visible.match is Match.SAME and identity.is_managed(work, visible.resource) for visible in accounts)
    return ours and not any(True for _ in holders.of(home, name))


def _default_risks(work: Work, homes: list[View]) -> Iterator[tuple[Risk, str]]:
    """What runs as `default` outside the input loses its rights (R-D33)."""
    yield Risk.L3, "default loses a grant that its workloads took with them"
    if not work.settings.assume_complete_input:
        yield (
            Risk.L4,
            "something outside the input may run as default; assume-complete-input: true in samigrate.yaml says that nothing does",
        )
    elif unseen := next((resource for home in homes for resource in holders.unseen(home)), None):
        yield Risk.L4, f"{unseen.id} may run something as default"


def _removal(work: Work, entries: list[Value], gone: list[int], risks: list[tuple[Risk, str]]) -> Iterator[Proposal | Finding]:
    location = work.workload.resource.at
    names = ", ".join(dict.fromkeys(str(text(entries[index], "name")) for index in gone))
    reason = f"nothing in the scope runs as {names} any more"
    if len(gone) == len(entries):
        operations = [Operation(location, "remove", "/subjects", None, entries, (), reason)]
        yield work.finding("empty-binding", "R-G21", "names nobody any more", "delete it if nobody is to be added")
    else:
        operations = [Operation(location, "remove", f"/subjects/{index}", None, entries[index], (), reason) for index in reversed(gone)]
    yield Proposal("subjects", tuple(operations), (), (LATER, *risks))


# ---------------------------------------------------------------- accounts and Secrets


def _account(work: Work, state: State) -> Iterator[Proposal | Finding]:
    """A generated account, once neither a workload nor a binding nor anything else names it."""
    account = work.workload.resource
    for view in work.views:
        if any(True for _ in holders.of(view, account.id.name)):
            return
        for grant in view.grants(account.id.name):
            subjects = sequence(state.value(grant.binding), "subjects")
            if any(text(one, "name") == account.id.name for one in subjects) or grant.via != "account":
                message = f"nothing runs as it any more, but {grant.binding.id} ({grant.binding.at.path}) still names it"
                yield work.finding("account-still-bound", "R-G21", message, "take the subject out, and run clean-up again")
                return
    reason = "an account of ours that nothing names any more"
    operation = Operation(account.at, "remove", "", None, account.value, (), reason)
    yield Proposal("account", (operation,), (), (LATER,))


def _secret(work: Work) -> Iterator[Finding]:
    """Token Secrets are only listed: others than pods may read them (R-B10)."""
    secret = work.workload.resource
    name = secret.id.name
    if any(holders.names_secret(view, secret) for view in work.views):
        return
    owner = mapping(secret.value, "metadata", "annotations").get("kubernetes.io/service-account.name")
    space = f" -n {work.views[0].namespace}" if work.views[0].namespace else ""
    message = f"a token of {owner} that never expires, and nothing in the scope names the Secret"
    action = f"if nothing outside reads it either: kubectl delete secret {name}{space}, and take it out of the manifests"
    yield work.finding("unused-token-secret", "R-B10", message, action, Severity.WARNING)


TRANSFORM = Transform(
    id="clean-up",
    phase=Phase.OBJECTS,
    summary="Take away what earlier runs have left: subjects and generated accounts that nothing names any more.",
    why="A migration adds and keeps: as long as an old revision may come back, `default` must keep its grants, and a rollback must find "
    "the account it leaves. Once the new state has proven itself, what was kept is only a way in. Nothing goes that a workload, a "
    "reference, an identity string or a token Secret in the scope still names; `default` loses a grant only where one of ours stands "
    "beside it.",
    rules=("R-B10", "R-D21", "R-D33", "R-G3", "R-G21"),
    touches=("RoleBinding.subjects", "ClusterRoleBinding.subjects", "ServiceAccount"),
    propose=propose,
    describe=says_nothing,
    apart=True,
    for_objects=True,
    links=("https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects",),
    example=(
        """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  annotations:
    samigrate.dev/managed: "true"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: readers
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- kind: ServiceAccount
  name: web
- kind: ServiceAccount
  name: batch
""",
        "",
    ),
)
