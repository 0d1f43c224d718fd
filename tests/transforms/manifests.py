"""Manifests for the tests of transforms, as text."""

from __future__ import annotations


def deployment(
    pod: str = "", *, name: str = "web", namespace: str = "shop", image: str = "nginx:1.29", above: str = "", kind: str = ""
) -> str:
    """A Deployment; `pod` are lines of the pod spec, `above` lines of its annotations."""
    head = f"apiVersion: apps/v1\nkind: {kind or 'Deployment'}\nmetadata:\n  name: {name}\n"
    head += f"  namespace: {namespace}\n" * bool(namespace)
    head += ("  annotations:\n" + _indented(above, 4)) if above else ""
    body = f"spec:\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n"
    containers = "" if "containers:" in pod else f"      containers:\n      - name: app\n        image: {image}\n"
    return head + body + _indented(pod, 6) + containers


def _indented(text: str, width: int) -> str:
    return "".join(" " * width + line + "\n" for line in text.strip("\n").splitlines())


def account(name: str, *, namespace: str = "shop", made_for: str = "", more: str = "") -> str:
    """A ServiceAccount; `made_for` makes it one that a run has made, for a Deployment of that name."""
    text = f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n" + f"  namespace: {namespace}\n" * bool(namespace)
    if made_for:
        text += '  annotations:\n    samigrate.dev/managed: "true"\n'
        text += f'    samigrate.dev/reason: "Made for Deployment {made_for} alone, which ran as default."\n'
    return text + more


def binding(*subjects: str, namespace: str = "shop", kind: str = "RoleBinding", role_kind: str = "Role", name: str = "readers") -> str:
    """Each subject is `name`, or `namespace/name`."""
    text = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
    text += f"  namespace: {namespace}\n" * bool(namespace)
    text += f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {role_kind}, name: reader}}\nsubjects:\n"
    for subject in subjects:
        space, _, who = subject.rpartition("/")
        text += f"- kind: ServiceAccount\n  name: {who}\n" + f"  namespace: {space}\n" * bool(space)
    return text


def role(*, namespace: str = "shop") -> str:
    text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: reader\n" + f"  namespace: {namespace}\n" * bool(
        namespace
    )
    return text + 'rules:\n- {apiGroups: [""], resources: [pods], verbs: [get]}\n'


def token_secret(name: str, owner: str, *, namespace: str = "shop", labels: str = "") -> str:
    text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
    text += f"  labels: {labels}\n" * bool(labels)
    return text + f"  annotations:\n    kubernetes.io/service-account.name: {owner}\ntype: kubernetes.io/service-account-token\n"


def stream(*documents: str) -> str:
    return "---\n".join(documents)


def recorded(account: str = "default", automount: str = "unset") -> str:
    """The annotations that a run leaves on a workload."""
    lines = ['samigrate.dev/reason: "Runs as its own account web."']
    lines += [f"samigrate.dev/previous-service-account: {account}"] * bool(account)
    lines += [f'samigrate.dev/previous-automount: "{automount}"'] * bool(automount)
    return "\n".join(lines)
