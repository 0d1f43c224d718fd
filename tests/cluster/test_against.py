"""What runs held against the manifests: what only one of them has, and where they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.dumps import Object, container, deployment, listed, live, pod
from tests.command import invoke

MANIFEST = """\
apiVersion: {api}
kind: {kind}
metadata: {{name: {name}{space}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      {spec}
      containers: [{{name: main, image: registry.example.com/main:1}}]
---
"""
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "0 1 * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: busybox:1}]}}}}
---
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").mkdir()


def manifest(name: str = "web", spec: str = "", namespace: str | None = "shop", **fields: Any) -> str:
    space = f", namespace: {namespace}" if namespace else ""
    return MANIFEST.format(name=name, spec=spec, space=space, **{"api": "apps/v1", "kind": "Deployment", "replicas": 1, **fields})


def compared(manifests: str, *objects: Object) -> dict[str, Any]:
    Path("deploy/all.yaml").write_text(manifests)
    result = invoke(["audit", "--format", "json", "--against", "deploy", "-"], listed(*objects))
    assert result.exit == 0, result.stderr
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def findings(manifests: str, *objects: Object) -> list[tuple[str, str]]:
    every = compared(manifests, *objects)["findings"]
    ids = ("not-declared", "not-running", "cluster-differs", "token-still-held", "injected-container")
    return [(one["id"], one["message"]) for one in every if one["id"] in ids]


def test_what_agrees_is_not_told() -> None:
    report = compared(manifest(), pod("web-5f6c7d8b9-abcd2"), deployment("web", serviceAccountName="default"))
    assert report["against"] == {"path": "deploy", "running": 1, "undeclared": 0, "absent": 0, "differing": 0}
    assert findings(manifest(namespace=None), pod("web-5f6c7d8b9-abcd2")) == []


def test_what_only_one_of_them_has() -> None:
    found = findings(
        manifest("gone"),
        pod("web-5f6c7d8b9-abcd2"),
        pod("web-5f6c7d8b9-abcd4"),
        pod("etcd-1", namespace="kube-system", owner=("v1", "Node", "n-1")),
    )
    assert found == [
        ("not-declared", "Node kube-system/n-1: static Pods of its kubelet run (1 pod, 1 with a token)"),
        ("not-declared", "Deployment shop/web: runs (2 pods, 2 with a token), and no manifest of deploy declares it"),
        ("not-running", "Deployment shop/gone: is declared, and nothing of it is in the dump"),
    ]


@pytest.mark.parametrize(
    ("manifests", "objects", "told"),
    [
        pytest.param(manifest("off", replicas=0), [], 0, id="none is asked for"),
        pytest.param(CRON, [], 0, id="a CronJob between its runs"),
        pytest.param(CRON, [live("batch/v1", "CronJob", "other", spec={"jobTemplate": {"spec": {"template": {"spec": {"containers": [container()]}}}}})], 1, id="a CronJob where others are seen"),
        pytest.param(manifest("a", namespace="pay") + manifest("b", namespace="pay"), [], 1, id="a namespace that the dump has nothing of"),
    ],
)  # fmt: skip
def test_what_need_not_run(manifests: str, objects: list[Object], told: int) -> None:
    found = findings(manifest() + manifests, pod("web-5f6c7d8b9-abcd2"), *objects)
    assert len([one for one in found if one[0] == "not-running"]) == told
    assert bool(compared(manifest() + manifests, pod("web-5f6c7d8b9-abcd2"), *objects)["against"]["absent"]) is bool(told)


@pytest.mark.parametrize(
    ("spec", "one", "message"),
    [
        pytest.param("serviceAccountName: web", pod("web-5f6c7d8b9-abcd2"), "1 pod of it: runs as default, and the manifest says web", id="account"),
        pytest.param("", pod("web-5f6c7d8b9-abcd2", spec={"automountServiceAccountToken": True}),
                     "1 pod of it: automountServiceAccountToken is true, and the manifest says not set", id="automount"),
        pytest.param("automountServiceAccountToken: false", pod("web-5f6c7d8b9-abcd2", has_token=False),
                     "1 pod of it: automountServiceAccountToken is not set, and the manifest says false", id="automount not applied, no token"),
        pytest.param("", deployment("web", serviceAccountName="by-hand"),
                     "the object in the cluster: runs as by-hand, and the manifest says default", id="the object"),
    ],
)  # fmt: skip
def test_what_was_changed_by_hand(spec: str, one: Object, message: str) -> None:
    assert findings(manifest(spec=spec), one, pod("x-5f6c7d8b9-abcd2"))[-1:] == [
        ("not-declared", "Deployment shop/x: runs (1 pod, 1 with a token), and no manifest of deploy declares it")
    ]
    assert ("cluster-differs", f"Deployment shop/web: {message}") in findings(manifest(spec=spec), one, pod("x-5f6c7d8b9-abcd2"))


def test_pods_that_hold_a_token_though_the_manifest_says_false() -> None:
    old, new = pod("web-5f6c7d8b9-abcd2"), pod("web-66cccccc9-abcd4", has_token=False, spec={"automountServiceAccountToken": False})
    message = "Deployment shop/web: 1 pod of it still holds a token, and the manifest says automountServiceAccountToken: false"
    assert findings(manifest(spec="automountServiceAccountToken: false"), old, new) == [("token-still-held", message)]


def test_pods_that_hold_a_token_though_the_account_says_false() -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\nautomountServiceAccountToken: false\n---\n"
    found = findings(account + manifest(spec="serviceAccountName: web"), pod("web-5f6c7d8b9-abcd2", "web"))
    assert found == [
        (
            "token-still-held",
            "Deployment shop/web: 1 pod of it still holds a token, and account web says automountServiceAccountToken: false",
        )
    ]


def test_a_container_that_is_injected() -> None:
    proxy = container(
        "istio-proxy", "docker.io/istio/proxyv2:1.29", ("kube-api-access-abcd2", "/var/run/secrets/kubernetes.io/serviceaccount")
    )
    main = container("main", "nginx:1", ("kube-api-access-abcd2", "/var/run/secrets/kubernetes.io/serviceaccount"))
    found = findings(manifest(), pod("web-5f6c7d8b9-abcd2", containers=(main, proxy)))
    assert [id_ for id_, _ in found] == ["injected-container"]
    assert "container istio-proxy, which the manifest has not, holds a token of account default" in found[0][1]
    quiet = pod("web-5f6c7d8b9-abcd2", has_token=False, containers=("main", "proxy"))
    assert findings(manifest(), quiet) == []


def test_one_of_an_objects_several_pods() -> None:
    """A pod is held against the template that it agrees with."""
    two = """\
apiVersion: example.com/v1
kind: Pair
metadata: {name: pair, namespace: shop}
spec:
  head: {spec: {serviceAccountName: head, containers: [{name: head, image: a:1}]}}
  tail: {spec: {serviceAccountName: tail, containers: [{name: tail, image: b:1}]}}
"""
    Path("kinds.yaml").write_text("- {group: example.com, kind: Pair, pods: [spec.head.spec, spec.tail.spec]}\n")
    Path("deploy/all.yaml").write_text(two)
    owner = ("example.com/v1", "Pair", "pair")
    pods = [pod(f"pair-{name}", name, owner=owner, labels={}, containers=(name,)) for name in ("head", "tail")]
    result = invoke(["audit", "--format", "json", "--kinds", "kinds.yaml", "--against", "deploy", "-"], listed(*pods))
    assert json.loads(result.stdout)["against"]["differing"] == 0


def test_names_are_those_that_a_build_makes() -> None:
    Path("deploy/kustomization.yaml").write_text("namespace: shop\nnamePrefix: p-\nresources: [all.yaml]\n")
    found = compared(manifest(namespace=None), pod("p-web-5f6c7d8b9-abcd2"))
    assert found["against"] == {"path": "deploy", "running": 1, "undeclared": 0, "absent": 0, "differing": 0}


def test_exit_codes_are_those_of_any_audit() -> None:
    Path("deploy/all.yaml").write_text(manifest(spec="serviceAccountName: web"))
    given, base = listed(pod("web-5f6c7d8b9-abcd2", has_token=False)), ["audit", "--against", "deploy", "-"]
    assert invoke(base, given).exit == 0
    assert [invoke([*base, "--fail-on", what], given).exit for what in ("warning", "error", "token")] == [1, 0, 0]
    assert invoke(["audit", "--against", "nowhere", "-"], given).exit == 2
    Path("deploy/all.yaml").write_text("apiVersion: v1\nkind: Pod\n  broken: [\n")
    assert invoke(base, given).exit == 2


def test_the_text_tells_every_difference() -> None:
    Path("deploy/all.yaml").write_text("".join(manifest(f"gone-{number}") for number in range(20)))
    told = invoke(["audit", "--against", "deploy", "-"], listed(pod("web-5f6c7d8b9-abcd2"))).stdout.decode()
    assert all(f"Deployment shop/gone-{number}: is declared" in told for number in range(20))
    assert "1 workload in the cluster: 1 that no manifest declares, 20 declared in deploy and not there, 0 that differ" in told


def test_a_dump_beside_the_manifests() -> None:
    """A file instead of a stream, in the same repository: it is no manifest of it."""
    Path(".git").mkdir()
    Path("deploy/all.yaml").write_text(manifest())
    Path("cluster.json").write_bytes(listed(pod("web-5f6c7d8b9-abcd2"), pod("x-5f6c7d8b9-abcd2")))
    result = invoke(["audit", "--format", "json", "--against", ".", "cluster.json"])
    assert json.loads(result.stdout)["against"] == {"path": ".", "running": 2, "undeclared": 1, "absent": 0, "differing": 0}


def test_what_is_known_is_silenced_by_an_annotation_on_either_side() -> None:
    note = {"samigrate.dev/ignore": "not-declared: the platform team's"}
    assert findings(manifest(), pod("web-5f6c7d8b9-abcd2"), pod("x-5f6c7d8b9-abcd2", annotations=note)) == []
    quiet = manifest("gone").replace(
        "{name: gone, namespace: shop}", '{name: gone, namespace: shop, annotations: {samigrate.dev/ignore: "not-running: soon"}}'
    )
    report = compared(manifest() + quiet, pod("web-5f6c7d8b9-abcd2"))
    assert not [one for one in report["findings"] if one["id"] in ("not-running", "unused-suppression")]
    assert b"unused-suppression" not in invoke(["audit", "--format", "json", "deploy"]).stdout


def test_the_page_shows_what_is_printed() -> None:
    top = Path(__file__).parent.parent.parent
    assert (top / "golden/cluster-against-manifests/report.txt").read_text() in (top / "docs/cluster.md").read_text()
