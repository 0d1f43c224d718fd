"""`scope-token` mounts the token into the containers that need it, and into no other of the pod (R-B23)."""

from __future__ import annotations

from typing import Any

import pytest

from samigrate.domain.model import Evidence, Location, Risk, Sign, Strength
from samigrate.prove import checks
from tests.stream import Run, migrate
from tests.transforms.manifests import account, binding, deployment, role, stream

PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
PROXY = "- {name: proxy, image: 'nginx:1.29'}"
KUBECTL = "- {name: reload, image: bitnami/kubectl, command: [kubectl, get, pods]}"
UNKNOWN = "- {name: app, image: example.com/app}"


def pod(*containers: str, more: str = "serviceAccountName: own") -> str:
    return stream(account("own"), deployment(more + "\ncontainers:\n" + "\n".join(containers)))


def scoped(text: str) -> Run:
    return migrate(text, recipes=("least-privilege", "scope-token"))


def holders(run: Run) -> set[str]:
    """Containers that mount a volume with a token."""
    spec = run.spec()
    volumes = {one["name"] for one in spec.get("volumes", []) if "serviceAccountToken" in str(one)}
    return {one["name"] for one in spec["containers"] if any(mount["name"] in volumes for mount in one.get("volumeMounts", []))}


def test_who_shows_no_use_gets_no_token() -> None:
    run = scoped(pod(PROXY, KUBECTL))
    assert run.spec()["automountServiceAccountToken"] is False
    assert holders(run) == {"reload"}
    mount = run.spec()["containers"][1]["volumeMounts"][0]
    assert mount == {"name": "sa-token", "mountPath": PATH, "readOnly": True}
    assert run.report().tokens_before == 2
    assert run.report().tokens_after == 1


def test_the_volume_is_what_admission_mounts() -> None:
    """R-A11, without the prefix that admission would take for its own (R-A10)."""
    (volume,) = scoped(pod(PROXY, KUBECTL)).spec()["volumes"]
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == ["serviceAccountToken", "configMap", "downwardAPI"]
    assert volume["projected"]["sources"][0]["serviceAccountToken"] == {"path": "token", "expirationSeconds": 3607}
    assert not volume["name"].startswith("kube-api-access-")


def test_a_new_account_and_a_scoped_token_go_together() -> None:
    run = migrate(deployment(f"containers:\n{PROXY}\n{KUBECTL}"), recipes=("least-privilege", "scope-token"), risk=Risk.L4)
    assert run.spec()["serviceAccountName"] == "web"
    assert run.spec()["automountServiceAccountToken"] is False
    assert holders(run) == {"reload"}


def test_the_name_of_the_volume_is_free() -> None:
    run = scoped(pod(PROXY, KUBECTL + "\nvolumes:\n- {name: sa-token, emptyDir: {}}"))
    assert [one["name"] for one in run.spec()["volumes"]] == ["sa-token", "sa-token-2"]
    assert holders(run) == {"reload"}


def test_rights_speak_for_every_container_that_is_not_known() -> None:
    """A binding says that the pod uses the API, and not which container does: only known images go without."""
    run = scoped(stream(pod(PROXY, UNKNOWN), role(), binding("shop/own")))
    assert holders(run) == {"app"}


def test_a_mount_of_its_own_answers_for_itself() -> None:
    """R-E2: a mount of a token justifies that mount, and automount goes in its favour."""
    own = "- {name: app, image: example.com/app, volumeMounts: [{name: t, mountPath: /token}]}\n"
    own += "volumes:\n- name: t\n  projected: {sources: [{serviceAccountToken: {path: token}}]}"
    run = scoped(pod(PROXY, own))
    assert run.spec()["automountServiceAccountToken"] is False
    assert [one["name"] for one in run.spec()["volumes"]] == ["t"]
    assert run.report().tokens_after == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pod(KUBECTL), id="one container"),
        pytest.param(pod(KUBECTL, KUBECTL.replace("reload", "other")), id="both need it"),
        pytest.param(stream(pod(UNKNOWN, UNKNOWN.replace("app,", "two,")), role(), binding("shop/own")), id="nobody knows which"),
        pytest.param(pod(PROXY, KUBECTL, more="serviceAccountName: own\nautomountServiceAccountToken: false"), id="no token is mounted"),
        pytest.param(
            stream(
                account("own"),
                deployment(f"serviceAccountName: own\ncontainers:\n{PROXY}\n{KUBECTL}").replace(
                    "      labels: {app: web}", "      labels: {app: web}\n      annotations: {vault.hashicorp.com/agent-inject: 'true'}"
                ),
            ),
            id="an injected sidecar takes the mounted token (R-E11)",
        ),
    ],
)
def test_where_it_cannot_be_told_or_helps_nobody_nothing_changes(text: str) -> None:
    assert scoped(text).is_untouched


def test_why_every_container_keeps_it_is_said() -> None:
    run = scoped(stream(pod(UNKNOWN, UNKNOWN.replace("app,", "two,")), role(), binding("shop/own")))
    assert "does without" in run.finding("token-not-scoped").message


def test_the_workload_says_what_was_done_and_what_was_before() -> None:
    annotations = scoped(pod(PROXY, KUBECTL)).object("Deployment", "web")["metadata"]["annotations"]
    assert "containers that need it" in annotations["samigrate.dev/reason"]
    assert annotations["samigrate.dev/previous-automount"] == "unset"


# ---------------------------------------------------------------- the proof


def piece(container: str | None, strength: Strength, sign: Sign = Sign.ARGUMENT) -> Evidence:
    return Evidence("arguments", sign, strength, "", Location("a.yaml"), "", container)


CASES: list[Any] = [
    pytest.param([piece("a", Strength.PROOF)], {"b"}, id="one speaks"),
    pytest.param([piece("a", Strength.WEAK), piece("b", Strength.STRONG)], set(), id="a weak sign is one, too"),
    pytest.param([piece(None, Strength.PROOF)], set(), id="the pod uses it: nobody is spared unknown"),
    pytest.param([piece(None, Strength.PROOF), piece("b", Strength.COUNTER)], {"b"}, id="but who is known"),
    pytest.param([piece(None, Strength.PROOF), piece("b", Strength.COUNTER), piece("b", Strength.WEAK)], set(), id="unless it speaks"),
    pytest.param([piece("a", Strength.PROOF, sign=Sign.MOUNTED_TOKEN)], {"a", "b"}, id="a mount of its own"),
]


@pytest.mark.parametrize(("evidence", "expected"), CASES)
def test_the_proof_spares_whom_nothing_speaks_of(evidence: list[Evidence], expected: set[str]) -> None:
    assert checks.scoped(evidence, ["a", "b"]) == expected


def test_where_no_container_keeps_a_token_the_reason_says_no_other() -> None:
    """The account has rights that its only container, a web server, is known not to use."""
    own = deployment("serviceAccountName: web\nautomountServiceAccountToken: true", image="nginx:1.29")
    found = migrate(stream(account("web"), role(), binding("shop/web"), own), recipes=("scope-token",))
    assert found.spec()["automountServiceAccountToken"] is False
    reason = found.object("Deployment", "web")["metadata"]["annotations"]["samigrate.dev/reason"]
    assert reason == "None of its containers is known to use the Kubernetes API, so it runs without a token."
