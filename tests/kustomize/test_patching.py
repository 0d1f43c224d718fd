"""What a kustomization adds to a workload counts as evidence that the workload uses the API (R-E1, R-F21)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import invoke

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx:1.29
"""
ADDS_A_CONTAINER = """\
patches:
- target: {kind: Deployment}
  patch: |-
    - op: add
      path: /spec/template/spec/containers/-
      value: {name: reload, image: example.com/reload, command: [kubectl, get, pods]}
"""
ADDS_A_VARIABLE = """\
patchesStrategicMerge:
- |-
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec: {template: {spec: {containers: [{name: web, env: [{name: KUBECONFIG, value: /etc/kube}]}]}}}
"""
BINDS_ANOTHER_ACCOUNT = """\
resources: [../base, rights.yaml]
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {serviceAccountName: reader}}}
"""
RIGHTS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {kind: ClusterRole, name: view, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: reader}]
"""
FOR_ANOTHER = ADDS_A_CONTAINER.replace("{kind: Deployment}", "{kind: Deployment, name: other}")
HARMLESS = ADDS_A_CONTAINER.replace("example.com/reload, command: [kubectl, get, pods]", "busybox")


def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlay: str) -> tuple[str, list[tuple[str, str]]]:
    """The verdict on the base's workload, and (place, detail) of its evidence."""
    files = {
        "base/deployment.yaml": BASE,
        "base/kustomization.yaml": "resources: [deployment.yaml]\n",
        "overlay/kustomization.yaml": overlay if overlay.startswith("resources:") else "resources: [../base]\n" + overlay,
        "overlay/rights.yaml": RIGHTS,
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    result = invoke(["audit", "--format", "json", "."])
    assert result.exit == 0, result.stderr
    (workload,) = json.loads(result.stdout)["workloads"]
    return workload["verdict"], [(one["path"], one["detail"]) for one in workload["evidence"]]


@pytest.mark.parametrize(
    ("overlay", "verdict"),
    [
        pytest.param(ADDS_A_CONTAINER, "likely", id="operations add a container"),
        pytest.param(ADDS_A_VARIABLE, "likely", id="a strategic merge adds a variable to a container that is there"),
        pytest.param(BINDS_ANOTHER_ACCOUNT, "required", id="a patch names an account that is bound"),
        pytest.param("commonAnnotations: {vault.hashicorp.com/agent-inject: 'true'}\n", "likely", id="an annotation asks for a sidecar"),
        pytest.param("images: [{name: nginx, newName: quay.io/argoproj/argocd}]\n", "likely", id="the image is another one"),
        pytest.param(FOR_ANOTHER, "none", id="a patch for another object"),
        pytest.param(HARMLESS, "none", id="a container that needs no API"),
        pytest.param(HARMLESS.replace("/containers/-", "/containers/7/x"), "none", id="an operation that finds no place"),
    ],
)
def test_what_a_build_adds_is_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlay: str, verdict: str) -> None:
    assert judged(tmp_path, monkeypatch, overlay)[0] == verdict


def test_it_stands_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = judged(tmp_path, monkeypatch, ADDS_A_CONTAINER)[1]
    assert ("overlay/kustomization.yaml", "runs with kubectl (cli)") in said


def test_an_unknown_container_takes_the_counter_evidence_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weak sign in the base is not outweighed by images of which the overlay's is unknown."""
    weak = ADDS_A_CONTAINER.replace("reload, command: [kubectl, get, pods]", "reload, env: [{name: K8S_NODE, value: x}]")
    assert judged(tmp_path, monkeypatch, weak)[0] == "unknown"
