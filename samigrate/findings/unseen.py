"""What the input cannot show, said once for each scope, with the commands that show it (R-D35)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from samigrate.base.values import mapping, sequence, text
from samigrate.domain.model import Finding, Location, Resource, Severity
from samigrate.domain.running import is_live
from samigrate.facts import built
from samigrate.kinds.brought import source
from samigrate.scope.layer import BINDINGS

if TYPE_CHECKING:
    from samigrate.facts.state import Work
    from samigrate.scope.view import View

STANDING = "unseen-grants"
"""The finding that stands in every report: there is nothing in it to be mended."""
CLOUDS = {
    "eks.amazonaws.com/": "aws iam get-role --role-name ROLE (its trust policy names the account)",
    "iam.gke.io/": "gcloud iam service-accounts get-iam-policy ACCOUNT",
    "azure.workload.identity/": "az identity federated-credential list --identity-name NAME --resource-group GROUP",
}
VAULT = "vault.hashicorp.com/"


def of(works: Sequence[Work], resources: Iterable[Resource]) -> Iterator[Finding]:
    """One finding for each kind of source, and one for each scope with workloads about what grants rights unseen."""
    yield from _sources(sources(works, resources))
    scopes: dict[str, list[Work]] = {}
    for work in works:
        for view in work.views:
            scopes.setdefault(view.scope.name, []).append(work)
    for scope, present in sorted(scopes.items()):
        yield from _grants(scope, present)


def sources(works: Sequence[Work], resources: Iterable[Resource]) -> list[Resource]:
    """The objects that bring others which are not in the input."""
    overlays = (view.scope.overlay for work in works for view in work.views)
    visited = {member.at for overlay in overlays if overlay for member in overlay.build.members if not member.is_file}
    return [resource for resource in resources if source(resource) and resource.at not in visited]


def _sources(resources: Sequence[Resource]) -> Iterator[Finding]:
    by_advice: dict[str, list[Resource]] = {}
    for resource in resources:
        by_advice.setdefault(source(resource), []).append(resource)
    for advice, result in by_advice.items():
        names = ", ".join(str(one.id) if one.id.name else one.at.path for one in result[:3])
        suffix = f" and {len(result) - 3} more" if len(result) > 3 else ""
        message = f"what {names}{suffix} bring{'s' * (len(result) == 1)} is not in the input, so nothing is decided about it"
        yield Finding("unseen-source", "R-D35", Severity.NOTE, message, advice, result[0].at, "", result[0].id)


def _grants(scope: str, works: Sequence[Work]) -> Iterator[Finding]:
    """What may give rights to the scope's accounts without being in the input, and how to see it. A dump of all bindings shows
    what the cluster grants."""
    first = next((work for work in works if work.tokens), works[0])
    views = [view for view in first.views if view.scope.name == scope]
    accounts = dict.fromkeys((view.namespace or "NAMESPACE", built.account(first, view) or "ACCOUNT") for view in views)
    of_cluster = [
        *(f"kubectl auth can-i --list --as=system:serviceaccount:{space}:{name} -n {space}" for space, name in accounts),
        "kubectl get rolebindings,clusterrolebindings -A -o wide",
    ]
    commands = [*([] if all(map(_has_all_bindings, views)) else of_cluster), *_hints(works)]
    prefix = "" if scope == "-" else f"{scope}: "
    message = f"{prefix}grants that are in the cluster alone, cloud IAM and Vault roles are not in the input"
    if commands:
        yield Finding(STANDING, "R-D35", Severity.NOTE, message, "; ".join(commands), Location(first.workload.resource.at.path))


def _has_all_bindings(view: View) -> bool:
    """Whether a dump of all namespaces' bindings is among the input, as far as what every cluster has tells."""
    bindings = [binding for kind in BINDINGS for binding in view.everywhere(*kind) if is_live(binding.value)]
    return {"cluster-admin", "kube-system"} <= {binding.id.namespace or binding.id.name for binding in bindings}


def _hints(works: Sequence[Work]) -> Iterator[str]:
    """Commands for what the scope shows a sign of."""
    accounts = {(view.scope, view.namespace, view.apart, work.workload.spec.account): view for work in works for view in work.views}
    keys = {key for work in works for key in _keys(work)}
    keys |= {key for (*_, name), view in accounts.items() for visible in view.account(name) for key in visible.resource.annotations}
    for prefix, command in CLOUDS.items():
        if any(key.startswith(prefix) for key in keys):
            yield command
    if any(key.startswith((VAULT, "VAULT_")) for key in keys):
        yield "vault list auth/kubernetes/role (each role names the accounts it takes)"


def _keys(work: Work) -> Iterator[str]:
    yield from mapping(work.workload.metadata, "annotations")
    yield from mapping(work.workload.metadata, "labels")
    for container in work.workload.spec.containers():
        yield from (name for variable in sequence(container.value, "env") if (name := text(variable, "name")))
