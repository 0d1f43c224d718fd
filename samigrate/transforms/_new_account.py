"""The account that a workload gets for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, Automount, Level, NewResource, Resource
from samigrate.facts import identity, pull_secrets
from samigrate.facts.state import Work
from samigrate.scope.index import Visible
from samigrate.scope.matching import Match
from samigrate.scope.view import View

LABELS = ("name", "instance", "component", "part-of")
CLOUD = ("eks.amazonaws.com/", "iam.gke.io/", "azure.workload.identity/")


def new_account(work: Work, name: str, options: Mapping[str, Value]) -> NewResource:
    """The account, to stand before the workload, with what `default` gave it besides rights."""
    workload = work.workload
    metadata: dict[str, Value] = {"name": name}
    if workload.id.namespace is not None:
        metadata["namespace"] = workload.id.namespace
    metadata["labels"] = _labels(workload.resource)
    metadata["annotations"] = {
        f"{work.settings.prefix}/managed": "true",
        f"{work.settings.prefix}/reason": identity.purpose(workload),
        **_copied(work),
        **identity.order(work),
    }
    if text(workload.resource.value, "metadata", "annotations", "helm.sh/resource-policy") == "keep":
        metadata["annotations"]["helm.sh/resource-policy"] = "keep"
    value: dict[str, Value] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    for key, entries in (("imagePullSecrets", _pull_secrets(work)), ("secrets", _secrets(work))):
        if entries:
            value[key] = entries
    keeps_none = work.account_automount is False and workload.spec.automount is None  # what default said goes on
    if keeps_none or (options.get("automount", False) and _writes_pod_value(work)):
        value[AUTOMOUNT_FIELD] = False
    return NewResource(value, workload.resource.at, f"an account for {workload.id.name} alone")


def _writes_pod_value(work: Work) -> bool:
    """Whether `automount` will write the pod's own value; an account says false only beside one (R-F12)."""
    rule = work.workload.rule
    if rule.never_false or work.is_ignored("automount"):
        return False
    is_unused = work.is_unused
    if rule.automount is Automount.FALSE_ONLY:
        return is_unused
    return rule.automount is Automount.BOOL and (is_unused or work.verdict.level is not Level.UNKNOWN)


def _labels(resource: Resource) -> dict[str, str]:
    found = {key: value for part in LABELS if isinstance(value := resource.labels.get(key := f"app.kubernetes.io/{part}"), str)}
    manager = resource.labels.get("app.kubernetes.io/managed-by")
    return {**found, "app.kubernetes.io/managed-by": manager if isinstance(manager, str) else "samigrate"}


def _old_accounts(work: Work) -> Iterator[tuple[View, Visible]]:
    for view in work.views:
        for visible in view.account(DEFAULT_ACCOUNT):
            if visible.match is Match.SAME:
                yield view, visible


def _copied(work: Work) -> dict[str, Value]:
    """Cloud identity annotations of the old account (R-D6, D8, D9)."""
    return {
        key: value
        for _, visible in _old_accounts(work)
        for key, value in mapping(visible.resource.value, "metadata", "annotations").items()
        if key.startswith(CLOUD)
    }


def _pull_secrets(work: Work) -> list[dict[str, Value]]:
    """What the old account gives a pod whose own list is empty (R-A15, R-D4)."""
    if sequence(work.workload.spec.value, "imagePullSecrets"):
        return []
    result = [
        name
        for _, visible in _old_accounts(work)
        for entry in sequence(visible.resource.value, "imagePullSecrets")
        if (name := text(entry, "name"))
    ]
    if not any(True for _ in _old_accounts(work)):
        result += pull_secrets.declared(work) or ()
    return [{"name": name} for name in dict.fromkeys(result) if "-dockercfg-" not in name]


def _secrets(work: Work) -> list[dict[str, Value]]:
    """Secrets that others read from the account (R-D5), but for tokens and registry logins."""
    result = [
        entry
        for view, visible in _old_accounts(work)
        for entry in sequence(visible.resource.value, "secrets")
        if (name := text(entry, "name")) and "-dockercfg-" not in name and view.token_owner(name) is None
    ]
    return list(result)
