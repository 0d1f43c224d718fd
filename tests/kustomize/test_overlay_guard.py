"""No edit of a base goes under a patch that an overlay makes of the same fields, whichever transform makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke

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


def lay(folder: Path, base: str, patch: str) -> None:
    _, metadata, fields, containers = BASES[base]
    web = (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec: {{template: {{spec: {{{fields} {containers}}}}}}}\n{ACCOUNTS}"
    )
    head = "" if patch.startswith("[") else "apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      "
    files = {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": web,
        "prod/kustomization.yaml": f"resources: [../base]\npatches:\n- target: {{kind: Deployment, name: web}}\n  patch: |-\n      {head}{patch}\n",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def pod(folder: Path) -> dict[str, Any]:
    found = next(yaml.safe_load_all((folder / "base/web.yaml").read_text()))["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("base", BASES)
def test_what_an_overlay_patches_is_left_alone(base: str, patch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, base, PATCHES[patch])
    before = pod(tmp_path)
    assert invoke(["migrate", "--recipe", BASES[base][0], "--write", "."]).exit == 0
    changed = {key for key in {**before, **pod(tmp_path)} if before.get(key) != pod(tmp_path).get(key)}
    if patch in ACCOUNT_PATCHES:
        assert changed.isdisjoint(("serviceAccountName", "serviceAccount"))
    if patch in TOKEN_PATCHES:
        assert "automountServiceAccountToken" not in changed
    if patch == "something else":
        assert changed  # the guard is no excuse to do nothing
