"""A new account is there before its pods and after its namespace, and is let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke

PROJECT = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: p, namespace: argocd}}\nspec: {}\n"
APPLICATION = "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a, namespace: argocd}}\nspec: {}\n"
ONLY_DEPLOYMENTS = "namespaceResourceWhitelist: [{group: apps, kind: Deployment}]"
TO_SHOP = "destinations: [{namespace: shop, server: x}]"


def workload(annotations: str = "", kind: str = "Deployment") -> str:
    return (
        f"apiVersion: {'batch/v1' if kind == 'Job' else 'apps/v1'}\nkind: {kind}\n"
        f"metadata: {{name: web, namespace: shop, annotations: {{{annotations}}}}}\n"
        "spec: {template: {spec: {containers: [{name: web, image: nginx}]}}}\n"
    )


def space(annotations: str) -> str:
    return f"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, annotations: {{{annotations}}}}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def migrated(files: dict[str, str], risk: str) -> list[dict[str, Any]]:
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    result = invoke(["migrate", "--write", "--max-risk", risk, "."])
    assert result.exit == 0, result.stderr
    return [one for path in sorted(Path().rglob("*.yaml")) for one in yaml.safe_load_all(path.read_text()) if one]


def account(files: dict[str, str], risk: str = "L3") -> dict[str, Any] | None:
    return next((one for one in migrated(files, risk) if one["kind"] == "ServiceAccount"), None)


def annotation(files: dict[str, str], key: str) -> str | None:
    made = account(files, "L4")  # a negative wave is for people to look at
    assert made is not None
    found = made["metadata"]["annotations"].get(key)
    assert found is None or isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("pods", "namespace", "expected"),
    [("2", "1", "1"), ("1", "1", "1"), ("0", "1", None), ("-2", "-3", "-2"), ("5", None, None), ("-1", None, "-1"), ("3", "-1", None)],
)
def test_the_wave_lies_between_the_namespaces_and_the_pods(pods: str, namespace: str | None, expected: str | None) -> None:
    said = 'argocd.argoproj.io/sync-wave: "{}"'
    text = workload(said.format(pods)) + (space(said.format(namespace)) if namespace else "")
    assert annotation({"web.yaml": text}, "argocd.argoproj.io/sync-wave") == expected


@pytest.mark.parametrize(("pods", "expected"), [("-10", "-10"), ("10", None)])
def test_a_weight_of_werf(pods: str, expected: str | None) -> None:
    assert annotation({"web.yaml": workload(f'werf.io/weight: "{pods}"')}, "werf.io/weight") == expected


@pytest.mark.parametrize("key", ["helm.sh/hook", "argocd.argoproj.io/hook", "kluctl.io/hook"])
def test_a_hook_keeps_its_account(key: str) -> None:
    assert account({"web.yaml": workload(f"{key}: pre-deploy", "Job")}) is None


@pytest.mark.parametrize(
    ("project", "application", "is_let_in"),
    [
        (f"{ONLY_DEPLOYMENTS}, {TO_SHOP}", "", False),
        (f"namespaceResourceWhitelist: [], {TO_SHOP}", "", False),
        (f"namespaceResourceBlacklist: [{{group: '', kind: ServiceAccount}}], {TO_SHOP}", "", False),
        (f"namespaceResourceBlacklist: [{{group: '*', kind: 'Service*'}}], {TO_SHOP}", "", False),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: '*'}}]", "project: p, source: {path: shop}", False),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: '*'}}]", "project: p, destination: {namespace: shop}", False),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: '*'}}]", "project: p, source: {path: ./shop/}", False),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: '*'}}]", "project: p, source: {path: .}", False),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: '*'}}]", "project: p, source: {path: other}", True),
        (f"{ONLY_DEPLOYMENTS}, destinations: [{{namespace: other}}]", "", True),
        (f"namespaceResourceWhitelist: [{{group: '*', kind: '*'}}], {TO_SHOP}", "", True),
        (f"namespaceResourceWhitelist: [{{group: '', kind: ServiceAccount}}], {TO_SHOP}", "", True),
        (TO_SHOP, "", True),
    ],
)
@pytest.mark.parametrize("build", [True, False])
def test_a_project_of_argo_cd(project: str, application: str, is_let_in: bool, build: bool) -> None:
    files = {"shop/web.yaml": workload(), "argocd/p.yaml": PROJECT.format(f"{{{project}}}")}
    if application:
        files["argocd/p.yaml"] += APPLICATION.format(f"{{{application}}}")
    if build:
        files["shop/kustomization.yaml"] = "kind: Kustomization\nresources: [web.yaml]\n"
    assert (account(files) is not None) is is_let_in


def test_a_quota_for_accounts_is_for_people_to_look_at() -> None:
    quota = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {count/serviceaccounts: '1'}}\n"
    assert account({"web.yaml": workload() + quota}) is None
    assert account({"web.yaml": workload() + quota.replace("serviceaccounts", "pods")}) is not None
