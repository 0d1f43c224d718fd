"""From calls, and from silence, to verdicts (R-E15 to R-E19)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samigrate.auditlog import coverage, found, lines, moments, pods
from samigrate.auditlog.tally import Tally
from samigrate.base.errors import InputError
from samigrate.domain.model import Level, Verdict
from samigrate.settings import evidence_files
from samigrate.settings.config import Settings
from samigrate.settings.evidence_files import Known
from tests.auditlog.events import NODE, Event, account, around, event, hours, ran, token
from tests.auditlog.events import lines as written
from tests.command import invoke
from tests.evidence.scene import deployment, verdict

HINT = "containers: [{name: app, image: example/app, env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]"
PLAIN, HINTED = deployment(), deployment(HINT)
WEB = "web-5d8c9b7f6d-x7k2p"
OTHER = deployment(name="other")


def known(events: list[Event], since: str = "7d", damage: bytes = b"") -> Known:
    tally = Tally()
    half = len(events) // 2
    content = written(events[:half]) + damage + written(events[half:])
    lines.read("audit.log", [content], tally)
    return Known(tuple(found.items(tally)), (coverage.log(tally, ["audit.log"], since),))


def judged(manifests: str, events: list[Event], since: str = "7d", which: int = 0) -> Verdict:
    return verdict(manifests, Settings(evidence=known(events, since)), which)


@pytest.mark.parametrize(
    ("pod", "family", "kinds"),
    [
        ("web-5d8c9b7f6d-x7k2p", "web-*-*", {"Deployment", "Rollout", "DeploymentConfig", "CronJob", "Job"}),
        ("web-0", "web-*", {"StatefulSet", "ReplicaSet", "DaemonSet", "Job", "ReplicationController"}),
        ("web-x7k2p", "web-*", {"StatefulSet", "ReplicaSet", "DaemonSet", "Job", "ReplicationController"}),
        ("web-29345010-x7k2p", "web-*-*", {"Deployment", "Rollout", "DeploymentConfig", "CronJob", "Job"}),
        ("web-3-x7k2p", "web-*-*", {"Deployment", "Rollout", "DeploymentConfig", "CronJob", "Job"}),
        ("web", "web", {"Pod"}),
        ("web-cache", "web-cache", set()),
        ("websocket-0", "websocket-*", set()),
        ("web-2-0", "web-2-*", set()),
    ],
)
def test_names_of_pods(pod: str, family: str, kinds: set[str]) -> None:
    """R-E17, with R-B6's characters."""
    every = (
        "Deployment",
        "Rollout",
        "DeploymentConfig",
        "StatefulSet",
        "ReplicaSet",
        "ReplicationController",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
    )
    assert pods.family(pod) == family
    assert {kind for kind in every if pods.names([(kind, "web")]).hold(family)} == kinds


@pytest.mark.parametrize("length", [*range(40, 53), 57, 58, 60])
def test_names_that_are_cut(length: int) -> None:
    """A generated name is cut to 58 characters and five more, in the middle of a hash if need be."""
    name = "a" * (length - 1) + "b"
    for digest in ("bcdfghjk", "bcdfghjkl", "bcdfghjklm"):
        pod = f"{name}-{digest}-"[:58] + "x7k2p"
        assert pods.names([("Deployment", name)]).hold(pods.family(pod))
    assert pods.names([("DaemonSet", name)]).hold(pods.family(f"{name}-"[:58] + "x7k2p"))


def test_pods_of_other_kinds_begin_with_their_names() -> None:
    assert pods.names([("RayCluster", "ray")]).hold(pods.family("ray-head-x7k2p"))
    assert not pods.names([("RayCluster", "ray")]).hold(pods.family("rays-head-x7k2p"))


CALL = event(account("default"), "list", "pods", namespace="shop", pod=WEB)


@pytest.mark.parametrize(
    ("manifests", "call", "level"),
    [
        pytest.param(PLAIN, CALL, Level.REQUIRED, id="by the pod's name"),
        pytest.param(PLAIN, {**CALL, "responseStatus": {"code": 403}}, Level.REQUIRED, id="refused"),
        pytest.param(deployment("serviceAccountName: web"), CALL, Level.REQUIRED, id="as the account that it had before"),
        pytest.param(deployment(namespace="elsewhere"), CALL, Level.NONE, id="another namespace"),
        pytest.param(deployment(namespace=""), CALL, Level.REQUIRED, id="a namespace that nobody states"),
        pytest.param(OTHER + "---\n" + PLAIN, CALL, Level.NONE, id="another's pod"),
        pytest.param(OTHER, CALL, Level.UNKNOWN, id="a pod of nobody's that is known: in doubt"),
        pytest.param(
            deployment("serviceAccountName: own", name="other"), event(account("own"), "list", "pods", pod=WEB), Level.REQUIRED, id="of an account of its own"
        ),
        pytest.param(
            deployment("serviceAccountName: own") + "---\n" + deployment("serviceAccountName: own", name="b"), event(account("own"), "list", "pods"), Level.REQUIRED,
            id="by no pod's name: all that share the account",
        ),
        pytest.param(PLAIN, event(account("default"), "list", "pods"), Level.REQUIRED, id="by no pod's name, as default"),
        pytest.param(deployment(namespace=""), event(account("default"), "list", "pods"), Level.UNKNOWN, id="… where nobody states the namespace"),
        pytest.param(deployment("automountServiceAccountToken: false"), event(account("default"), "list", "pods"), Level.NONE, id="… by a pod without a token"),
        pytest.param(PLAIN, event(account("other"), "list", "pods"), Level.NONE, id="another account"),
        pytest.param(PLAIN, token("default"), Level.NONE, id="the kubelet's TokenRequest"),
        pytest.param(PLAIN, {**event(account("default"), "list", "pods"), "stage": "RequestReceived"}, Level.UNKNOWN, id="a call whose end is not there"),
    ],
)  # fmt: skip
def test_calls(manifests: str, call: Event, level: Level) -> None:
    assert judged(manifests, [call], since="").level is level


def test_a_call_after_the_migration_is_still_the_same() -> None:
    """An account of its own by an earlier run: the calls as `default` go on counting (R-E2)."""
    moved = deployment("serviceAccountName: web", metadata="annotations: {samigrate.dev/previous-service-account: default}")
    assert judged(moved, [event(account("default"), "list", "pods")], "").level is Level.REQUIRED


def test_an_annotation_of_another_type_is_no_account() -> None:
    strange = deployment(metadata="annotations: {samigrate.dev/previous-service-account: [default]}")
    assert judged(strange, around(ran(WEB))).level is Level.NONE


SHOWN = around(ran(WEB))


@pytest.mark.parametrize(
    ("manifests", "events", "since", "level"),
    [
        pytest.param(HINTED, SHOWN, "7d", Level.NONE, id="a week, and its pods ran"),
        pytest.param(HINTED, SHOWN, "2026-10-01", Level.NONE, id="since a date"),
        pytest.param(HINTED, SHOWN, "", Level.UNKNOWN, id="nobody says what it is to cover"),
        pytest.param(HINTED, SHOWN, "2w", Level.UNKNOWN, id="a shorter log"),
        pytest.param(HINTED, SHOWN, "12h", Level.UNKNOWN, id="less than a day"),
        pytest.param(HINTED, around(), "7d", Level.UNKNOWN, id="its pods were not seen"),
        pytest.param(HINTED, around(ran(WEB, "2026-10-07T20:00:00")), "7d", Level.UNKNOWN, id="its pods were seen for four hours"),
        pytest.param(HINTED, around(ran(WEB, namespace="elsewhere")), "7d", Level.UNKNOWN, id="another namespace's pods"),
        pytest.param(HINTED, around(token("default")), "7d", Level.UNKNOWN, id="a token of default may be any pod's"),
        pytest.param(deployment("serviceAccountName: web, " + HINT), around(token("web")), "7d", Level.NONE, id="a token of its own account"),
        pytest.param(HINTED, [one for one in SHOWN if "T05" not in one["requestReceivedTimestamp"] and "T06" not in one["requestReceivedTimestamp"]], "7d", Level.UNKNOWN, id="gaps"),
        pytest.param(HINTED, [one for one in SHOWN if one["verb"] != "list"], "7d", Level.UNKNOWN, id="no account outside kube-system"),
        pytest.param(HINTED, [{**one, "verb": "patch"} for one in SHOWN], "7d", Level.UNKNOWN, id="no reads, as in GKE's activity log"),
        pytest.param(HINTED, around(ran(WEB), event(account("default"), "get", "/version", at="2026-10-03T00:10:00")), "7d", Level.REQUIRED, id="a call by no pod's name"),
        pytest.param(deployment(HINT, metadata="x: 1").replace("spec: {template", "spec: {replicas: 0, template"), SHOWN, "7d", Level.UNKNOWN, id="no replicas"),
        pytest.param(deployment(HINT, namespace=""), SHOWN, "7d", Level.UNKNOWN, id="nobody states its namespace"),
        pytest.param(deployment("automountServiceAccountToken: true"), SHOWN, "7d", Level.REQUIRED, id="proof is not cancelled"),
        pytest.param(deployment("containers: [{name: a, image: x, command: [kubectl, get, pods]}]"), SHOWN, "7d", Level.LIKELY, id="strong evidence is not cancelled"),
    ],
)  # fmt: skip
def test_silence(manifests: str, events: list[Event], since: str, level: Level) -> None:
    """R-E19"""
    assert judged(manifests, events, since).level is level


CRONJOB = (
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web, namespace: shop}\n"
    f"spec: {{schedule: '0 3 1 * *', jobTemplate: {{spec: {{template: {{spec: {{{HINT}}}}}}}}}}}\n"
)


def test_a_cronjob_must_have_run() -> None:
    assert judged(CRONJOB, around()).level is Level.UNKNOWN
    assert judged(CRONJOB, around(ran("web-29345010-x7k2p", "2026-10-07T23:00:00"))).level is Level.NONE


@pytest.mark.parametrize(
    ("damage", "level"),
    [
        pytest.param(b'{"kind":"Event","user":{"username":"system:node:x"\n', Level.NONE, id="a node's"),
        pytest.param(b'{"kind":"Event","user":{"username":"system:serviceaccount:shop:cart"\n', Level.NONE, id="another account's"),
        pytest.param(b'{"kind":"Event","user":{"username":"system:serviceaccount:shop:default"\n', Level.UNKNOWN, id="its account's"),
        pytest.param(b'{"kind":"Event","level":"Meta\n', Level.UNKNOWN, id="anybody's"),
    ],
)
def test_unreadable_lines_may_hide_a_call(damage: bytes, level: Level) -> None:
    assert verdict(HINTED, Settings(evidence=known(SHOWN, damage=damage))).level is level


def test_a_login_with_the_token_is_no_call_and_no_silence() -> None:
    """R-E18: a TokenReview about the account."""
    review = event(
        account("vault"),
        "create",
        "tokenreviews.authentication.k8s.io",
        responseObject={"status": {"user": {"username": account("default")}}},
    )
    assert judged(HINTED, around(ran(WEB), review)).level is Level.UNKNOWN
    assert judged(PLAIN, around(ran(WEB), review)).level is Level.NONE


def test_each_server_must_cover_the_period() -> None:
    """OpenShift's lines name their server: a second one that was away for a day says nothing of that day."""
    every = [b"master-0 " + written([one]) for one in SHOWN]
    half = [b"master-1 " + written([event(NODE, "get", "nodes", at=at)]) for at in list(hours())[24:]]
    for logged, reason in ((every, ""), (every + half, "the log of master-1 begins 25.0 hours after the period does")):
        tally = Tally()
        lines.read("audit.log", [b"".join(logged)], tally)
        assert "; ".join(coverage.log(tally, ["audit.log"], "7d").missing) == reason


def test_a_pod_with_its_name_made_up_by_kustomize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_text(deployment(namespace=""))
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\nnamePrefix: prod-\nnamespace: shop\n")
    (tmp_path / "audit.log").write_bytes(written([event(account("default"), "list", "pods", pod="prod-web-5d8c9b7f6d-x7k2p")]))
    assert invoke(["evidence", "audit-log", "audit.log", "-o", "e.json"]).exit == 0
    report = json.loads(invoke(["audit", ".", "--evidence", "e.json", "--format", "json"]).stdout)
    assert [one["verdict"] for one in report["workloads"]] == ["required"]
    assert report["workloads"][0]["evidence"][0]["calls"][0]["verb"] == "list"


def test_the_file_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notes = {"authentication.k8s.io/legacy-token-manual-secret": "t", "authentication.k8s.io/stale-token": "x"}
    before = known(around(ran(WEB), CALL, event(account("web"), "get", "secrets", namespace="shop", name="a", annotations=notes)))
    for name in ("1.json", "2.json"):
        Path(name).write_text(evidence_files.render(before.items, before.logs))
    assert invoke(["evidence", "merge", "1.json", "2.json", "-o", "3.json"]).exit == 0
    after = evidence_files.load("3.json")
    assert (after.items, after.logs) == (evidence_files.merge(before.items), before.logs)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"logs": {}}, "is no evidence file"),
        ({"logs": [1]}, "log 1: must be a mapping"),
        ({"logs": [{"first": 1}]}, "log 1: `first` must be"),
        ({"logs": [{"doubted": [["a"]]}]}, "log 1: `doubted`"),
        ({"logs": [{"ran": [{"pod": []}]}]}, "log 1: `pod` must be"),
        ({"items": [{"subject": {"namespace": "a", "account": "b"}, "strength": "proof", "why": "x", "calls": [{"times": "1"}]}]}, "item 1: `calls`"),
        ({"items": [{"subject": {"account": "b"}, "strength": "proof", "why": "x", "calls": [{}]}]}, "must name `namespace`"),
    ],
)  # fmt: skip
def test_bad_evidence_files(tmp_path: Path, value: dict[str, object], message: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(json.dumps({"version": 1, "items": []} | value))
    with pytest.raises(InputError, match=message):
        evidence_files.load(str(path))


def test_what_a_newer_version_adds_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text('{"version": 1, "items": [], "logs": [{"first": "x", "new": 1}], "more": {}}')
    assert [log.first for log in evidence_files.load(str(path)).logs] == ["x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-01", 1790812800),
        ("2026-10-01T02:00:00+02:00", 1790812800),
        ("2026-09-30T22:30:00.5-01:30", 1790812800),
        ("2026-02-30", None),
        ("1 October", None),
        ("", None),
    ],
)
def test_moments(text: str, expected: int | None) -> None:
    assert moments.seconds(text) == expected
