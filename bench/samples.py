"""Manifests to measure with, made up in the shape of real ones: the same bytes for the same arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

WORDS = (
    "cart stock order price basket mail image search login ledger refund parcel label route quote audit voucher invoice report theme "
    "session profile review rating banner campaign stream batch worker gateway proxy cache queue topic index schema tenant"
).split()


# ---------------------------------------------------------------- a rendered chart


def release(number: int) -> list[str]:
    """The four documents that a freshly made chart renders: ServiceAccount, Service, Deployment and a test Pod."""
    name = f"{WORDS[number % len(WORDS)]}-{number:04d}"
    labels = (
        f"    helm.sh/chart: web-0.1.0\n    app.kubernetes.io/name: web\n    app.kubernetes.io/instance: {name}\n"
        '    app.kubernetes.io/version: "1.16.0"\n    app.kubernetes.io/managed-by: Helm\n'
    )
    chosen = f"app.kubernetes.io/name: web\n{{0}}app.kubernetes.io/instance: {name}\n"
    account = (
        f"---\n# Source: web/templates/serviceaccount.yaml\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n"
        f"  labels:\n{labels}automountServiceAccountToken: true\n"
    )
    service = (
        f"---\n# Source: web/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  labels:\n{labels}"
        "spec:\n  type: ClusterIP\n  ports:\n    - port: 80\n      targetPort: http\n      protocol: TCP\n      name: http\n"
        f"  selector:\n    {chosen.format('    ')}"
    )
    deployment = (
        "---\n# Source: web/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\n"
        f"metadata:\n  name: {name}\n  labels:\n{labels}"
        f"spec:\n  replicas: {1 + number % 3}\n  selector:\n    matchLabels:\n      {chosen.format('      ')}"
        "  template:\n    metadata:\n      labels:\n"
        + labels.replace("    ", "        ")
        + f"    spec:\n      serviceAccountName: {name}\n      containers:\n        - name: web\n"
        '          image: "nginx:1.16.0"\n          imagePullPolicy: IfNotPresent\n          ports:\n            - name: http\n'
        "              containerPort: 80\n              protocol: TCP\n          livenessProbe:\n            httpGet:\n"
        "              path: /\n              port: http\n          readinessProbe:\n            httpGet:\n              path: /\n"
        "              port: http\n          resources:\n            limits:\n              memory: 128Mi\n"
    )
    test = (
        "---\n# Source: web/templates/tests/connection.yaml\napiVersion: v1\nkind: Pod\n"
        f'metadata:\n  name: "{name}-test"\n  labels:\n{labels}'
        '  annotations:\n    "helm.sh/hook": test\nspec:\n  containers:\n    - name: wget\n      image: busybox\n'
        f"      command: ['wget']\n      args: ['{name}:80']\n  restartPolicy: Never\n"
    )
    return [account, service, deployment, test]


def releases(count: int) -> str:
    return "".join(document for number in range(count) for document in release(number))


# ---------------------------------------------------------------- a hand-kept folder


def workload(number: int, chance: random.Random) -> str:
    """A workload as people keep it: comments, probes, variables, volumes; most on the default account."""
    kind, replicas = chance.choice([("Deployment", 2), ("Deployment", 3), ("StatefulSet", 3), ("DaemonSet", 0)])
    name, space = f"{chance.choice(WORDS)}-{number}", chance.choice(("shop", "billing", "search", "media"))
    variables = "".join(
        f"            - name: {chance.choice(WORDS).upper()}_{field}\n              value: {_quoted(chance)}\n" for field in range(6)
    )
    containers = "".join(
        _container(name if index == 0 else f"side-{index}", chance, variables) for index in range(chance.choice((1, 1, 2)))
    )
    account = f"      serviceAccountName: {name}\n" if chance.random() < 0.2 else ""
    return (
        f"---\n# {name}: kept by the {space} team, see its runbook before you scale it\napiVersion: apps/v1\nkind: {kind}\n"
        f"metadata:\n  name: {name}\n  namespace: {space}\n  labels:\n    app: {name}\n    team: {space}\nspec:\n"
        + (f"  replicas: {replicas}  # one for each zone\n" if replicas else "")
        + (f"  serviceName: {name}\n" if kind == "StatefulSet" else "")
        + f"  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n"
        '      annotations:\n        prometheus.io/scrape: "true"\n        prometheus.io/port: "9090"\n'
        f"    spec:\n{account}      terminationGracePeriodSeconds: 30\n      containers:\n{containers}"
        f"      volumes:\n        - name: config\n          configMap:\n            name: {name}-settings\n"
        "        - name: scratch\n          emptyDir: {}\n"
    )


def _container(name: str, chance: random.Random, variables: str) -> str:
    tag = f"{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(20)}"
    return (
        f"        - name: {name}\n          image: registry.example.com/{chance.choice(WORDS)}/{name}:{tag}\n"
        f'          args: ["--listen=:8080", "--level=info", "--peers={chance.randrange(99)}"]\n'
        f"          env:\n{variables}"
        "          ports:\n            - name: http\n              containerPort: 8080\n"
        "          readinessProbe:\n            httpGet:\n              path: /healthz\n              port: http\n"
        "            periodSeconds: 5\n          resources:\n            requests:\n"
        f"              cpu: {chance.randrange(50, 900)}m\n              memory: {chance.randrange(64, 900)}Mi\n"
        "          volumeMounts:\n            - name: config\n              mountPath: /etc/app\n              readOnly: true\n"
        "            - name: scratch\n              mountPath: /tmp\n"
    )


def _quoted(chance: random.Random) -> str:
    return chance.choice((f'"{chance.randrange(9999)}"', f"https://{chance.choice(WORDS)}.example.com/v1", chance.choice(WORDS)))


# ---------------------------------------------------------------- what cannot matter


def settings(number: int, chance: random.Random) -> str:
    lines = "".join(
        f"    {chance.choice(WORDS)}.{chance.choice(WORDS)}.{field}={chance.randrange(99999)}\n"
        for field in range(chance.randrange(20, 80))
    )
    name = f"{chance.choice(WORDS)}-{number}-settings"
    return (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: shop\ndata:\n  application.properties: |\n{lines}"
    )


def ingress(number: int, chance: random.Random) -> str:
    name = f"{chance.choice(WORDS)}-{number}"
    rules = "".join(
        f"    - host: {chance.choice(WORDS)}{field}.example.com\n      http:\n        paths:\n          - path: /{chance.choice(WORDS)}\n"
        f"            pathType: Prefix\n            backend:\n              service:\n                name: {name}\n"
        "                port:\n                  number: 80\n"
        for field in range(chance.randrange(2, 12))
    )
    return (
        f"---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: shop\n  annotations:\n"
        f'    nginx.ingress.kubernetes.io/proxy-body-size: "0"\nspec:\n  ingressClassName: nginx\n  rules:\n{rules}'
    )


def definition(number: int, chance: random.Random) -> str:
    name = f"{chance.choice(WORDS)}{number}"
    fields = "".join(
        f"                {chance.choice(WORDS)}{field}:\n                  type: {chance.choice(('string', 'integer', 'boolean'))}\n"
        f"                  description: The {chance.choice(WORDS)} of the {chance.choice(WORDS)}, if it has one; see the manual.\n"
        for field in range(chance.randrange(20, 90))
    )
    return (
        f"---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {name}s.example.com\nspec:\n"
        f"  group: example.com\n  names:\n    kind: {name.title()}\n    plural: {name}s\n  scope: Namespaced\n  versions:\n"
        "    - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n"
        f"          properties:\n            spec:\n              type: object\n              properties:\n{fields}"
    )


def budget(number: int, chance: random.Random) -> str:
    name = f"{chance.choice(WORDS)}-{number}"
    return (
        f"---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {name}\n  namespace: shop\n  labels:\n    app: {name}\n"
        f"spec:\n  minAvailable: {chance.randrange(1, 9)}\n  selector:\n    matchLabels:\n      app: {name}\n"
    )


def claim(number: int, chance: random.Random) -> str:
    return (
        f"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {chance.choice(WORDS)}-{number}\n  namespace: shop\n"
        f"spec:\n  accessModes:\n    - ReadWriteOnce\n  resources:\n    requests:\n      storage: {chance.randrange(1, 99)}Gi\n"
    )


_Maker = Callable[[int, random.Random], str]
_UNRELATED: tuple[_Maker, ...] = (settings, settings, ingress, budget)
_OTHERS: tuple[_Maker, ...] = (settings, settings, ingress, definition, claim)


def others(count: int, seed: int = 1) -> Iterator[str]:
    """Documents that hold no workload: most cannot matter, of definitions the head does, and of claims the access mode."""
    return _made(_OTHERS, count, seed)


def unrelated(count: int, seed: int = 1) -> Iterator[str]:
    """Documents that cannot matter to this migration."""
    return _made(_UNRELATED, count, seed)


def _made(makers: tuple[_Maker, ...], count: int, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    return (chance.choice(makers)(number, chance) for number in range(count))


def workloads(count: int, seed: int = 2) -> Iterator[str]:
    chance = random.Random(seed)
    return (workload(number, chance) for number in range(count))


def mixed(size: int, seed: int = 3) -> Iterator[str]:
    """A stream of about `size` bytes: one document in ten is a workload, the others cannot matter."""
    chance, number = random.Random(seed), 0
    while size > 0:
        made = workload(number, chance) if number % 10 == 9 else chance.choice(_OTHERS)(number, chance)
        yield made
        size -= len(made)
        number += 1


def padding(number: int, times: int) -> str:
    """A ConfigMap that cannot matter, with as much text as asked for."""
    lines = "".join(f"    line-{index}={number}.{index}.{WORDS[index % len(WORDS)]}\n" for index in range(30 * times))
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: padding-{number}\n  namespace: shop\n"
    return f"{head}data:\n  application.properties: |\n{lines}"
