"""What samigrate takes a build to be is what kubectl builds: its accounts, bindings and workloads."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from tests.support import differential, tools
from tests.test_plan import fill

APPS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}, annotations: {team: shop}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers: [{name: app, image: "example.com/web:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-api, labels: {tier: back}}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: app, image: "example.com/api:1"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: jobs}
spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {serviceAccountName: web, containers: [{name: a, image: x}]}}}}}
"""
RIGHTS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: ServiceAccount, name: web}
- {kind: ServiceAccount, name: default, namespace: other}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: ServiceAccount, name: web, namespace: default}
- {kind: Group, name: staff, apiGroup: rbac.authorization.k8s.io}
"""
BASE = {"base/kustomization.yaml": "resources: [apps.yaml, rights.yaml]\n", "base/apps.yaml": APPS, "base/rights.yaml": RIGHTS}
ACCOUNT = '[{"op": "add", "path": "/spec/template/spec/serviceAccountName", "value": "patched"}]'
MERGE = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {serviceAccountName: merged}}}\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
PLACE = '[{"op": "replace", "path": "%s", "value": "%s"}]'


def targeted(target: str, patch: str = ACCOUNT, said: str = "patches") -> str:
    return f"{said}:\n- target: {target}\n  patch: '{patch}'\n"


OVERLAYS = {
    "namespace": "namespace: shop\n",
    "prefix and suffix": "namePrefix: a-\nnameSuffix: -z\n",
    "all of them": "namespace: shop\nnamePrefix: a-\nnameSuffix: -z\n",
    "a target by name": targeted("{kind: Deployment, name: web}"),
    "a target by expression": targeted("{kind: Deployment, name: 'web.*'}"),
    "a target by half a name": targeted("{kind: Deployment, name: eb-a}"),
    "a target by alternatives": targeted("{kind: Deploy.*, name: web|web-api}"),
    "a target by label": targeted("{labelSelector: 'tier in (front, side)'}"),
    "a target by labels": targeted("{kind: Deployment, labelSelector: 'tier!=front'}"),
    "a target by annotation": targeted("{annotationSelector: team=shop}"),
    "a target by namespace": "namespace: shop\n" + targeted("{kind: Deployment, namespace: default}"),
    "a target by group": targeted("{group: apps, version: v1}"),
    "a target of another kind or version": targeted("{kind: StatefulSet}") + targeted("{version: v9}").removeprefix("patches:\n"),
    "a merge": "patches: [{path: merge.yaml}]\n",
    "a merge, then a name": "namePrefix: a-\npatches: [{path: merge.yaml}]\n",
    "a merge for all": "patches: [{path: merge.yaml, target: {kind: Deployment}}]\n",
    "an old merge": "patchesStrategicMerge: [merge.yaml]\n",
    "an old patch": "namePrefix: a-\n" + targeted("{group: apps, version: v1, kind: Deployment, name: web}", said="patchesJson6902"),
    "an account that is deleted": "patches: [{patch: '{$patch: delete, apiVersion: v1, kind: ServiceAccount, metadata: {name: web}}'}]\n",
    "an automount": "patches: [{patch: '{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, automountServiceAccountToken: false}'}]\n",
    "subjects by place": targeted("{kind: RoleBinding}", PLACE % ("/subjects/1/namespace", "here")),
    "subjects by merge": "patches: [{patch: '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: web}, "
    "subjects: [{kind: ServiceAccount, name: web, namespace: default}]}'}]\n",
    "a binding that is renamed": targeted("{kind: ClusterRoleBinding}", PLACE % ("/metadata/name", "other")),
    "an account that is renamed": targeted("{kind: ServiceAccount, name: web}", PLACE % ("/metadata/name", "other")),
    "a replacement": "replacements: [{source: {kind: ServiceAccount, name: default}, targets: [{select: {kind: Deployment}, reject: "
    "[{name: web-api}], fieldPaths: [spec.template.spec.serviceAccountName]}]}]\n",
    "a replacement of a part": "replacements: [{source: {kind: Deployment, name: web, fieldPath: 'spec.template.spec.containers.[name=app].image', "
    "options: {delimiter: /, index: 0}}, targets: [{select: {kind: ServiceAccount, name: web}, fieldPaths: [metadata.annotations.host], "
    "options: {create: true}}]}]\n",
    "a replacement that makes what is above it": "replacements: [{source: {kind: ServiceAccount, name: web}, targets: [{select: {kind: Deployment, "
    "name: web-api}, fieldPaths: [spec.template.metadata.annotations.x], options: {create: true}}]}]\n",
    "a transformer": "transformers: [transformer.yaml]\n",
    "transformers in place": "transformers: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: x}, prefix: t-, fieldSpecs: "
    "[{path: metadata/name}]}', '{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: x, namespace: t}, unsetOnly: true}']\n",
    "a component": "namespace: shop\nnamePrefix: a-\ncomponents: [../part]\n",
    "labels": "labels: [{pairs: {tier: front}}]\n" + targeted("{labelSelector: tier=front}"),
    "replicas and images": "replicas: [{name: web, count: 3}]\nimages: [{name: example.com/web, newName: other}]\n",
    "vars": "namePrefix: a-\nconfigurations: [settings.yaml]\nvars:\n- {name: ACCOUNT, objref: {apiVersion: v1, kind: ServiceAccount, name: web}}\n"
    "- {name: SPACE, objref: {apiVersion: batch/v1, kind: CronJob, name: report}, fieldref: {fieldpath: metadata.namespace}}\n"
    + targeted("{kind: ClusterRoleBinding}", PLACE % ("/subjects/0/namespace", "$(SPACE)"))
    + targeted("{kind: Deployment, name: web-api}", ACCOUNT.replace("patched", "$(ACCOUNT)")).removeprefix("patches:\n"),
    "a binding by the name that the layer makes": "namePrefix: a-\nresources: [../base, named.yaml]\n",
}
BESIDE = {
    "over/settings.yaml": "varReference:\n- {path: subjects/namespace, kind: ClusterRoleBinding}\n"
    "- {path: spec/template/spec/serviceAccountName, kind: Deployment}\n",
    "over/merge.yaml": MERGE,
    "over/transformer.yaml": "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: x, namespace: made}\n"
    "fieldSpecs: [{path: metadata/namespace, create: true}]\nsetRoleBindingSubjects: defaultOnly\n",
    "part/kustomization.yaml": COMPONENT + f"nameSuffix: -part\nresources: [more.yaml]\n{targeted('{kind: Deployment, name: web}')}",
    "over/named.yaml": RIGHTS.split("---\n")[2].replace("name: web", "name: a-web").replace("metadata: {name: a-web}", "metadata: {name: more}"),
    "part/more.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: more}\n",
}  # fmt: skip


def compared(folder: Path) -> list[str]:
    """The differences in what kubectl builds."""
    found = list(differential.differences(str(folder), [str(tools.need("kubectl")), "kustomize"]))
    if not any(not told for _, told in found):
        pytest.skip("kubectl refuses the build")
    return [told for _, told in found if told]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_one_overlay(overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = OVERLAYS[overlay]
    over = said if "resources: [../" in said else f"resources: [../base]\n{said}"
    fill(tmp_path, {**BASE, **BESIDE, "over/kustomization.yaml": over})
    assert compared(tmp_path) == []


@pytest.mark.parametrize("seed", range(30))
def test_layers_by_chance(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two or three layers, each with some of what kustomizations say."""
    monkeypatch.chdir(tmp_path)
    dice = random.Random(seed)
    fill(tmp_path, BASE)
    below, name = "base", "web"
    for layer in ("one", "two", "three")[: dice.randint(2, 3)]:
        said: dict[str, object] = {"resources": [f"../{below}"]}
        patches: list[dict[str, object]] = []
        if dice.random() < 0.5:
            patches.append(
                {
                    "target": {"kind": "Deployment", "name": dice.choice(["web", name, ".*web.*", "w.b"])},
                    "patch": ACCOUNT.replace("patched", layer),
                }
            )
        if dice.random() < 0.4:
            patches.append({"patch": MERGE.replace("merged", layer).replace("name: web}", f"name: {dice.choice(['web', name])}}}")})
        if dice.random() < 0.4:
            patches.append(
                {
                    "target": {"labelSelector": dice.choice(["tier=front", "tier", "!tier", "layer=one"]), "kind": "Deployment"},
                    "patch": ACCOUNT,
                }
            )
        if patches:
            said["patches"] = patches
        if dice.random() < 0.5:
            said["namePrefix"] = f"{layer}-"
            name = f"{layer}-{name}"
        if dice.random() < 0.5:
            said["namespace"] = layer
        if dice.random() < 0.3:
            said["labels"] = [{"pairs": {"layer": layer}}]
        fill(tmp_path, {f"{layer}/kustomization.yaml": yaml.safe_dump(said)})
        below = layer
    assert compared(tmp_path) == []
