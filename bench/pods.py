"""A dump of pods as `kubectl get pods -A -o json` prints it, made afresh: its shape is that of a cluster's own objects, with
the volume that admission has put in, with statuses, owners and resource versions."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from bench.samples import WORDS
from tests.cluster.dumps import TOKEN_PATH, token_volume

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_AT = "2026-05-04T07:08:09Z"


def dump(count: int, seed: int = 7) -> Iterator[str]:
    """The text of a List of so many pods, piece by piece: of Deployments, StatefulSets, DaemonSets and CronJobs."""
    chance = random.Random(seed)
    yield '{\n    "apiVersion": "v1",\n    "items": [\n'
    made = 0
    number = 0
    while made < count:
        for pod in _workload(number, min(chance.choice((2, 3, 3, 6, 12, 20)), count - made), chance):
            text = json.dumps(pod, indent=4).replace("\n", "\n        ")
            yield (",\n" if made else "") + "        " + text
            made += 1
        number += 1
    yield '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'


def _random(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(_ALPHABET) for _ in range(length))


def _workload(number: int, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    name, space = f"{chance.choice(WORDS)}-{number}", f"team-{number % 40}"
    kind = chance.choice(("ReplicaSet", "ReplicaSet", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"))
    owner = f"{name}-{_random(chance, 9)}" if kind == "ReplicaSet" else f"{name}-29{number:06d}" if kind == "Job" else name
    sidecars = ["istio-proxy"] if chance.random() < 0.2 else []
    account, automount = chance.choice((("default", None), ("default", None), (name, None), (name, False)))
    for place in range(count):
        pod = f"{name}-{place}" if kind == "StatefulSet" else f"{owner}-{_random(chance, 5)}"
        yield _pod(pod, space, (kind, owner), (account, automount, sidecars), chance)


def _pod(
    name: str, space: str, owner: tuple[str, str], identity: tuple[str, bool | None, list[str]], chance: random.Random
) -> dict[str, Any]:
    token = f"kube-api-access-{_random(chance, 5)}" if identity[1] is None else ""
    containers = [_container(one, token) for one in ("main", *identity[2])]
    spec: dict[str, Any] = {
        **({} if identity[1] is None else {"automountServiceAccountToken": identity[1]}),
        "containers": containers,
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "nodeName": f"node-{chance.randrange(99)}",
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {"fsGroup": 1000, "runAsNonRoot": True, "runAsUser": 1000},
        "serviceAccount": identity[0],
        "serviceAccountName": identity[0],
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {"effect": "NoExecute", "key": f"node.kubernetes.io/{key}", "operator": "Exists", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
        "volumes": [
            {"configMap": {"defaultMode": 420, "name": "settings"}, "name": "config"},
            {"emptyDir": {}, "name": "tmp"},
            *([token_volume(token)] if token else []),
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(name, space, owner, chance),
        "spec": spec,
        "status": _status(containers, chance),
    }


def _metadata(name: str, space: str, owner: tuple[str, str], chance: random.Random) -> dict[str, Any]:
    group = "batch/v1" if owner[0] == "Job" else "apps/v1"
    return {
        "annotations": {"prometheus.io/port": "9090", "prometheus.io/scrape": "true", "checksum/config": f"{chance.getrandbits(256):064x}"},
        "creationTimestamp": _AT,
        "generateName": name[:-5],
        "labels": {"app": owner[1], "pod-template-hash": owner[1][-9:], "team": space},
        "name": name,
        "namespace": space,
        "ownerReferences": [
            {
                "apiVersion": group,
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": owner[0],
                "name": owner[1],
                "uid": f"{chance.getrandbits(128):032x}",
            }
        ],
        "resourceVersion": str(chance.randrange(10**9)),
        "uid": f"{chance.getrandbits(128):032x}",
    }


def _container(name: str, token: str) -> dict[str, Any]:
    probe = {
        "failureThreshold": 3,
        "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
        "periodSeconds": 10,
        "timeoutSeconds": 1,
    }
    mounts = [{"mountPath": "/etc/app", "name": "config", "readOnly": True}, {"mountPath": "/tmp", "name": "tmp"}]
    return {
        "args": ["--listen=:8080", "--level=info"],
        "env": [{"name": word.upper(), "value": f"https://{word}.example.com"} for word in WORDS[:6]],
        "image": f"registry.example.com/shop/{name}:1.2.3",
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": probe,
        "name": name,
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "readinessProbe": probe,
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [*mounts, *([{"mountPath": TOKEN_PATH, "name": token, "readOnly": True}] if token else [])],
    }


def _status(containers: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
    return {
        "conditions": [{"lastProbeTime": None, "lastTransitionTime": _AT, "status": "True", "type": kind} for kind in kinds],
        "containerStatuses": [
            {
                "containerID": f"containerd://{chance.getrandbits(256):064x}",
                "image": one["image"],
                "imageID": f"{one['image']}@sha256:{chance.getrandbits(256):064x}",
                "lastState": {},
                "name": one["name"],
                "ready": True,
                "restartCount": 0,
                "started": True,
                "state": {"running": {"startedAt": _AT}},
            }
            for one in containers
        ],
        "hostIP": "10.0.0.7",
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "qosClass": "Burstable",
        "startTime": _AT,
    }
