"""The commands that collect a cluster's facts, run by the real kubectl against an API server of ours that lists what it is asked."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from samigrate.hosts.cluster import RESOURCES, SECRETS, commands, role
from tests.cluster.dumps import Object, listed, live, pod
from tests.command import invoke
from tests.support import tools

CLUSTER_WIDE = re.compile("namespaces|cluster.*|.*configurations|.*policies|.*bindings$(?<!rolebindings)")
SECRET = live(
    "v1",
    "Secret",
    "web-token-x7k2p",
    type="kubernetes.io/service-account-token",
    data={"token": "c2VjcmV0LXZhbHVl", "ca.crt": "Y2VydA=="},
    annotations={
        "kubernetes.io/service-account.name": "web",
        "kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"token":"secret-value"}}',
    },
)


class Api(BaseHTTPRequestHandler):
    """As much of an API server as `kubectl get` asks for. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/"""

    asked: list[str] = []

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = json.dumps(self._answer(path, query)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, path: str, query: str) -> Object:
        group, _, version = path.removeprefix("/apis/").partition("/")
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            versions = {name: [{"groupVersion": f"{name}/v1", "version": "v1"}] for name in RESOURCES if name}
            groups = [{"name": name, "versions": every, "preferredVersion": every[0]} for name, every in versions.items()]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if path == "/api/v1" or version == "v1":
            return _kinds("" if path == "/api/v1" else group)
        self.asked.append(f"{path.rpartition('/')[2]} {query}")
        return self._list(path.rpartition("/")[2])

    def _list(self, name: str) -> Object:
        items = {"pods": [pod("web-5f6c7d8b9-abcd2", "web")], "secrets": [SECRET]}.get(name, [])
        stripped = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for item in items]
        return {"kind": f"{_kind(name)}List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": stripped}

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _kind(name: str) -> str:
    return name.removesuffix("s").title()


def _kinds(group: str) -> Object:
    names = [*RESOURCES[group], *(["secrets"] if not group else [])]
    resources = [
        {"name": name, "singularName": "", "namespaced": not CLUSTER_WIDE.fullmatch(name), "kind": _kind(name), "verbs": ["list"]}
        for name in names
    ]
    return {"kind": "APIResourceList", "groupVersion": f"{group}/v1".lstrip("/"), "resources": resources}


@pytest.fixture
def server() -> Iterator[str]:
    Api.asked = []
    served = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


def test_what_is_printed_runs_and_holds_no_secret(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kubectl = f"{tools.need('kubectl')} --server={server} --cache-dir={tmp_path}/cache"
    script = invoke(["evidence", "cluster-command", "--with-secrets"]).stdout.decode()
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "KUBECONFIG": "/dev/null"}
    for line in script.splitlines():
        command = line.replace("kubectl", kubectl, 1)
        ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, env=environment)
        assert ran.returncode == 0, ran.stderr
    printed = Path("cluster.json").read_text()
    assert not re.search("c2VjcmV0|Y2VydA|secret-value", printed)
    assert "web-token-x7k2p" in printed
    assert json.loads(invoke(["audit", "--format", "json", "cluster.json"]).stdout)["running"][0]["pods"] == 1
    every = {name for names in RESOURCES.values() for name in names} | {"secrets"}
    assert {asked.split()[0] for asked in Api.asked} == every
    allowed = {name for rule in yaml.safe_load(role(with_secrets=True))["rules"] for name in rule["resources"]}
    assert allowed == every, "the role allows what is asked, and nothing else"
    assert any(asked.startswith("secrets ") and "type%3Dkubernetes.io%2Fservice-account-token" in asked for asked in Api.asked)


def test_what_the_template_reads() -> None:
    """Whatever a Secret holds: names, its uid, its type, and the account that it is of."""
    fields = set(re.findall(r"(?<![\w\"/])\.[a-z][\w.]*", re.sub(r'"(?:[^"\\]|\\.)*"', "", SECRETS)))
    assert fields == {".items", ".type", ".metadata.name", ".metadata.namespace", ".metadata.uid", ".metadata.annotations"}
    assert SECRETS.count(".metadata.annotations") == SECRETS.count('(index .metadata.annotations "kubernetes.io/service-account.name")')


def test_secrets_are_left_out_unless_asked_for() -> None:
    assert not any("secrets" in each for each in commands(with_secrets=False))
    plain, more = (yaml.safe_load(role(with_secrets=each)) for each in (False, True))
    assert not any("secrets" in rule["resources"] for rule in plain["rules"])
    assert any("secrets" in rule["resources"] for rule in more["rules"])
    assert "can read every Secret" in role(with_secrets=True)


@pytest.mark.parametrize("options", [[], ["--with-secrets"]])
def test_the_role_only_lists(options: list[str]) -> None:
    printed = invoke(["evidence", "cluster-command", "--role", *options])
    value = yaml.safe_load(printed.stdout)
    assert (printed.exit, value["kind"], {verb for rule in value["rules"] for verb in rule["verbs"]}) == (0, "ClusterRole", {"list"})
    assert not any("*" in part for rule in value["rules"] for part in (*rule["apiGroups"], *rule["resources"]))


def test_the_metadata_is_enough() -> None:
    """What the template prints is as good as the Secret: the token is known for what it is (R-B7)."""
    plain = listed({"apiVersion": "v1", "kind": "Secret", "type": SECRET["type"], "metadata": {**SECRET["metadata"], "managedFields": []}})
    held = pod(
        "web-5f6c7d8b9-abcd2", "web", has_token=False, spec={"volumes": [{"name": "t", "secret": {"secretName": "web-token-x7k2p"}}]}
    )
    held["spec"]["containers"][0]["volumeMounts"] = [{"name": "t", "mountPath": "/t"}]
    report = json.loads(invoke(["audit", "--format", "json", "-"], listed(held) + plain).stdout)
    assert report["running"][0]["legacy"] == 1
