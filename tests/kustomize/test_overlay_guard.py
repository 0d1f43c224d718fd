"""No edit of a base goes under a patch that an overlay makes of the same fields, whichever transform makes it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke
from tests.support import tools

ACCOUNTS = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, annotations: {samigrate.dev/managed: 'true'}}\n"
MIGRATED = (
    "{name: web, annotations: {samigrate.dev/previous-service-account: default, samigrate.dev/previous-automount: unset}}",
    "serviceAccountName: web, automountServiceAccountToken: false,",
    "containers: [{name: web, image: nginx}]",
)
BASES = {
    "least-privilege on default": ("least-privilege", "{name: web}", "", "containers: [{name: web, image: nginx}]"),
    "the alias": ("least-privilege", "{name: web}", "serviceAccount: web,", "containers: [{name: web, image: nginx}]"),
    "both names": ("least-privilege", "{name: web}", "serviceAccount: default, serviceAccountName: default,", "containers: [{name: web, image: nginx}]"),
    "a token for one container": (
        "scope-token",
        "{name: web}",
        "serviceAccountName: web,",
        "containers: [{name: web, image: x, args: [--leader-elect]}, {name: proxy, image: nginx}]",
    ),
    "rollback": ("rollback", *MIGRATED),
}  # fmt: skip
ACCOUNT_PATCHES = {
    "another account": "spec: {template: {spec: {serviceAccountName: other}}}",
    "another alias": "spec: {template: {spec: {serviceAccount: other}}}",
    "an account by its pointer": "[{op: add, path: /spec/template/spec/serviceAccountName, value: other}]",
    "no alias": "[{op: remove, path: /spec/template/spec/serviceAccount}]",
    "a test of the account": "[{op: test, path: /spec/template/spec/serviceAccountName, value: default}]",
}
TOKEN_PATCHES = {
    "a token": "spec: {template: {spec: {automountServiceAccountToken: true}}}",
    "a token by its pointer": "[{op: add, path: /spec/template/spec/automountServiceAccountToken, value: true}]",
    "no word of a token": "[{op: remove, path: /spec/template/spec/automountServiceAccountToken}]",
}
PATCHES = {**ACCOUNT_PATCHES, **TOKEN_PATCHES, "something else": "spec: {replicas: 3}"}
WRITTEN = {
    "another account": ("data.account", "spec.template.spec.serviceAccountName"),
    "another alias": ("data.account", "spec.template.spec.serviceAccount"),
    "a token": ("binaryData.token", "spec.template.spec.automountServiceAccountToken"),
    "something else": ("data.account", "spec.template.metadata.labels.account"),
}
"""What replacements write: a key of a ConfigMap into a field, which is made where it is not there."""


def lay(folder: Path, base: str, over: str, *, is_component: bool = False) -> None:
    """A base, and what is laid over it: in an overlay, or in a component that the overlay uses."""
    _, metadata, fields, containers = BASES[base]
    web = (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec: {{template: {{spec: {{{fields} {containers}}}}}}}\n{ACCOUNTS}"
    )
    files = {
        "base/kustomization.yaml": "resources: [web.yaml, source.yaml]\n",
        "base/source.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: source}\ndata: {account: other}\nbinaryData: {token: true}\n",
        "base/web.yaml": web,
        "prod/kustomization.yaml": f"resources: [../base]\n{'components: [../part]' if is_component else over}\n",
        "part/kustomization.yaml": f"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{over}\n",
    }
    if not is_component:
        del files["part/kustomization.yaml"]
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def patching(patch: str) -> str:
    head = "" if patch.startswith("[") else "apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      "
    return f"patches:\n- target: {{kind: Deployment, name: web}}\n  patch: |-\n      {head}{patch}\n"


def replacing(key: str, field: str) -> str:
    return (
        f"replacements: [{{source: {{kind: ConfigMap, name: source, fieldPath: {key}}}, targets: [{{select: {{kind: Deployment}}, "
        f"fieldPaths: [{field}], options: {{create: true}}}}]}}]\n"
    )


def pod(folder: Path) -> dict[str, Any]:
    found = next(yaml.safe_load_all((folder / "base/web.yaml").read_text()))["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


def built(folder: Path) -> dict[str, Any]:
    """The pods of what kubectl builds; {} where it refuses to."""
    done = subprocess.run([str(tools.need("kubectl")), "kustomize", "prod"], capture_output=True, text=True, check=False, cwd=folder)
    found = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "Deployment"]
    return dict(found[0]["spec"]["template"]["spec"]) if found else {}


WAYS = {
    **{
        f"{name}, in {way}": (patching(patch), way == "a component")
        for name, patch in PATCHES.items()
        for way in ("an overlay", "a component")
    },
    **{f"{name}, by a replacement": (replacing(*written), False) for name, written in WRITTEN.items()},
    **{f"{name}, by a component's replacement": (replacing(*written), True) for name, written in WRITTEN.items()},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("base", BASES)
def test_what_is_written_is_what_is_built(base: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By kubectl itself: no edit is overruled, and no field that was not edited changes in the build."""
    monkeypatch.chdir(tmp_path)
    over, is_component = WAYS[way]
    lay(tmp_path, base, over, is_component=is_component)
    source, before = pod(tmp_path), built(tmp_path)
    if not before:
        pytest.skip("kubectl refuses the build")
    assert invoke(["migrate", "--recipe", BASES[base][0], "--write", "."]).exit == 0
    new, after = pod(tmp_path), built(tmp_path)
    edited = {key for key in {**source, **new} if source.get(key) != new.get(key)}
    assert {key: after.get(key) for key in edited} == {key: new.get(key) for key in edited}
    assert {key: one for key, one in after.items() if key not in edited} == {key: one for key, one in before.items() if key not in edited}
    assert edited or "something else" not in way  # the guard is no excuse to do nothing


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("base", BASES)
def test_what_an_overlay_patches_is_left_alone(base: str, patch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, base, patching(PATCHES[patch]))
    before = pod(tmp_path)
    assert invoke(["migrate", "--recipe", BASES[base][0], "--write", "."]).exit == 0
    changed = {key for key in {**before, **pod(tmp_path)} if before.get(key) != pod(tmp_path).get(key)}
    if patch in ACCOUNT_PATCHES:
        assert changed.isdisjoint(("serviceAccountName", "serviceAccount"))
    if patch in TOKEN_PATCHES:
        assert "automountServiceAccountToken" not in changed
    if patch == "something else":
        assert changed  # the guard is no excuse to do nothing
