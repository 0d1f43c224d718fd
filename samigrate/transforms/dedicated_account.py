"""Give a workload that runs as `default` an account of its own, with the rights it had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain import account_names as names
from samigrate.domain.model import (
    DEFAULT_ACCOUNT,
    INJECTED_VOLUME,
    About,
    Finding,
    Key,
    Level,
    Operation,
    Proposal,
    Resource,
    Risk,
    Severity,
    Sign,
    Strength,
)
from samigrate.domain.tokens import api_tokens
from samigrate.facts import identity, outside, pod_fields, policies, pull_secrets, rights
from samigrate.facts.state import State, Work, subject_name
from samigrate.scope import references
from samigrate.scope.index import Grant
from samigrate.scope.matching import Match
from samigrate.scope.references import Reference
from samigrate.scope.view import View
from samigrate.transforms import Option, Part, Phase, Sentence, Topic, Transform
from samigrate.transforms._new_account import CLOUD, new_account
from samigrate.transforms._sentences import runs_without_token

_TOOLS = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/", "kustomize.config.k8s.io/", "config.kubernetes.io/")
_DOUBTS = {
    False: ("a namespace is not stated", "state the namespace, or pass --namespace"),
    True: ("it may be for another environment", "say in samigrate.yaml what is applied together (scopes:)"),
}
"""Why a grant is in doubt and the way out, by whether it stands in another scope."""
ENFORCE = "kubernetes.io/enforce-mountable-secrets"


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload = work.workload
    spec = state.spec(workload)
    if spec.account != DEFAULT_ACCOUNT:
        return
    if work.verdict.level is Level.UNKNOWN and work.settings.unknown == "leave":
        return
    if hook := identity.hook(workload):
        yield work.finding(
            "hook-keeps-account",
            "R-F15",
            f"a {hook} hook keeps the account it has",
            "give the hook an account of its own that is a hook, too",
        )
        return
    if reason := _obstacle(work):
        yield reason
        return
    name, used = identity.choose_name(work, state)
    if used:
        yield work.finding("account-name-taken", "R-F10", f"{used[0]} is taken ({used[1]}), so the account is named {name}", "none needed")
    touched = [
        reference
        for view in work.views
        for reference in references.mentions(view, workload, DEFAULT_ACCOUNT, name)
        if references.is_touched(reference)
    ]
    yield from _findings(work, touched)
    risks = [
        *_risks(work, touched),
        *outside.risks(work),
        *policies.risks(work),
        *identity.kind_risks(workload),
        *identity.live_risks(work),
    ]
    named = pod_fields.set_account(work, spec.value, name, "an account of its own instead of default")
    operations = [named, *pod_fields.drop_alias(work, spec.value, "the deprecated alias would name another account")]
    added = list(_subjects(work, state, name))
    operations += added
    if added:
        risks.append((Risk.L3, "a binding gains a subject"))
    operations += _additions(state, touched, name)
    resources = () if identity.is_defined(work, state, name) else (new_account(work, name, options),)
    yield Proposal("identity", tuple(operations), resources, tuple(risks))


# ---------------------------------------------------------------- what stands in the way


def _obstacle(work: Work) -> Finding | None:
    """Why the workload must keep its account, or None."""
    if not names.candidate(work.workload, work.settings.account_name):
        message = "keeps the account: nothing of its name can stand in an account's name"
        return work.finding("no-account-name", "R-F8", message, "rename it, or set account-name: in samigrate.yaml", Severity.WARNING)
    for view in work.views:
        if unread := next(iter(view.unread(DEFAULT_ACCOUNT)), None):
            message = f"keeps the account: {unread.at.path} cannot be read, and may name it ({unread.reason})"
            return work.finding("unread-may-name-account", "R-D2", message, "mend the file, and run again", Severity.WARNING)
        for grant in rights.used(work, view):
            grantor = f"{grant.binding.id} ({grant.binding.at.path})"
            if grant.is_far and view.scope.elsewhere.is_shared(grant.binding.at.path):
                message = f"keeps the account: {grantor} names it, and more than one build has that binding"
                return work.finding("binding-elsewhere", "R-D3", message, "add the new account there by hand first", Severity.WARNING)
            if grant.match is Match.DOUBT:
                reason, way_out = _DOUBTS[grant.is_far]
                message = f"keeps the account: {grantor} may name it, but {reason}"
                return work.finding("namespace-in-doubt", "R-D2", message, way_out, Severity.WARNING)
            if grant.is_far:
                continue  # its subject gets the namespace that the build sets
            if grant.binding.id.kind == "ClusterRoleBinding" and work.workload.id.namespace is None:
                message = f"keeps the account: {grantor} needs a namespace for the new subject and the manifest states none"
                return work.finding("namespace-not-stated", "R-D3", message, "state metadata.namespace", Severity.WARNING)
            if work.workload.id.namespace is None and view.scope.namespace(grant.binding) != view.namespace:
                message = f"keeps the account: {grantor} stands in another namespace and the manifest states none"
                return work.finding("namespace-not-stated", "R-D3", message, "state metadata.namespace", Severity.WARNING)
    if (right := rights.unexplained(work)) is not None:
        message = f"keeps the account: {right.binding.id} ({right.binding.at.path}) gives default a right that may be used here"
        action = "declare its use of the API (samigrate.dev/api-access), or name in the binding the account that needs it"
        return work.finding("right-of-default", "R-E9", message, action, Severity.WARNING)
    return None


def _findings(work: Work, touched: Sequence[Reference]) -> Iterator[Finding]:
    """What people should know before the account changes."""
    for reference in touched:
        action = reference.row.why or "none needed where the move is made: the new account is added"
        yield work.finding(
            "identity-string", reference.row.rule, f"{references.describe(reference)} names the account it leaves", action, Severity.WARNING
        )
    for view in work.views:
        for visible in view.account(DEFAULT_ACCOUNT):
            for key in mapping(visible.resource.value, "metadata", "annotations"):
                if not key.startswith((*_TOOLS, *CLOUD, work.settings.prefix)):
                    yield work.finding(
                        "account-annotation",
                        "R-D10",
                        f"the annotation {key} of {visible.resource.id} is not copied",
                        "copy it if it matters",
                    )
    if any(
        text(each, "valueFrom", "fieldRef", "fieldPath") == "spec.serviceAccountName"
        for c in work.workload.spec.containers()
        for each in sequence(c.value, "env")
    ):
        yield work.finding("downward-account", "R-D28", "reads its account's name through the downward API", "check what it does with it")
    if _has_unseen_rights(work):
        message = (
            "seems to use the API as default, and nothing in the input gives default a right: what does so elsewhere names default alone"
        )
        action = "ask the cluster (kubectl get rolebindings,clusterrolebindings -A -o wide) or read its bindings with --context"
        yield work.finding("unseen-rights", "R-D35", message, action, Severity.WARNING)
    yield from pull_secrets.findings(work, "the new account")


def _risks(work: Work, touched: Sequence[Reference]) -> Iterator[tuple[Risk, str]]:
    yield Risk.L2, "leaves the default account"
    if any((text(volume, "name") or "").startswith(INJECTED_VOLUME) for _, volume in work.workload.spec.volumes()):
        yield Risk.L3, "an exported token volume"
    if identity.wave(work.workload) < 0:
        yield Risk.L4, "a negative sync wave"
    for evidence in work.verdict.evidence:
        if evidence.sign is Sign.SIDECAR:
            yield Risk.L4, f"{evidence.detail}, R-E11"
    for reference in touched:
        yield Risk.L4, f"{reference.identity.resource.id} names the account"
    for view in work.views:
        for visible in view.account(DEFAULT_ACCOUNT):
            for key, value in mapping(visible.resource.value, "metadata", "annotations").items():
                if key.startswith(CLOUD):
                    yield Risk.L4, f"a cloud identity rests on the account ({key})"
                if key == ENFORCE and str(value) in ("1", "t", "T", "TRUE", "true", "True"):
                    yield Risk.L5, f"{visible.resource.id} enforces mountable secrets"
        for pointer in _patches_of_the_old(view):
            yield Risk.L4, f"{pointer} patches the account it leaves: what the patch gives stays behind"
    if mapping(work.workload.metadata, "labels").get("azure.workload.identity/use") == "true":
        yield Risk.L4, "uses Azure workload identity"
    if pull_secrets.are_unseen(work):
        yield Risk.L3, "unseen pull secrets"
    if _has_unseen_rights(work):
        yield Risk.L4, "seems to use the API, and no right of default is in the input"


def _patches_of_the_old(view: View) -> list[str]:
    """The files of the build's patches that say more of `default` than what others copy from it: a cloud's role, say."""
    overlay, old = view.scope.overlay, view.account(DEFAULT_ACCOUNT)
    if overlay is None:
        return []
    patches = [patch for visible in old for patch, _ in overlay.patches_of(visible.resource)]
    return list(dict.fromkeys(patch.path or patch.at.path for patch in patches))


# ---------------------------------------------------------------- the change


def _subjects(work: Work, state: State, name: str) -> Iterator[Operation]:
    """The rights of `default`, added for the new account (R-D32)."""
    resources: dict[Key, tuple[Resource, list[dict[str, Value]]]] = {}
    for view in work.views:
        for grant in rights.passed_on(work, view):
            entries = resources.setdefault(grant.binding.key, (grant.binding, []))[1]
            subject = _subject(work, view, grant, name)
            if subject not in entries:
                entries.append(subject)
    for binding, entries in resources.values():
        present = state.subjects(binding)
        missing = [subject for subject in entries if subject_name(subject) not in present]
        if not missing:
            continue
        reason = f"{work.workload.id.name} keeps the rights it had as {DEFAULT_ACCOUNT}"
        if isinstance(state.value(binding).get("subjects"), list):
            yield from (Operation(binding.at, "add", "/subjects/-", subject, None, (), reason) for subject in missing)
        else:
            yield Operation(binding.at, "add", "/subjects", missing, None, (), reason)


def _subject(work: Work, view: View, grant: Grant, name: str) -> dict[str, Value]:
    """The new account as a binding names it: in another scope by what its own build makes of it."""
    namespace = work.workload.id.namespace
    if grant.is_far:
        namespace, name = view.namespace, view.scope.name_beside(name, work.workload.resource)
    return {"kind": "ServiceAccount", "name": name, **({} if namespace is None else {"namespace": namespace})}


def _additions(state: State, touched: Sequence[Reference], name: str) -> Iterator[Operation]:
    """The new account beside the old one where a list names it (the ADD rows of D.2)."""
    completed = set()
    for reference in touched:
        if reference.row.action == "add" and reference.match is Match.SAME:
            operation = references.addition(reference, DEFAULT_ACCOUNT, name, state.value(reference.identity.resource))
            if operation is not None and (operation.target, operation.pointer) not in completed:
                completed.add((operation.target, operation.pointer))
                yield operation


def _has_unseen_rights(work: Work) -> bool:
    """Whether the workload seems to use rights that the input does not show: they would stay behind with `default`."""
    uses = any(
        evidence.strength in (Strength.PROOF, Strength.STRONG) and evidence.sign is not Sign.SIDECAR for evidence in work.verdict.evidence
    )
    uses = uses and any(token.audience is None for token in work.tokens)
    return uses and not work.settings.assume_complete_input and not any(view.grants(DEFAULT_ACCOUNT) for view in work.views)


def describe(work: Work, state: State, proposals: Sequence[Proposal]) -> Iterator[Sentence]:
    before, after, level = work.workload.spec, state.spec(work.workload), work.verdict.level
    if lost := list(runs_without_token(work, state)):
        yield from lost
    elif after.account == before.account:
        return
    elif not api_tokens(state.tokens(work)) or level in (Level.NONE, Level.UNKNOWN):
        yield Sentence(Topic.ACCOUNT, f"Runs as its own account {after.account} instead of {before.account}.")
    else:
        use = "Declares its use of" if level is Level.REQUIRED else "Probably uses"
        text = f"{use} the Kubernetes API, so it runs as its own account {after.account} and keeps its token."
        yield Sentence(Topic.ACCOUNT, text)


TRANSFORM = Transform(
    id="dedicated-account",
    phase=Phase.ACCOUNT,
    summary="Give a workload that runs as `default` an account of its own, with the rights it had.",
    why="Every pod of a namespace that names no account shares `default`: what one of them may do, all may do, and nothing can be "
    "granted, audited or revoked for one alone. The new account gets what `default` gave the workload: its pull secrets, and a subject "
    "beside `default` in every binding that names it.",
    rules=("R-A2", "R-D1", "R-D3", "R-D4", "R-D5", "R-D6", "R-D32", "R-D35", "R-F7", "R-F8", "R-F9", "R-F10", "R-F11", "R-F12", "R-G1"),
    touches=(
        "pod.serviceAccountName",
        "pod.serviceAccount",
        "pod.automountServiceAccountToken",
        "ServiceAccount",
        "RoleBinding.subjects",
        "ClusterRoleBinding.subjects",
    ),
    propose=propose,
    describe=describe,
    parts={"identity": Part(About.ACCOUNT)},
    is_default=True,
    options={
        "automount": Option(
            "The account says `automountServiceAccountToken: false`, too, where the pod has a value of its own.",
            "The account says nothing of tokens: they stay where they are.",
        )
    },
    links=("https://kubernetes.io/docs/concepts/security/service-accounts/#assign-to-pod",),
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
      containers:
      - name: web
        image: nginx:1.29
""",
        "",
    ),
)
