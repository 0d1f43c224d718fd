"""A second reading of the ServiceAccount admission plugin's rules (domain R-A7 to R-A13, R-A18), and all that it can meet.

The model does what the plugin does, step by step: it adds volumes and mounts to a pod, and then looks at what each container can read.
It is written from the rules, and shares nothing with samigrate but the manifests.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from samigrate.domain.tokens import TokenSecret

PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
Pod = dict[str, Any]
TOKEN_SECRETS = ("app-token",)


# ---------------------------------------------------------------- the model


def admit(pod: Pod, account: bool | None) -> Pod:
    """The pod as the plugin leaves it: R-A7 decides, R-A8 mounts container by container, R-A10 reuses a volume."""
    admitted = copy.deepcopy(pod)
    wanted = next((value for value in (pod.get("automountServiceAccountToken"), account) if value is not None), True)
    if not wanted:
        return admitted
    volumes = admitted.setdefault("volumes", [])
    reused = [volume["name"] for volume in volumes if volume["name"].startswith("kube-api-access-")]
    source = reused[0] if reused else "kube-api-access-00000"
    is_needed = False
    for container in [*admitted.get("initContainers", []), *admitted["containers"]]:  # no ephemeral ones (R-A13)
        mounts = container.setdefault("volumeMounts", [])
        if all(mount["mountPath"] != PATH for mount in mounts):  # string equality (R-A9)
            mounts.append({"name": source, "mountPath": PATH, "readOnly": True})
            is_needed = True
    if is_needed and not reused:
        volumes.append({"name": source, "projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}})
    return admitted


class Readable(NamedTuple):
    """A token a container can read, for the Kubernetes API or (`is_api` false) for somebody else."""

    container: str
    path: str
    is_api: bool


def readable(pod: Pod, secrets: Collection[str] = TOKEN_SECRETS) -> list[Readable]:
    """What each container of an admitted pod can read, through its mounts and its environment; `secrets` hold tokens."""
    contents = {volume["name"]: list(contained(volume, secrets)) for volume in pod.get("volumes", [])}
    found = []
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get(kind, []):
            first = {mount["name"]: mount for mount in reversed(container.get("volumeMounts", []))}
            for mount in first.values():
                found += [Readable(container["name"], mount["mountPath"], is_api) for is_api in contents.get(mount["name"], [])]
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("secretKeyRef", {})
                if reference.get("name") in secrets and reference.get("key") == "token":
                    found.append(Readable(container["name"], "", True))
            for imported in container.get("envFrom", []):
                if imported.get("secretRef", {}).get("name") in secrets:
                    found.append(Readable(container["name"], "", True))
    return sorted(found)


def contained(volume: dict[str, Any], secrets: Collection[str]) -> Iterator[bool]:
    """Whether for the API, of each token in a volume."""
    plain = volume.get("secret")
    if plain and plain.get("secretName") in secrets and gives_token(plain):
        yield True
    for source in volume.get("projected", {}).get("sources", []):
        if "serviceAccountToken" in source:
            yield source["serviceAccountToken"].get("audience") in (None, "https://kubernetes.default.svc.cluster.local")
        secret = source.get("secret")
        if secret and secret.get("name") in secrets and gives_token(secret):
            yield True


def gives_token(secret: dict[str, Any]) -> bool:
    return "items" not in secret or any(item["key"] == "token" for item in secret["items"])


# ---------------------------------------------------------------- the matrix

VOLUMES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "empty": {"name": "v", "emptyDir": {}},
    "projected": {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    "other audience": {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "vault"}}]}},
    "the API's own audience": {
        "name": "v",
        "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "https://kubernetes.default.svc.cluster.local"}}]},
    },
    "both": {
        "name": "v",
        "projected": {"sources": [{"serviceAccountToken": {"path": "a"}}, {"serviceAccountToken": {"path": "b", "audience": "vault"}}]},
    },
    "certificate alone": {"name": "v", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
    "legacy": {"name": "v", "secret": {"secretName": "app-token"}},
    "legacy token item": {"name": "v", "secret": {"secretName": "app-token", "items": [{"key": "token", "path": "t"}]}},
    "legacy other item": {"name": "v", "secret": {"secretName": "app-token", "items": [{"key": "ca.crt", "path": "c"}]}},
    "legacy projected": {"name": "v", "projected": {"sources": [{"secret": {"name": "app-token"}}]}},
    "another Secret": {"name": "v", "secret": {"secretName": "passwords"}},
    "exported": {"name": "kube-api-access-9zq4w", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    "exported and empty": {"name": "kube-api-access-9zq4w", "emptyDir": {}},
}
MOUNTS = {
    "not mounted": None,
    "default path": PATH,
    "trailing slash": PATH + "/",
    "parent": "/var/run/secrets",
    "other name": "/run/secrets/kubernetes.io/serviceaccount",
    "file": PATH + "/token",
    "elsewhere": "/etc/tokens",
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "token variable": {"env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "app-token", "key": "token"}}}]},
    "namespace variable": {"env": [{"name": "N", "valueFrom": {"secretKeyRef": {"name": "app-token", "key": "namespace"}}}]},
    "imported": {"envFrom": [{"secretRef": {"name": "app-token"}}, {"secretRef": {"name": "passwords"}}]},
}
TRISTATE = (None, False, True)


def pods() -> Iterator[Pod]:
    for automount, volume, mount, environment in itertools.product(TRISTATE, VOLUMES, MOUNTS, ENVIRONMENTS):
        main: dict[str, Any] = {"name": "main", **copy.deepcopy(ENVIRONMENTS[environment])}
        pod: Pod = {"containers": [main, {"name": "side"}], "initContainers": [{"name": "init", "restartPolicy": "Always"}]}
        pod["ephemeralContainers"] = [{"name": "debug"}]
        if automount is not None:
            pod["automountServiceAccountToken"] = automount
        if content := VOLUMES[volume]:
            pod["volumes"] = [{"name": "data", "emptyDir": {}}, copy.deepcopy(content)]
            if where := MOUNTS[mount]:
                for container in (main, pod["ephemeralContainers"][0]):
                    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}, {"name": content["name"], "mountPath": where}]
        yield pod


def owner(secret: str) -> TokenSecret | None:
    return TokenSecret("app", "certain") if secret in TOKEN_SECRETS else None
