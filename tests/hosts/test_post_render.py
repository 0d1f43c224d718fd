"""A Helm post-renderer that cannot fail silently; with the real Helm 3 and Helm 4."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate.domain.host_annotations import own_file
from tests.command import invoke
from tests.support import tools

PLUGINS = Path(__file__).parents[2] / "plugins"
HELMS = ("helm3", "helm4")
OWN = "postrenderer.helm.sh/postrender-filename"

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
      - {name: app, image: "nginx:1.29"}
"""
TEMPLATES = {
    "plain.yaml": "# at the head of the file\n\n# a comment alone\n---\n# of the object\n" + DEPLOYMENT.replace("NAME", "plain"),
    "crlf.yaml": DEPLOYMENT.replace("NAME", "crlf").replace("\n", "\r\n"),
    "list.yaml": "apiVersion: v1\nkind: List\nitems:\n- "
    + DEPLOYMENT.replace("NAME", "listed").replace("\n", "\n  ").rstrip()
    + "\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: beside}}\n",
    "anchors.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: anchored
spec:
  selector: {matchLabels: &labels {app: anchored}}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
      - &one
        name: one
        image: nginx:1.29
        args: ["---", '#']
      - <<: *one
        name: two
""",
    "hook.yaml": """\
apiVersion: batch/v1
kind: Job
metadata:
  name: prepare
  annotations:
    "helm.sh/hook": pre-install,pre-upgrade # before all
    helm.sh/hook-weight: "-5"
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: busybox:1.36}]
""",
    "both.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: both, annotations: {helm.sh/hook: pre-upgrade}}\n"
    "spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: busybox:1.36}]}}}\n---\n"
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: both}\n"
    "spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: busybox:1.36}]}}}\n",
    "crd.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: bars.example.com
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Bar, plural: bars}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, description: "{{ "{{" }} not a template }}"}}
""",
}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    subprocess.run([tools.need("helm3"), "create", "toy"], cwd=folder, check=True, capture_output=True)
    for name, content in TEMPLATES.items():
        (folder / "toy" / "templates" / name).write_bytes(content.encode())
    return folder / "toy"


def helm(name: str, *arguments: str | Path, log: str | Path = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a Helm, with our plugin folder and `samigrate` on PATH."""
    own = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HELM_PLUGINS": str(PLUGINS / name)}
    own |= {"SAMIGRATE_LOG": str(log)} if log else {}
    return subprocess.run([tools.need(name), *map(str, arguments)], capture_output=True, env=os.environ | own | environment, check=False)


def renderer(name: str) -> list[str]:
    return ["--post-renderer", "samigrate" if name == "helm4" else str(PLUGINS / "helm3" / "samigrate-post-render")]


def objects(stream: bytes) -> list[dict[str, Any]]:
    """Every object of a stream, Lists opened, in an order of its own."""
    found: list[dict[str, Any]] = []
    for document in yaml.safe_load_all(stream):
        if document:
            found += document["items"] if document["kind"] == "List" else [document]
    return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))


def is_hook(one: dict[str, Any]) -> bool:
    return "helm.sh/hook" in (one["metadata"].get("annotations") or {})


# ---------------------------------------------------------------- the real Helms


@pytest.mark.parametrize("name", HELMS)
def test_it_does_what_the_filter_does_to_the_rendered_stream(name: str, chart: Path) -> None:
    plain = helm(name, "template", "rel", chart)
    rendered = helm(name, "template", "rel", chart, *renderer(name))
    assert rendered.returncode == 0, rendered.stderr.decode()
    migrated = invoke(["migrate", "-"], plain.stdout).stdout
    wanted, found = objects(migrated), objects(rendered.stdout)
    if name == "helm3":  # which never sends its hooks
        wanted = [one for one in wanted if not is_hook(one)] + [one for one in objects(plain.stdout) if is_hook(one)]
        wanted.sort(key=lambda one: json.dumps(one, sort_keys=True))
    assert found == wanted
    accounts = {one["metadata"]["name"] for one in found if one["kind"] == "ServiceAccount"}
    assert accounts == {"rel-toy", "plain", "crlf", "listed", "anchored", "both"}


@pytest.mark.parametrize("name", HELMS)
def test_a_second_pass_is_the_identity(name: str, chart: Path, tmp_path: Path) -> None:
    """What Helm sends, caught on the way, through us twice."""
    sent = _caught(name, chart, tmp_path)
    first = invoke(["post-render"], sent)
    assert first.exit == 0
    assert first.stdout != sent
    assert invoke(["post-render"], first.stdout).stdout == first.stdout


def _caught(name: str, chart: Path, tmp_path: Path) -> bytes:
    script = tmp_path / "tee.sh"
    script.write_text(f"#!/bin/sh\ntee {tmp_path}/sent\n")
    script.chmod(0o755)
    if name == "helm4":
        plugin = (PLUGINS / "helm4" / "samigrate" / "plugin.yaml").read_text()
        (tmp_path / "tee").mkdir()
        plugin = plugin.replace("command: samigrate", f"command: {script}").replace("name: samigrate", "name: tee")
        (tmp_path / "tee" / "plugin.yaml").write_text(plugin.replace('      args: ["post-render"]\n', ""))
        ran = helm(name, "template", "rel", chart, "--post-renderer", "tee", HELM_PLUGINS=str(tmp_path))
    else:
        ran = helm(name, "template", "rel", chart, "--post-renderer", script)
    assert ran.returncode == 0, ran.stderr.decode()
    return (tmp_path / "sent").read_bytes()


def test_added_accounts_have_files_of_their_own_in_helm_4(chart: Path) -> None:
    shown = helm("helm4", "template", "rel", chart, *renderer("helm4"), "--show-only", "templates/plain-serviceaccount.yaml")
    assert shown.returncode == 0, shown.stderr.decode()
    assert [one["kind"] for one in objects(shown.stdout)] == ["ServiceAccount"]


def test_added_accounts_pose_as_no_file_of_the_chart_in_helm_3(chart: Path) -> None:
    """Helm 3 goes by the `# Source:` lines: what is shown of a file is what the file makes."""
    whole = helm("helm3", "template", "rel", chart, *renderer("helm3"))
    assert b"# Source: toy/templates/plain.yaml (samigrate)" in whole.stdout
    shown = helm("helm3", "template", "rel", chart, *renderer("helm3"), "--show-only", "templates/plain.yaml")
    assert shown.returncode == 0, shown.stderr.decode()
    assert "ServiceAccount" not in [one["kind"] for one in objects(shown.stdout)]


def test_helm_4_writes_them_out(chart: Path, tmp_path: Path) -> None:
    ran = helm("helm4", "template", "rel", chart, *renderer("helm4"), "--output-dir", tmp_path)
    assert ran.returncode == 0, ran.stderr.decode()
    written = (tmp_path / "toy" / "templates" / "plain-serviceaccount.yaml").read_bytes()
    assert OWN.encode() not in written
    assert b"automountServiceAccountToken: false" in written


def test_helm_3_does_not_write_out_what_was_rendered_and_ends_badly(chart: Path, tmp_path: Path) -> None:
    """It sends an empty stream then, writes what it has rendered itself, and would call that a success."""
    ran = helm("helm3", "template", "rel", chart, *renderer("helm3"), "--output-dir", tmp_path)
    assert ran.returncode == 1
    assert b"no Kubernetes object on standard input" in ran.stderr
    assert not any(b"samigrate.dev/" in path.read_bytes() for path in tmp_path.rglob("*.yaml"))


def test_the_plugins_of_the_two_helms_stay_apart() -> None:
    """One plugin.yaml of Helm 4's in its folder, and Helm 3 lists no plugin any more."""
    for name in HELMS:
        assert helm(name, "plugin", "list").returncode == 0
    crossed = helm("helm3", "plugin", "list", HELM_PLUGINS=str(PLUGINS / "helm4"))
    assert (crossed.returncode, b'unknown field "apiVersion"' in crossed.stderr) == (1, True)


ONCE = DEPLOYMENT.replace("NAME", "web")


@pytest.mark.parametrize("name", HELMS)
@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        pytest.param("", {"helm3": 1, "helm4": 1}, id="empty"),
        pytest.param("# one\n---\n# two\n", {"helm3": 1, "helm4": 1}, id="comments alone"),
        pytest.param(TEMPLATES["hook.yaml"], {"helm3": 1, "helm4": 0}, id="hooks alone"),
        pytest.param(f"{ONCE}---\nhello: world\n", {"helm3": 0, "helm4": 0}, id="a document that is no object"),
        pytest.param(f"{ONCE}---\njust text\n", {"helm3": 1, "helm4": 1}, id="a scalar"),
        pytest.param(f"{ONCE}---\nkind: [\n", {"helm3": 1, "helm4": 1}, id="broken"),
        pytest.param("\ufeff" + ONCE.replace("\n", "\r\n"), {"helm3": 0, "helm4": 0}, id="a byte order mark and CRLF"),
    ],
)
def test_how_a_release_of_one_template_ends(name: str, template: str, wanted: dict[str, int], tmp_path: Path) -> None:
    """Never well with nothing rendered, and never badly without a message in what the host shows or in the log."""
    (tmp_path / "c" / "templates").mkdir(parents=True)
    (tmp_path / "c" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (tmp_path / "c" / "templates" / "a.yaml").write_text(template, newline="")
    log = tmp_path / "log"
    ran = helm(name, "template", "rel", tmp_path / "c", *renderer(name), log=log)
    assert ran.returncode == wanted[name], ran.stderr.decode()
    if ran.returncode:
        told = ran.stderr + (log.read_bytes() if log.exists() else b"")
        assert b"no Kubernetes object" in told or b"a.yaml" in told
    else:
        assert b"kind:" in ran.stdout


@pytest.mark.parametrize("name", HELMS)
def test_namespace_and_log_file_reach_us_as_arguments(name: str, chart: Path, tmp_path: Path) -> None:
    log = tmp_path / "samigrate.log"
    arguments = [each for one in ("--namespace=prod", f"--log-file={log}", "-q") for each in ("--post-renderer-args", one)]
    ran = helm(name, "template", "rel", chart, *renderer(name), *arguments)
    assert ran.returncode == 0, ran.stderr.decode()
    assert "samigrate: changed " in log.read_text()


@pytest.mark.parametrize("name", HELMS)
def test_a_failure_of_ours_fails_helm_and_is_in_the_log(name: str, chart: Path, tmp_path: Path) -> None:
    log = tmp_path / "samigrate.log"
    ran = helm(name, "template", "rel", chart, *renderer(name), "--post-renderer-args", "--unknwon=leave", log=log)
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert "--unknwon" in log.read_text()


@pytest.mark.parametrize("name", HELMS)
def test_duplicate_keys_are_left_alone_and_said(name: str, chart: Path, tmp_path: Path) -> None:
    twice = tmp_path / "toy"
    shutil.copytree(chart, twice)
    (twice / "templates" / "twice.yaml").write_text(DEPLOYMENT.replace("NAME", "twice").replace("kind:", "kind: Deployment\nkind:"))
    log = tmp_path / "log"
    ran = helm(name, "template", "rel", twice, *renderer(name), log=log)
    assert ran.returncode == 0, ran.stderr.decode()
    assert "duplicate-key" in log.read_text()
    left = next(one for one in objects(ran.stdout) if one["metadata"]["name"] == "twice")
    assert "serviceAccountName" not in left["spec"]["template"]["spec"]


class _Server(BaseHTTPRequestHandler):
    """As much of an API server as `helm install` asks for when it stores releases in memory."""

    ANSWERS = {
        "/version": {"major": "1", "minor": "35", "gitVersion": "v1.35.2"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    }

    def do_GET(self) -> None:
        answer = json.dumps(self.ANSWERS.get(self.path.partition("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[dict[str, str]]:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "me", "user": {}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    (tmp_path / "releases.yaml").write_text("[]")
    yield {
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "HELM_DRIVER": "memory",
        "HELM_MEMORY_DRIVER_DATA": str(tmp_path / "releases.yaml"),
    }
    server.shutdown()
    thread.join()


@pytest.mark.parametrize("name", HELMS)
def test_an_install_succeeds_with_the_accounts_in_the_release(name: str, chart: Path, cluster: dict[str, str]) -> None:
    given = () if name == "helm3" else ("--server-side=false",)
    ran = helm(name, "install", "rel", chart, *renderer(name), "-o", "json", *given, **cluster)
    assert ran.returncode == 0, ran.stderr.decode()
    release = json.loads(ran.stdout)
    assert release["info"]["status"] == "deployed"
    names = {one["metadata"]["name"] for one in objects(release["manifest"].encode()) if one["kind"] == "ServiceAccount"}
    assert {"plain", "crlf", "listed", "anchored"} <= names


# ---------------------------------------------------------------- the streams


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"", id="empty: helm failed before the pipe, or Helm 3 has nothing but hooks"),
        pytest.param(b"\n \n", id="blank"),
        pytest.param(b"# Source: a/templates/x.yaml\n---\n# nothing\n", id="comments alone: both Helms call it a success"),
        pytest.param(b"Error: chart not found\n", id="a message instead of manifests"),
        pytest.param(b"- 1\n- 2\n", id="a list"),
    ],
)
def test_what_holds_no_object_is_refused(stream: bytes) -> None:
    ran = invoke(["post-render"], stream)
    assert (ran.exit, ran.stdout) == (2, b"")
    assert "no Kubernetes object on standard input" in ran.stderr


def test_an_empty_release_passes_when_asked_for() -> None:
    assert invoke(["post-render", "--allow-empty"], b"\n") == (0, b"\n", "samigrate: changed 0 of 0 workloads, tokens 0 → 0\n")
    assert invoke(["post-render", "--allow-empty"], b"# one\n").exit == 2


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x: y\n", id="an object that is no YAML"),
        pytest.param(b"kind: Pod\nx: [1\n", id="text that is no YAML"),
        pytest.param(b"apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.x }}\n", id="a template that nobody rendered"),
        pytest.param(b"kind: \xff\n", id="no UTF-8"),
    ],
)
def test_one_bad_document_prints_nothing(bad: bytes) -> None:
    ran = invoke(["post-render"], DEPLOYMENT.encode() + b"---\n" + bad)
    assert (ran.exit, ran.stdout) == (2, b"")
    assert "<stdin>:" in ran.stderr


def test_a_stream_of_hooks_alone_keeps_its_accounts() -> None:
    """Helm 4.2 can call twice: with the templates, and with the hooks."""
    ran = invoke(["post-render"], TEMPLATES["hook.yaml"].encode())
    assert ran.exit == 0
    assert b"serviceAccountName" not in ran.stdout
    assert b"automountServiceAccountToken: false" in ran.stdout
    assert "hook-keeps-account" in ran.stderr


@pytest.mark.parametrize("merge", ["<<", "!!merge <<"])
def test_merge_keys_as_either_helm_sends_them(merge: str) -> None:
    sent = TEMPLATES["anchors.yaml"].replace("<<", merge)
    ran = invoke(["post-render"], sent.encode())
    assert ran.exit == 0
    assert f"      - {merge}: *one\n" in ran.stdout.decode()
    assert "      serviceAccountName: anchored\n" in ran.stdout.decode()


def test_byte_order_mark_and_line_ends_stay() -> None:
    sent = "\ufeff" + DEPLOYMENT.replace("NAME", "web").replace("\n", "\r\n")
    ran = invoke(["post-render"], sent.encode())
    assert ran.exit == 0
    assert ran.stdout.startswith(b"\xef\xbb\xbf")
    assert ran.stdout.count(b"\n") == ran.stdout.count(b"\r\n")


def test_no_config_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that Helm is called in has no say."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samigrate.yaml").write_text("apiVersion: samigrate.dev/v1\nkind: Config\nrecipe: no-such-recipe\n")
    assert invoke(["post-render"], DEPLOYMENT.encode()).exit == 0
    assert invoke(["post-render", "--config", "samigrate.yaml"], DEPLOYMENT.encode()).exit == 2


def test_a_binding_of_another_release_is_seen_in_the_context(tmp_path: Path) -> None:
    (tmp_path / "rights.yaml").write_text("""\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: ServiceAccount, name: default}
""")
    for command in (["post-render"], ["migrate", "-"]):
        alone = invoke([*command, "--namespace", "shop"], DEPLOYMENT.encode())
        informed = invoke([*command, "--namespace", "shop", "--context", str(tmp_path)], DEPLOYMENT.encode())
        assert (alone.exit, informed.exit) == (0, 0)
        assert b"automountServiceAccountToken: false" in alone.stdout
        assert b"automountServiceAccountToken: false" not in informed.stdout


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    ran = invoke(["post-render", "--log-file", str(tmp_path / "no" / "log")], DEPLOYMENT.encode())
    assert (ran.exit, ran.stdout) == (2, b"")


def test_a_log_grows_and_says_all(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for stream in (TEMPLATES["hook.yaml"].encode(), b""):
        invoke(["post-render", "-q", "--log-file", str(log)], stream)
    assert "      give the hook an account of its own" in log.read_text()
    assert log.read_text().rstrip().endswith("(--allow-empty lets a release of hooks alone pass in Helm 3)")


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("toy/templates/web.yaml", "toy/templates/web-serviceaccount.yaml"),
        ("toy/charts/sub/templates/a/b.yaml", "toy/charts/sub/templates/a/web-serviceaccount.yaml"),
        ("../../evil.yaml", ""),
        ("toy/../../evil.yaml", ""),
        ("/etc/evil.yaml", ""),
        ("web.yaml", ""),
        ("", ""),
    ],
)
def test_no_file_outside_the_chart_is_named(path: str, own: str) -> None:
    assert own_file(path, "web") == own
