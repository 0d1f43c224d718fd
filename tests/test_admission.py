"""Who holds a token: our table against a second reading of the admission plugin's rules (domain R-A7 to R-A13, R-A18)."""

from __future__ import annotations

import pytest

from samigrate import kinds
from samigrate.domain.model import Location, PodSpec, Resource
from samigrate.domain.tokens import TokenSecret, api_tokens, held, injected, of_volume
from tests.support.admission import ENVIRONMENTS, MOUNTS, PATH, TRISTATE, VOLUMES, Pod, Readable, admit, owner, pods, readable


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
