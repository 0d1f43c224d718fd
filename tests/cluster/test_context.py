"""A dump of a cluster as context: facts for what is decided on manifests, and nothing of them is edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.dumps import Object, container, deployment, listed, live, pod
from tests.command import invoke

RBAC = "rbac.authorization.k8s.io/v1"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: registry.example.com/web:1}]
"""
SHARED = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: shared, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mine, namespace: shop}
spec:
  selector: {matchLabels: {app: mine}}
  template:
    metadata: {labels: {app: mine}}
    spec:
      serviceAccountName: shared
      automountServiceAccountToken: false
      containers: [{name: main, image: registry.example.com/web:1}]
"""
EVERYWHERE = {"kubernetes.io/bootstrapping": "rbac-defaults"}


@pytest.fixture(autouse=True, params=["json", "yaml"])
def given(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "app" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "app")
    return f"../cluster.{request.param}"


def written(path: str, *objects: Object) -> bytes:
    content = listed(*objects)
    content = content if path.endswith(".json") else yaml.safe_dump(json.loads(content)).encode()
    Path(path).write_bytes(content)
    return content


def bound(name: str, role: str, *subjects: Object, namespace: str | None = None, **fields: Any) -> Object:
    kind, of = ("RoleBinding", "Role") if namespace else ("ClusterRoleBinding", "ClusterRole")
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": of, "name": role}
    return live(RBAC, kind, name, namespace, roleRef=reference, subjects=list(subjects), **fields)


def audited(manifest: str, path: str, *options: str) -> dict[str, Any]:
    Path("web.yaml").write_text(manifest)
    result = invoke(["audit", "--format", "json", "--context", path, *options, "."])
    assert result.exit == 0, result.stderr
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def ids(report: dict[str, Any]) -> set[str]:
    return {finding["id"] for finding in report["findings"]}


ACCOUNT = {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}
READER = live(RBAC, "Role", "reader", "shop", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])


def test_a_binding_of_the_cluster_counts(given: str) -> None:
    written(given, READER, bound("b", "reader", {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}, namespace="shop"))
    report = audited(WEB.replace("containers:", "serviceAccountName: web\n      containers:"), given)
    assert (report["workloads"][0]["verdict"], report["summary"]["changed_files"]) == ("required", 0)
    sign = report["workloads"][0]["evidence"][0]
    line = Path(given).read_text().splitlines()[sign["line"] - 1]
    assert (sign["path"], line.strip()) == (given, "{" if given.endswith(".json") else "- kind: ServiceAccount")


def test_what_every_cluster_has_is_no_sign(given: str) -> None:
    """The bindings that the API server makes for all accounts; somebody's own binding for all still is one."""
    everyone = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts"}
    name = "system:service-account-issuer-discovery"
    role = live(RBAC, "ClusterRole", name, None, rules=[{"nonResourceURLs": ["/openid/v1/jwks"], "verbs": ["get"]}])
    written(given, role, bound(name, name, everyone, labels=EVERYWHERE))
    assert audited(WEB, given)["workloads"][0]["verdict"] == "none"
    written(given, role, bound("ours", name, everyone, labels=EVERYWHERE))
    assert audited(WEB, given)["workloads"][0]["verdict"] == "unknown"


def test_who_runs_in_the_cluster_rests_on_its_account(given: str) -> None:
    """`other` is in no manifest: it would lose its token when it starts next."""
    written(given, live("v1", "Namespace", "shop", None), deployment("other", serviceAccountName="shared"))
    report = audited(SHARED, given, "--harden-existing-sa")
    assert report["summary"]["changed_files"] == 0
    assert any("Deployment shop/other rests on it" in finding["message"] for finding in report["findings"])
    written(given, live("v1", "Namespace", "shop", None))
    assert audited(SHARED, given, "--harden-existing-sa")["summary"]["changed_files"] == 1


def test_pods_alone_say_so_too(given: str) -> None:
    written(
        given,
        pod("other-5f6c7d8b9-abcd2", "shared"),
        pod("mine-5f6c7d8b9-abcd2", "shared", has_token=False, spec={"automountServiceAccountToken": False}),
    )
    message = next(one["message"] for one in audited(SHARED, given, "--harden-existing-sa")["findings"] if one["id"] == "account-in-use")
    assert message == "account shared stays as it is: Deployment shop/other rests on it"


def test_default_stays_while_something_in_the_cluster_runs_as_it(given: str) -> None:
    default = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n"
    written(given, pod("other-5f6c7d8b9-abcd2"))
    report = audited(default, given, "--recipe", "harden-default")
    assert (report["summary"]["changed_files"], ids(report)) == (0, {"default-in-use"})


def test_what_a_cluster_has_is_no_manifest(given: str) -> None:
    """The account `default` of the dump cannot be edited; that it has no manifest is said."""
    written(given, live("v1", "ServiceAccount", "default"))
    report = audited(SHARED, given, "--recipe", "harden-default")
    assert (report["summary"]["changed_files"], report["objects"]) == (0, [])
    assert "default-not-here" in ids(report)


def test_an_account_that_only_the_cluster_has_is_taken(given: str) -> None:
    """Nobody says what it may do: the new account gets another name, and that is said."""
    written(given, live("v1", "ServiceAccount", "web"))
    report = audited(WEB, given)
    assert report["workloads"][0]["account"]["after"] == "web-sa"
    message = next(one["message"] for one in report["findings"] if one["id"] == "account-name-taken")
    assert "the cluster has an account of that name, and no manifest declares it" in message


def test_an_account_of_ours_that_was_applied_is_declared_again(given: str) -> None:
    """The dump shows what an earlier run has made: the manifest still needs it."""
    assert invoke(["migrate", "--write", "."]).exit == 0
    Path("web.yaml").write_text(WEB)
    told = {"samigrate.dev/managed": "true", "samigrate.dev/reason": "Made for Deployment web alone, which ran as default."}
    written(given, live("v1", "ServiceAccount", "web", annotations=told, automountServiceAccountToken=False))
    assert invoke(["migrate", "--write", "--context", given, "."]).exit == 0
    assert "serviceAccountName: web\n" in Path("web.yaml").read_text()
    assert "kind: ServiceAccount" in Path("web.yaml").read_text()


def test_pull_secrets_of_the_clusters_default_move_along(given: str) -> None:
    written(given, live("v1", "ServiceAccount", "default", imagePullSecrets=[{"name": "registry"}]))
    assert "unseen-pull-secrets" not in ids(audited(WEB, given))
    assert b"+- name: registry\n" in invoke(["migrate", "--context", given, "."]).stdout


def test_a_token_secret_by_its_metadata(given: str) -> None:
    """R-B7: certain, where its name alone would say nothing."""
    mount = "volumes: [{name: v, secret: {secretName: ci-credential}}]\n      containers: [{name: main, image: registry.example.com/web:1, volumeMounts: [{name: v, mountPath: /t}]}]"
    manifest = WEB.replace("containers: [{name: main, image: registry.example.com/web:1}]", mount)
    secret = live(
        "v1",
        "Secret",
        "ci-credential",
        annotations={"kubernetes.io/service-account.name": "default"},
        type="kubernetes.io/service-account-token",
        data={"token": "c2VjcmV0"},
    )
    written(given, live("v1", "Namespace", "shop", None))
    assert audited(manifest, given)["workloads"][0]["verdict"] == "none"
    written(given, secret)
    report = audited(manifest, given)
    assert report["workloads"][0]["verdict"] == "required"
    assert "c2VjcmV0" not in json.dumps(report)


def test_nothing_of_a_dump_is_reported_or_written(given: str) -> None:
    before = written(given, deployment("web"), pod("web-5f6c7d8b9-abcd2"), pod("bare", owner=None), live("v1", "ServiceAccount", "default"))
    report = audited(WEB, given)
    assert [one["path"] for one in report["workloads"]] == ["web.yaml"]
    assert not [one for one in report["skipped"] if "cluster" in one["path"]]
    for recipe in ("least-privilege", "clean-up", "harden-default", "rollback"):
        assert invoke(["migrate", "--write", "--recipe", recipe, "--context", given, "."]).exit == 0
    assert Path(given).read_bytes() == before


def test_what_managed_fields_and_the_last_applied_say_is_not_said_twice(given: str) -> None:
    """Both repeat the object: as text they would name accounts once more."""
    note = json.dumps({"spec": {"serviceAccountName": "web", "user": "system:serviceaccount:shop:web"}})
    thing = live("example.com/v1", "Thing", "x", annotations={"kubectl.kubernetes.io/last-applied-configuration": note}, spec={})
    written(given, thing)
    assert audited(WEB, given)["workloads"][0]["account"]["after"] == "web"


def test_a_dump_of_all_bindings_answers_what_the_cluster_grants(given: str) -> None:
    admin = bound("cluster-admin", "cluster-admin", {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:masters"})
    local = bound(
        "kube-proxy", "kube-proxy", {"kind": "ServiceAccount", "name": "kube-proxy", "namespace": "kube-system"}, namespace="kube-system"
    )
    written(given, admin)
    assert "unseen-grants" in ids(audited(WEB, given))
    written(given, admin, local)
    assert "unseen-grants" not in ids(audited(WEB, given))


def test_a_namespaces_labels_of_the_cluster(given: str) -> None:
    """What the cluster injects needs the token, whatever the manifest says."""
    plain, injected = (
        live("v1", "Namespace", "shop", None),
        live("v1", "Namespace", "shop", None, labels={"kuma.io/sidecar-injection": "enabled"}),
    )
    written(given, plain)
    assert audited(WEB, given)["workloads"][0]["tokens"]["after"] == 0
    written(given, injected)
    workload = audited(WEB, given)["workloads"][0]
    assert ([sign["source"] for sign in workload["evidence"]], workload["tokens"]["after"]) == (["injected-sidecar"], 1)


def test_an_environment_beside_it_is_not_mistaken_for_a_copy(given: str) -> None:
    """What a dump has near every scope makes no scope another environment: facts of the others go on counting."""
    Path("web").mkdir()
    Path("rbac").mkdir()
    Path("rbac/all.yaml").write_text(yaml.safe_dump_all([READER, bound("b", "reader", ACCOUNT, namespace="shop")]).replace("uid:", "x:"))
    Path("web/web.yaml").write_text(WEB)
    Path("other").mkdir()
    Path("other/web.yaml").write_text(WEB.replace("namespace: shop", "namespace: pay"))
    before = json.loads(invoke(["audit", "--format", "json", "web"]).stdout)["workloads"]
    written(given, deployment("web"), pod("web-5f6c7d8b9-abcd2"))
    after = json.loads(invoke(["audit", "--format", "json", "--context", given, "web"]).stdout)["workloads"]
    assert [one["verdict"] for one in before] == [one["verdict"] for one in after]


def test_a_stream_is_informed_by_a_dump(given: str) -> None:
    written(given, deployment("other", serviceAccountName="web"), container_of())
    told = invoke(["migrate", "--context", given, "-"], WEB.encode())
    assert b"serviceAccountName: web-sa" in told.stdout


def container_of() -> Object:
    return live("v1", "ConfigMap", "x", data={"a": container()["image"]})


def test_a_manifest_without_a_namespace_is_not_shared_with_itself(given: str) -> None:
    written(given, deployment("mine", serviceAccountName="shared", automountServiceAccountToken=False))
    assert "shared-account" not in ids(audited(SHARED.replace(", namespace: shop", ""), given))


BY_HAND = [
    pytest.param({"serviceAccountName": "by-hand"}, "in the cluster it runs as by-hand", id="account"),
    pytest.param({"automountServiceAccountToken": True}, "in the cluster its automountServiceAccountToken is true", id="automount"),
]


@pytest.mark.parametrize("namespace", [", namespace: shop", ""])
@pytest.mark.parametrize(("spec", "reason"), BY_HAND)
def test_what_somebody_has_changed_in_the_cluster_is_left_alone(given: str, spec: Object, reason: str, namespace: str) -> None:
    """Applied, the new account would take the place of the one that it rests on."""
    written(given, deployment("web", **spec))
    report = audited(WEB.replace(", namespace: shop", namespace), given)
    assert report["summary"]["changed_files"] == 0
    assert any(one["id"] == "above-max-risk" and reason in one["message"] for one in report["findings"]), report["findings"]
    assert audited(WEB.replace(", namespace: shop", namespace), given, "--max-risk", "L4")["summary"]["changed_files"] == 1


def test_the_same_by_its_pods_and_under_the_name_that_a_build_gives_it(given: str) -> None:
    Path("kustomization.yaml").write_text("namespace: shop\nnamePrefix: p-\nresources: [web.yaml]\n")
    written(given, pod("p-web-5f6c7d8b9-abcd2", "by-hand"))
    report = audited(WEB, given)
    assert report["summary"]["changed_files"] == 0
    assert any("in the cluster it runs as by-hand" in one["message"] for one in report["findings"])
    written(given, pod("web-5f6c7d8b9-abcd2", "by-hand"))
    assert audited(WEB, given)["summary"]["changed_files"] > 0
