"""The least roles that observed calls need, and what differs from those of today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate.auditlog import found, lines, rbac
from samigrate.auditlog.tally import Tally
from tests.auditlog.events import Event, account, event
from tests.auditlog.events import lines as written
from tests.command import invoke

CART = account("cart")


def suggested(events: list[Event], objects: list[dict[str, Any]] | None = None) -> str:
    tally = Tally()
    lines.read("audit.log", [written(events)], tally)
    return "".join(rbac.suggest(tuple(found.items(tally)), objects))


def rules(events: list[Event]) -> dict[str, Any]:
    """The rules by kind and namespace."""
    documents = [one for one in yaml.safe_load_all(suggested(events)) if one]
    bindings = {(one["metadata"]["name"], one["roleRef"]["kind"]) for one in documents if "roleRef" in one}
    assert bindings == {(one["metadata"]["name"], one["kind"]) for one in documents if "rules" in one}
    return {f"{one['kind']} {one['metadata'].get('namespace', '')}".strip(): one["rules"] for one in documents if "rules" in one}


def call(verb: str, resource: str, namespace: str = "shop", name: str = "", **more: Any) -> Event:
    return event(CART, verb, resource, namespace=namespace, name=name, **more)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [call("get", "configmaps", name="a"), call("get", "configmaps", name="b")],
            {"Role shop": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a", "b"], "verbs": ["get"]}]},
            id="all calls name one",
        ),
        pytest.param(
            [call("get", "configmaps", name="a"), call("list", "configmaps")],
            {
                "Role shop": [
                    {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]},
                    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]},
                ]
            },
            id="one names none",
        ),
        pytest.param(
            [call("create", "leases.coordination.k8s.io", name="a")],
            {"Role shop": [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]}]},
            id="a name cannot restrict create",
        ),
        pytest.param(
            [call("delete", "pods", name="web-5d8c9b7f6d-x7k2p")],
            {"Role shop": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]}]},
            id="a name that is made up anew",
        ),
        pytest.param(
            [call("get", "secrets", name=f"s{n}") for n in range(6)], {"Role shop": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}, id="many names"
        ),
        pytest.param(
            [call("watch", "pods"), call("watch", "services"), call("get", "pods/log", name="a-b")],
            {
                "Role shop": [
                    {"apiGroups": [""], "resources": ["pods/log"], "resourceNames": ["a-b"], "verbs": ["get"]},
                    {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "watch"]},
                ]
            },
            id="watch with list, resources merged, subresources apart",
        ),
        pytest.param(
            [call("list", "nodes", ""), call("list", "pods", ""), event(CART, "get", "/metrics")],
            {
                "ClusterRole": [
                    {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
                    {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]},
                ]
            },
            id="all of the cluster, and a URL",
        ),
        pytest.param(
            [call("get", "pods", "a"), call("get", "pods", "b")],
            {
                "Role a": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
                "Role b": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
            },
            id="a role for each namespace",
        ),
        pytest.param(
            [event(CART, "get", path) for path in ("/api", "/apis/apps/v1", "/version", "/openapi/v2", "/healthz", "/livez/ping", "/openid/v1/jwks")]
            + [call("create", "selfsubjectaccessreviews.authorization.k8s.io", "")],
            {}, id="what everybody may",
        ),
        pytest.param([call("list", "secrets", code=403)], {}, id="refused"),
        pytest.param(
            [call("get", "pods", impersonatedUser={"username": "system:serviceaccount:x:robot"})],
            {"ClusterRole": [{"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["robot"], "verbs": ["impersonate"]}]},
            id="it acts as another",
        ),
    ],
)  # fmt: skip
def test_the_least_roles(events: list[Event], expected: dict[str, Any]) -> None:
    found_rules = rules(events)
    assert found_rules.keys() == expected.keys()
    for where, wanted in expected.items():
        assert sorted(map(str, found_rules[where])) == sorted(map(str, wanted))


GRANTED: list[dict[str, Any]] = [
    {
        "kind": "Role",
        "metadata": {"name": "cart", "namespace": "shop"},
        "rules": [
            {"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]},
        ],
    },
    {
        "kind": "RoleBinding",
        "metadata": {"name": "cart", "namespace": "shop"},
        "roleRef": {"kind": "Role", "name": "cart"},
        "subjects": [{"kind": "ServiceAccount", "name": "cart"}, {"kind": "User", "name": account("robot")}],
    },
    {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "wide"},
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "cart", "namespace": "shop"}],
    },
]


def test_the_difference_from_today() -> None:
    events = [call("list", "pods"), call("get", "secrets", name="a"), call("get", "secrets", name="b"), call("list", "services", code=403)]
    said = [line[2:] for line in suggested(events, GRANTED).splitlines() if line.startswith("# ")]
    assert "granted, not used: get pods (Role cart by RoleBinding shop/cart)" in said
    assert "granted, not used: get, list deployments.apps (Role cart by RoleBinding shop/cart)" in said
    assert "used, granted by nothing among the manifests: get secrets a, b in shop" in said
    assert "granted by ClusterRole view by ClusterRoleBinding wide: its rules are not among the manifests" in said
    assert "refused: list services in shop, 1 time, 2026-10-01T00:00:00Z, all refused" in said
    assert "shop/robot: no call seen" in said
    assert not any("used, granted by nothing" in line and "pods" in line for line in said)


def test_wildcards() -> None:
    everything = [{**GRANTED[0], "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}, GRANTED[1]]
    assert "used, granted by nothing" not in suggested([call("list", "pods/log")], everything)
    scaled = [{**GRANTED[0], "rules": [{"apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["patch"]}]}, GRANTED[1]]
    assert "used, granted by nothing" not in suggested([call("patch", "deployments.apps/scale", name="x")], scaled)


def test_hostile_names_stay_comments_and_texts() -> None:
    strange = call("get", "pods\n---\nkind: Evil", name="yes\n- x")
    strange["objectRef"] |= {"resource": "pods\n---\nkind: Evil", "name": "yes\n- x"}
    documents = [
        one
        for one in yaml.safe_load_all(suggested([strange, {**strange, "responseStatus": {"code": 403}, "auditID": "2"}], GRANTED))
        if one
    ]
    assert {one["kind"] for one in documents} == {"Role", "RoleBinding"}
    assert documents[0]["rules"][0]["resourceNames"] == ["yes\n- x"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("audit.log").write_bytes(written([call("list", "pods")]))
    Path("rbac.yaml").write_text(yaml.safe_dump_all([{"apiVersion": "rbac.authorization.k8s.io/v1", **one} for one in GRANTED]))
    done = invoke(["evidence", "audit-log", "audit.log", "-o", "e.json", "--suggest-rbac", "new.yaml", "--context", "rbac.yaml"])
    assert done.exit == 0
    assert "# granted, not used: get pods (Role cart by RoleBinding shop/cart)\n" in Path("new.yaml").read_text()
    assert invoke(["evidence", "audit-log", "audit.log", "--context", "rbac.yaml"]).exit == 2
    assert invoke(["evidence", "audit-log", "audit.log", "--suggest-rbac", "no/where.yaml"]).exit == 2
