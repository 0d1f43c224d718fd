"""Objects as the API server returns them, for dumps: with uids, owners, resource versions, statuses and managed fields.

The shapes are those of the API reference (https://kubernetes.io/docs/reference/kubernetes-api/, v1.34, read 2026-05-04) and of what
`kubectl get -o json` prints: a List, its keys in order.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_AT = "2026-05-04T07:08:09Z"
Object = dict[str, Any]


def listed(*objects: Object) -> bytes:
    """What `kubectl get -o json` prints of several objects."""
    value = {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}
    return (json.dumps(value, indent=4) + "\n").encode()


def live(api: str, kind: str, name: str, namespace: str | None = "shop", **fields: Any) -> Object:
    """An object with the metadata that the API server gives it; `owner` is (apiVersion, kind, name) of what has made it."""
    owner, labels, annotations = fields.pop("owner", None), fields.pop("labels", None), fields.pop("annotations", None)
    metadata: Object = {
        **({"annotations": annotations} if annotations else {}),
        "creationTimestamp": _AT,
        **({"labels": labels} if labels else {}),
        "managedFields": [
            {
                "apiVersion": api,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:serviceAccount": {}, "f:serviceAccountName": {}}}}},
                "manager": "kubectl-client-side-apply",
                "operation": "Update",
                "time": _AT,
            }
        ],
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        "resourceVersion": "48151623",
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}")),
    }
    if owner:
        above = {"apiVersion": owner[0], "blockOwnerDeletion": True, "controller": True, "kind": owner[1], "name": owner[2], "uid": "u-1"}
        metadata["ownerReferences"] = [above]
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def container(name: str = "main", image: str = "registry.example.com/web:1", *mounts: tuple[str, str]) -> Object:
    """A container; `mounts` are (volume, path)."""
    return {
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "name": name,
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": [{"mountPath": path, "name": volume, "readOnly": True} for volume, path in mounts],
    }


def token_volume(name: str) -> Object:
    """What admission puts into a pod (R-A11)."""
    field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [field]}},
    ]
    return {"name": name, "projected": {"defaultMode": 420, "sources": sources}}


def pod(name: str, account: str = "default", *, has_token: bool = True, phase: str = "Running", **fields: Any) -> Object:
    """A Pod of a Deployment's ReplicaSet, unless `owner` says otherwise, as admission has left it; `containers` are names or
    containers; `spec` is laid over the pod spec."""
    namespace, extra = fields.pop("namespace", "shop"), fields.pop("spec", {})
    volume = f"kube-api-access-{name[-5:]}"
    mounts = ((volume, TOKEN_PATH),) if has_token else ()
    given = fields.pop("containers", ("main",))
    containers = [container(one, f"registry.example.com/{one}:1", *mounts) if isinstance(one, str) else one for one in given]
    template = name.rpartition("-")[0]
    fields.setdefault("owner", ("apps/v1", "ReplicaSet", template))
    fields.setdefault("labels", {"app": "web", "pod-template-hash": template.rpartition("-")[2]})
    spec = {
        "containers": containers,
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "nodeName": "node-1",
        "restartPolicy": "Always",
        "serviceAccount": account,
        "serviceAccountName": account,
        "volumes": [token_volume(volume)] if has_token else [],
        **extra,
    }
    status = {
        "conditions": [{"status": "True", "type": "Ready"}],
        "hostIP": "10.0.0.7",
        "phase": phase,
        "podIP": "10.1.2.3",
        "startTime": _AT,
    }
    return live("v1", "Pod", name, namespace, spec=spec, status=status, **fields)


def deployment(name: str, namespace: str = "shop", kind: str = "Deployment", **spec: Any) -> Object:
    """A Deployment, or another kind of `apps/v1`, in the cluster's own words; `spec` is its pod spec's."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container()], "dnsPolicy": "ClusterFirst", **spec}}
    whole = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return live("apps/v1", kind, name, namespace, spec=whole, status={"observedGeneration": 3, "replicas": 1})
