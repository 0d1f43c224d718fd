"""Accounts that exist already, on request only (R-A21), and pods that say what their account says (R-A20)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  template:
    spec:
      serviceAccountName: web
{more}      containers: [{{name: a, image: {image}}}]
"""
ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n"
BINDING = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""
RUNNER = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: runner, namespace: shop}
data: {config.toml: "[[runners]]\\n  executor = \\"kubernetes\\"\\n  [runners.kubernetes]\\n    service_account = \\"web\\"\\n    namespace = \\"shop\\"\\n"}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def web(name: str = "web", image: str = "nginx", automount: str = "") -> str:
    return WEB.format(name=name, image=image, more=f"      automountServiceAccountToken: {automount}\n" if automount else "")


def migrated(content: str, *options: str) -> dict[tuple[str, str], Any]:
    Path("a.yaml").write_text(content)
    assert invoke(["migrate", "--write", *options, "."]).exit == 0
    assert invoke(["migrate", "--check", *options, "."]).exit == 0
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(Path("a.yaml").read_text())}


@pytest.mark.parametrize(
    ("content", "is_hardened"),
    [
        pytest.param(web() + ACCOUNT, True, id="its pods get an explicit false"),
        pytest.param(web(automount="true") + ACCOUNT + BINDING, True, id="its pods have an explicit true"),
        pytest.param(web(image="example.com/web:1") + ACCOUNT + BINDING, False, id="a pod that needs the API says nothing"),
        pytest.param(web() + "---\n" + web("api", "example.com/api:1") + ACCOUNT + BINDING, False, id="one of two rests on it"),
        pytest.param(ACCOUNT.removeprefix("---\n"), False, id="nobody is known to run as it"),
        pytest.param(web() + ACCOUNT + RUNNER, False, id="a runner starts pods as it"),
    ],
)
def test_an_account_that_exists(content: str, is_hardened: bool) -> None:
    found = migrated(content, "--harden-existing-sa")
    assert (found["ServiceAccount", "web"].get("automountServiceAccountToken") is False) is is_hardened


def test_not_without_being_asked() -> None:
    found = migrated(web() + ACCOUNT)
    assert "automountServiceAccountToken" not in found["ServiceAccount", "web"]


def test_every_consumer_is_told() -> None:
    Path("a.yaml").write_text("---\n".join(web(f"w{n}") for n in range(5)) + ACCOUNT)
    told = invoke(["migrate", "-v", "--harden-existing-sa", "."]).stderr
    assert "Deployment shop/w0, Deployment shop/w1, Deployment shop/w2 and 2 more say for themselves" in told


FALSE = ACCOUNT + "automountServiceAccountToken: false\n"


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(web(image="example.com/web:1") + FALSE, False, id="its account says false"),
        pytest.param(web(image="example.com/web:1") + FALSE + BINDING, False, id="and has rights that it cannot use"),
        pytest.param(web(automount="true") + FALSE + BINDING, True, id="it says true itself"),
        pytest.param(web(image="example.com/web:1") + ACCOUNT + BINDING, None, id="its account says nothing"),
        pytest.param(web(image="example.com/web:1"), None, id="its account is not here"),
    ],
)
def test_explicit(content: str, wanted: bool | None) -> None:
    pod = migrated(content, "--explicit")["Deployment", "web"]["spec"]["template"]["spec"]
    assert pod.get("automountServiceAccountToken") is wanted


def test_rollback_takes_what_was_made_explicit_back() -> None:
    content = web(image="example.com/web:1") + FALSE
    migrated(content, "--explicit")
    pod = migrated(Path("a.yaml").read_text(), "--recipe", "rollback")["Deployment", "web"]["spec"]["template"]["spec"]
    assert "automountServiceAccountToken" not in pod


def test_a_manifest_for_the_default_account() -> None:
    found = migrated(web(automount="false") + ACCOUNT, "--recipe", "harden-default", "--create")
    assert found["ServiceAccount", "default"]["automountServiceAccountToken"] is False
    assert found["ServiceAccount", "default"]["metadata"]["namespace"] == "shop"


def test_none_while_something_runs_as_it() -> None:
    found = migrated(web().replace("      serviceAccountName: web\n", ""), "--recipe", "harden-default", "--create")
    assert ("ServiceAccount", "default") not in found


def test_none_where_the_build_would_rename_it() -> None:
    Path("kustomization.yaml").write_text("namePrefix: a-\nresources: [a.yaml]\n")
    Path("a.yaml").write_text(web(automount="false") + ACCOUNT)
    assert invoke(["migrate", "--write", "--recipe", "harden-default", "--create", "."]).exit == 0
    assert Path("a.yaml").read_text() == web(automount="false") + ACCOUNT


def test_create_goes_with_its_recipe() -> None:
    Path("a.yaml").write_text(web())
    assert "--create goes with --recipe harden-default" in invoke(["migrate", "--create", "."]).stderr
