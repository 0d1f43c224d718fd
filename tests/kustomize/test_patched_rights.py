"""What an overlay's patches make of bindings and accounts counts for the workloads of its base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: registry.example.com/web:1}]}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: readers}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]
"""
TARGET = "target: {kind: ClusterRoleBinding, name: readers}, patch: "
PATCHES = {
    "sets a namespace": "[{op: replace, path: /subjects/0/namespace, value: ops}]",
    "sets a name": "[{op: replace, path: /subjects/0/name, value: default}, {op: replace, path: /subjects/0/namespace, value: ops}]",
    "adds a subject": "[{op: add, path: /subjects/-, value: {kind: ServiceAccount, name: default, namespace: ops}}]",
    "adds a user": "[{op: add, path: /subjects/-, value: {kind: User, name: 'system:serviceaccount:ops:default'}}]",
    "merges": "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: readers}, "
    "subjects: [{kind: ServiceAccount, name: default, namespace: ops}]}",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lay(base: str, binding: str, overlay: str) -> None:
    files = {
        "base/kustomization.yaml": f"{base}\nresources: [web.yaml, binding.yaml]\n",
        "base/web.yaml": WEB,
        "base/binding.yaml": binding,
        "prod/kustomization.yaml": f"namespace: ops\nresources: [../base]\n{overlay}\n",
    }
    for path, text in files.items():
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text)


def pod() -> dict[str, Any]:
    assert invoke(["migrate", "--write", "."]).exit == 0
    made = next(yaml.safe_load_all(Path("base/web.yaml").read_text()))["spec"]["template"]["spec"]
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize("patch", PATCHES)
def test_a_patch_that_gives_rights(patch: str) -> None:
    name = "default" if patch == "sets a namespace" else "reader"
    lay("", BINDING.format(name=name, namespace="elsewhere"), f"patches: [{{{TARGET}{yaml.safe_dump(PATCHES[patch], width=999).strip()}}}]")
    made = pod()
    assert made.get("automountServiceAccountToken") is not False
    assert made.get("serviceAccountName", "default") == "default"  # what the patch names is the old account


def test_a_patch_that_gives_rights_to_another() -> None:
    patch = "[{op: add, path: /subjects/-, value: {kind: ServiceAccount, name: other, namespace: ops}}]"
    lay("", BINDING.format(name="reader", namespace="elsewhere"), f"patches: [{{{TARGET}{yaml.safe_dump(patch, width=999).strip()}}}]")
    assert pod()["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("stated", "is_bound"), [("base", True), ("default", True), ("other", False)])
def test_a_subject_goes_along_with_its_account_from_namespace_to_namespace(stated: str, is_bound: bool) -> None:
    """kustomize sets the namespace of a subject that names an account of the build, as each layer has it."""
    Path("base").mkdir()
    lay("namespace: base", BINDING.format(name="web", namespace=stated), "")
    Path("base/web.yaml").write_text(WEB.replace("{spec: {containers", "{spec: {serviceAccountName: web, containers"))
    assert (pod().get("automountServiceAccountToken") is not False) is is_bound


def test_a_patch_that_gives_the_old_account_a_role_is_for_people_to_look_at() -> None:
    patch = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, annotations: {eks.amazonaws.com/role-arn: x}}}"
    lay("", BINDING.format(name="reader", namespace="elsewhere"), f"patches: [{{patch: {yaml.safe_dump(patch, width=999).strip()}}}]")
    assert "serviceAccountName" not in pod()
    assert "prod/kustomization.yaml patches the account it leaves" in invoke(["audit", "."]).stdout.decode()


@pytest.mark.parametrize("name", ["web", "a-web", "b-a-web"])
def test_a_binding_may_call_an_account_as_any_layer_has_made_it(name: str) -> None:
    """kustomize finds the account by each of its names, and gives the subject the last."""
    lay("", BINDING.format(name="reader", namespace="elsewhere"), "namePrefix: a-")
    Path("base/web.yaml").write_text(WEB.replace("{spec: {containers", "{spec: {serviceAccountName: web, containers"))
    Path("top").mkdir()
    resources = "[../prod, named.yaml]"
    Path("top/kustomization.yaml").write_text(f"namePrefix: b-\nnamespace: ops\nresources: {resources}\n")
    Path("top/named.yaml").write_text(BINDING.format(name=name, namespace="ops").replace("readers", "named"))
    assert pod().get("automountServiceAccountToken") is not False


def test_a_binding_of_another_namespace_is_not_renamed_with_an_account_of_that_name() -> None:
    """`web` of the namespace `elsewhere` is not the account of the build, whatever the build calls its own."""
    lay("", BINDING.format(name="web", namespace="elsewhere"), "namePrefix: a-")
    other = WEB.replace("metadata: {name: web}", "metadata: {name: other, namespace: elsewhere}", 1).split("---")[0]
    Path("other").mkdir()
    Path("other/web.yaml").write_text(other.replace("{spec: {containers", "{spec: {serviceAccountName: web, containers"))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert "automountServiceAccountToken: false" not in Path("other/web.yaml").read_text()


PART = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


@pytest.mark.parametrize(
    ("transformer", "is_bound"),
    [("{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: n, namespace: ops}}", True),
     ("{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: n, namespace: shop}}", False),
     ("{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: n, namespace: ops}, unsetOnly: true}", True),
     ("{apiVersion: example.com/v1, kind: Renamer, metadata: {name: n}}", True)],
)  # fmt: skip
def test_a_namespace_that_a_transformer_sets(transformer: str, is_bound: bool) -> None:
    """What a plugin does is not known: then what its build holds is in doubt."""
    Path("app").mkdir()
    Path("app/kustomization.yaml").write_text(f"{PART}resources: [web.yaml]\ntransformers: [transformer.yaml]\n")
    Path("app/transformer.yaml").write_text(transformer + "\n")
    Path("app/web.yaml").write_text(WEB)
    Path("rights").mkdir()
    Path("rights/kustomization.yaml").write_text(f"{PART}resources: [rights.yaml]\n")
    Path("rights/rights.yaml").write_text(BINDING.format(name="default", namespace="ops"))
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert ("automountServiceAccountToken: false" not in Path("app/web.yaml").read_text()) is is_bound


REPLACED = (
    "replacements: [{source: {kind: ConfigMap, name: nowhere, fieldPath: data.x}, targets: [{select: {kind: %s}, fieldPaths: [%s]}]}]"
)
UNKNOWN = {
    "a patch file with a typing error": "patches: [{path: broken.yaml}]",
    "a patch file with a typing error, for bindings": "patches: [{path: broken.yaml, target: {kind: ClusterRoleBinding}}]",
    "a patch file that is not there": "patches: [{path: nowhere.yaml, target: {kind: Deployment}}]",
    "a patch from another host": "patches: [{path: https://example.com/patch.yaml, target: {kind: Deployment}}]",
    "an old patch from another host": "patchesStrategicMerge: [https://example.com/patch.yaml]",
    "a replacement of the account": REPLACED % ("Deployment", "spec.template.spec.serviceAccountName"),
    "a replacement of a subject": REPLACED % ("ClusterRoleBinding", "subjects.0.name"),
}


@pytest.mark.parametrize("overlay", UNKNOWN)
def test_what_is_not_known_of_a_build_is_doubt(overlay: str) -> None:
    lay("", BINDING.format(name="reader", namespace="elsewhere"), UNKNOWN[overlay])
    Path("prod/broken.yaml").write_text("- op: add\n  path: [/subjects/-\n  value: {kind: ServiceAccount\n")
    assert pod().get("automountServiceAccountToken") is not False


@pytest.mark.parametrize("overlay", ["patches: [{path: broken.yaml, target: {kind: Ingress}}]", REPLACED % ("Ingress", "spec.x"), ""])
def test_what_is_not_known_of_others_is_none(overlay: str) -> None:
    lay("", BINDING.format(name="reader", namespace="elsewhere"), overlay)
    Path("prod/broken.yaml").write_text("- op: [add\n")
    assert pod().get("automountServiceAccountToken") is False
