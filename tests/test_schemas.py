"""What comes out is what the API server takes: validated against Kubernetes' own schemas, strictly."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from samigrate.domain.model import Risk
from tests.stream import migrate

VERSION = kubernetes_validate.latest_version()
GOLDEN = Path(__file__).parent.parent / "golden"
TREES = [path for path in sorted(GOLDEN.glob("*/expected")) if not path.parent.name.startswith(("bad-", "bytes-"))]


def complaint(manifest: dict[str, Any]) -> str | None:
    """What the schema says against an object; None where it is valid, or of a kind without a schema."""
    return _complaint(json.dumps(manifest, default=str))


@cache
def _complaint(manifest: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kubernetes_validate.validate(json.loads(manifest), VERSION, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return None
    except kubernetes_validate.ValidationError as error:
        return str(error)[:500]
    return None


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a document, those in Lists and Templates one by one."""
    if isinstance(value, dict) and "kind" in value:
        inside = value.get("items") or value.get("objects")
        if isinstance(inside, list) and str(value["kind"]).endswith(("List", "Template")):
            for item in inside:
                yield from objects(item)
        else:
            yield value


def read(text: str) -> list[dict[str, Any]]:
    return [one for document in yaml.safe_load_all(text) for one in objects(document)]


def known(manifest: dict[str, Any]) -> tuple[Any, ...]:
    return manifest.get("apiVersion"), manifest["kind"], str(manifest.get("metadata", {}).get("name"))


# ---------------------------------------------------------------- every kind with every change

CONTROLLER = """\
apiVersion: {api}
kind: {kind}
metadata:
  name: web
  namespace: shop
spec:
  {more}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      {pod}
"""
SELECTOR = "selector: {matchLabels: {app: web}}"
KINDS = {
    "Deployment": CONTROLLER.format(api="apps/v1", kind="Deployment", more=SELECTOR, pod="{pod}"),
    "ReplicaSet": CONTROLLER.format(api="apps/v1", kind="ReplicaSet", more=SELECTOR, pod="{pod}"),
    "DaemonSet": CONTROLLER.format(api="apps/v1", kind="DaemonSet", more=SELECTOR, pod="{pod}"),
    "StatefulSet": CONTROLLER.format(api="apps/v1", kind="StatefulSet", more=SELECTOR + "\n  serviceName: web", pod="{pod}"),
    "ReplicationController": CONTROLLER.format(api="v1", kind="ReplicationController", more="selector: {app: web}", pod="{pod}"),
    "Job": CONTROLLER.format(api="batch/v1", kind="Job", more="backoffLimit: 1", pod="restartPolicy: Never\n      {pod}"),
    "CronJob": "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web, namespace: shop}\nspec:\n  schedule: '@daily'\n  jobTemplate:\n"
    "    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          {pod}\n",
    "Pod": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  {pod}\n",
    "PodTemplate": "apiVersion: v1\nkind: PodTemplate\nmetadata:\n  name: web\n  namespace: shop\ntemplate:\n  spec:\n    {pod}\n",
}
DEFAULT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
PODS = {
    "plain": "containers: [{name: app, image: nginx}]",
    "kubectl": "containers: [{name: app, image: bitnami/kubectl}]",
    "alias": "serviceAccount: app\n{pad}containers: [{name: app, image: nginx}]",
    "exported": "containers: [{name: app, image: nginx, volumeMounts: [{name: kube-api-access-9zq4w, mountPath: " + DEFAULT_PATH + "}]}]\n"
    "{pad}volumes: [{name: kube-api-access-9zq4w, projected: {sources: [{serviceAccountToken: {path: token}}]}}]",
    "environment": "serviceAccountName: app\n{pad}containers:\n{pad}- name: app\n{pad}  image: nginx\n{pad}  env:\n"
    "{pad}  - {name: A, valueFrom: {secretKeyRef: {name: app-token-x7k2p, key: namespace}}}\n"
    "{pad}  - {name: B, valueFrom: {secretKeyRef: {name: app-token-x7k2p, key: ca.crt}}}",
}
VOLUMES = {
    "volume": "secret: {secretName: app-token-x7k2p}",
    "optional volume": "secret: {secretName: app-token-x7k2p, optional: true, defaultMode: 0440}",
    "items": "secret: {secretName: app-token-x7k2p, items: [{key: token, path: t, mode: 0400}, {key: ca.crt, path: c}, {key: namespace, path: space}]}",
    "another key": "secret: {secretName: app-token-x7k2p, items: [{key: token, path: t}, {key: service-ca.crt, path: s, mode: 0444}]}",
    "source": "projected: {sources: [{configMap: {name: other}}, {secret: {name: app-token-x7k2p}}]}",
}
for name, content in VOLUMES.items():
    for account in ("app", ""):
        PODS[f"{name} of {account or 'default'}"] = (f"serviceAccountName: {account}\n{{pad}}" if account else "") + (
            "containers: [{name: app, image: nginx, volumeMounts: [{name: v, mountPath: /v}]}]\n{pad}volumes:\n{pad}- name: v\n{pad}  "
            + content
        )
BESIDE = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: app, namespace: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: shop}
imagePullSecrets: [{name: registry}]
secrets: [{name: git}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: users, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:serviceaccount:shop:default"}
---
"""


@pytest.mark.parametrize("beside", [BESIDE.split("---\n")[0] + "---\n", BESIDE], ids=["alone", "bound"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_every_change(kind: str, beside: str) -> None:
    changed = 0
    for name, pod in PODS.items():
        manifest = KINDS[kind]
        pad = next(line for line in manifest.splitlines() if "{pod}" in line).split("{pod}")[0]
        text = beside + manifest.replace("{pod}", pod.replace("{pad}", " " * (len(pad) - len(pad.lstrip()))))
        assert not [found for one in read(text) if (found := complaint(one))], f"{name}: the input is wrong"
        run = migrate(text, risk=Risk.L4)
        for one in read(run.after):
            assert complaint(one) is None, f"{name}: {run.after}"
        changed += not run.is_untouched
    assert changed >= len(PODS) - 3


# ---------------------------------------------------------------- golden cases


@pytest.mark.parametrize("tree", TREES, ids=[path.parent.name for path in TREES])
def test_golden_outputs(tree: Path) -> None:
    """Whatever was valid is valid, and whatever is new is."""
    for path in sorted(tree.rglob("*")):
        if path.suffix not in (".yaml", ".yml", ".json") or "templates" in path.relative_to(tree).parts:
            continue  # a chart's templates are no manifests
        before = tree.parent / "input" / path.relative_to(tree)
        wrong_before = {known(one) for one in read(before.read_text(encoding="utf-8")) if complaint(one)} if before.is_file() else set()
        for one in read(path.read_text(encoding="utf-8")):
            if known(one) not in wrong_before:
                assert complaint(one) is None, f"{path}: {one}"


def test_the_schemas_catch_what_is_wrong() -> None:
    """The check itself: an unknown key, and a wrong type."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    assert complaint(pod) is None
    assert complaint({**pod, "spec": {**pod["spec"], "serviceAcountName": "x"}})  # type: ignore[dict-item]
    assert complaint({**pod, "spec": {**pod["spec"], "automountServiceAccountToken": "false"}})  # type: ignore[dict-item]
    assert len(TREES) > 30
