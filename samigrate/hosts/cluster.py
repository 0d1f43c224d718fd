"""The commands that collect what is needed of a cluster, and the role under which they run.

No command prints a Secret's values. RBAC cannot hold its user to that: whoever may `list` Secrets is sent them whole, so they are left
out unless they are asked for. Sources: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets and
https://github.com/kubernetes/kubernetes/issues/55564.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samigrate import yamltext
from samigrate.base.values import Value
from samigrate.domain.model import TOKEN_SECRET_TYPE

ROLE = "samigrate-reader"
FILE = "cluster.json"
RESOURCES: Mapping[str, Sequence[str]] = {
    "": ("namespaces", "pods", "replicationcontrollers", "serviceaccounts"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "admissionregistration.k8s.io": (
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
}
"""What every cluster from Kubernetes 1.30 on has, by API group."""
_OWNER = "kubernetes.io/service-account.name"
_NAMED = '"name":{{printf "%q" .metadata.name}},"namespace":{{printf "%q" .metadata.namespace}},"uid":{{printf "%q" .metadata.uid}}'
_OWNED = f'"annotations":{{"{_OWNER}":{{{{printf "%q" (index .metadata.annotations "{_OWNER}")}}}}}}'
SECRETS = (
    '{"apiVersion":"v1","kind":"List","items":[{{range $place, $one := .items}}{{if $place}},{{end}}{{with $one}}'
    f'{{"apiVersion":"v1","kind":"Secret","type":{{{{printf "%q" .type}}}},"metadata":{{{_NAMED},{_OWNED}}}}}'
    '{{end}}{{end}}]}{{"\\n"}}'
)
"""A template for the names of token Secrets and of the accounts whose tokens they hold. Other annotations may hold the values: those that
`kubectl apply` has written do."""


def commands(*, with_secrets: bool) -> list[str]:
    """One command a line, for a shell of POSIX's kind; what they print together is one dump."""
    every = ",".join(name if not group else f"{name}.{group}" for group, names in RESOURCES.items() for name in names)
    result = [f"kubectl get {every} --all-namespaces --output=json > {FILE}"]
    if with_secrets:
        field = f"--field-selector=type={TOKEN_SECRET_TYPE}"
        result.append(f"kubectl get secrets --all-namespaces {field} --output=go-template='{SECRETS}' >> {FILE}")
    return result


def role(*, with_secrets: bool) -> str:
    """A ClusterRole that allows the commands and nothing else, and how to bind it."""
    groups = {group: list(names) for group, names in RESOURCES.items()}
    if with_secrets:
        groups[""].append("secrets")
    rules: list[Value] = [{"apiGroups": [group], "resources": names, "verbs": ["list"]} for group, names in groups.items()]
    metadata = {"name": ROLE}
    value: Value = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    head = "# Lists what `samigrate evidence cluster-command` collects, and changes nothing. For a user:\n"
    head += f"#   kubectl create clusterrolebinding {ROLE} --clusterrole={ROLE} --user=NAME\n"
    if with_secrets:
        head += "# RBAC knows no right to the names of Secrets alone: its holder can read every Secret of the cluster.\n"
    return head + yamltext.render(value)
