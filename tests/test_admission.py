"""Who holds a token: our table against a second reading of the admission plugin's rules (domain R-A7 to R-A13, R-A18).

The model below does what the plugin does, step by step: it adds volumes and mounts to a pod, and then looks at what
each container can read. It is written from the rules, and shares nothing with samigrate but the manifests.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import pytest

from samigrate import kinds
from samigrate.domain.model import Location, PodSpec, Resource
from samigrate.domain.tokens import TokenSecret, api_tokens, held, injected, of_volume

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


@pytest.mark.parametrize("account", TRISTATE, ids=["account unset or unknown", "account false", "account true"])
def test_table(account: bool | None) -> None:
    """All rows of A.3, in every combination with what a volume can hold and where it can be mounted."""
    checked = 0
    for pod in pods():
        expected = readable(admit(pod, account))
        found = held(PodSpec(pod), account, owner)
        assert sorted(Readable(token.container, token.path, token.audience is None) for token in found) == expected, pod
        assert len(api_tokens(found)) == sum(one.is_api for one in expected), pod
        checked += 1
    assert checked == len(TRISTATE) * len(VOLUMES) * len(MOUNTS) * len(ENVIRONMENTS)


def test_model_knows_the_table_of_the_domain() -> None:
    """The rows as the domain writes them, so that the two readings cannot be wrong together on these."""
    exact = {"name": "v", "mountPath": PATH}
    rows = [
        (False, True, False, None, 0),
        (False, None, True, "projected", 1),
        (False, True, True, "empty", 0),
        (True, False, False, None, 1),
        (True, None, True, "empty", 0),
        (None, False, False, None, 0),
        (None, False, True, "legacy", 1),
        (None, True, False, None, 1),
        (None, None, False, None, 1),
        (None, None, True, "another Secret", 0),
    ]
    for automount, account, is_mounted, volume, count in rows:
        pod: Pod = {"containers": [{"name": "main", "volumeMounts": [exact] if is_mounted else []}]}
        if automount is not None:
            pod["automountServiceAccountToken"] = automount
        if volume:
            pod["volumes"] = [VOLUMES[volume]]
        tokens = held(PodSpec(pod), account, owner)
        assert (len(tokens), len(readable(admit(pod, account)))) == (count, count), pod


def test_suppression_is_per_container() -> None:
    """R-A8: a mount at the default path keeps injection out of that container only."""
    pod = {"containers": [{"name": "a", "volumeMounts": [{"name": "v", "mountPath": PATH}]}, {"name": "b"}], "volumes": [VOLUMES["empty"]]}
    assert [(token.container, token.how) for token in held(PodSpec(pod), None, owner)] == [("b", "injected")]


def test_a_volume_that_is_mounted_twice_is_one_token() -> None:
    mounts = [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]
    pod = {"automountServiceAccountToken": False, "containers": [{"name": "a", "volumeMounts": mounts}], "volumes": [VOLUMES["projected"]]}
    assert [(token.name, token.path) for token in held(PodSpec(pod), None, owner)] == [("v", "/a")]


@pytest.mark.parametrize(
    ("audience", "is_api"),
    [
        ("https://kubernetes.default.svc", True),
        ("https://kubernetes.default.svc.cluster.local", True),
        ("https://kubernetes.default.svc.prod.example.com:443/", True),
        ("kubernetes.default", True),
        ("kubernetes", True),
        ("api", True),
        ("https://oidc.example.com/id/1", True),
        ("https://oidc.example.com/id/2", False),
        ("https://kubernetes.example.com", False),
        ("vault", False),
        ("sts.amazonaws.com", False),
    ],
)
def test_audiences_of_the_api(audience: str, is_api: bool) -> None:
    """R-E5; `…id/1` is one that the config declares."""
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": audience}}]}}
    assert of_volume(volume, owner, ("https://oidc.example.com/id/1",)) == [("projected", None if is_api else audience)]


def exported(name: str, account: str = "default", path: str = PATH, *, read_only: bool = True, automount: bool | None = None) -> Pod:
    mount = {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}
    pod = {"serviceAccountName": account, "containers": [{"name": "a", "volumeMounts": [mount]}], "volumes": [{"name": name}]}
    return pod if automount is None else {**pod, "automountServiceAccountToken": automount}


@pytest.mark.parametrize(
    ("pod", "is_injected"),
    [
        pytest.param(exported("kube-api-access-9zq4w"), True, id="a bound token"),
        pytest.param(exported("default-token-9zq4w"), True, id="from before bound tokens"),
        pytest.param(exported("web-token-9zq4w", "web"), True, id="of its own account"),
        pytest.param(exported("web-token-9zq4w"), False, id="of another account: by hand"),
        pytest.param(exported("default-token-abcde"), False, id="no generated name: there are no vowels in one"),
        pytest.param(exported("default-token"), False, id="no suffix"),
        pytest.param(exported("default-token-9zq4w", path="/mine"), False, id="elsewhere"),
        pytest.param(exported("default-token-9zq4w", read_only=False), False, id="admission mounts it read-only"),
        pytest.param(exported("default-token-9zq4w", automount=False), False, id="admission was told not to"),
        pytest.param(exported("default-token-9zq4w", automount=True), True, id="admission was told to"),
    ],
)
def test_volumes_that_admission_left_in_an_export(pod: Pod, is_injected: bool) -> None:
    """R-A10."""
    resource = Resource(Location("pod.yaml"), {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod})
    assert bool(injected(next(iter(kinds.workloads(resource, kinds.load()))))) is is_injected


def test_a_template_holds_nothing_of_admission_from_before_bound_tokens() -> None:
    template = {"template": {"spec": exported("default-token-9zq4w")}}
    resource = Resource(
        Location("web.yaml"), {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": template}
    )
    assert not injected(next(iter(kinds.workloads(resource, kinds.load()))))


@pytest.mark.parametrize("tier", ["medium", "low"])
def test_unsure_secrets_hold_no_token(tier: str) -> None:
    """R-B1, R-B7: what merely looks like a token Secret is none."""
    pod = {"containers": [{"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/t"}]}], "volumes": [VOLUMES["legacy"]]}
    found = held(PodSpec({**pod, "automountServiceAccountToken": False}), None, lambda secret: TokenSecret("app", tier))
    assert found == []
