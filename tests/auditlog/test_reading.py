"""Reading audit logs: every shape that they come in, and what is damaged."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from samigrate.auditlog import documents, lines
from samigrate.auditlog.decoding import loads
from samigrate.auditlog.tally import Tally
from samigrate.hosts import auditlogs
from tests.auditlog.events import NODE, account, event, ran, token
from tests.auditlog.events import lines as written
from tests.command import invoke

CART = account("cart")
LIST = event(CART, "list", "pods", namespace="shop", pod="cart-5d8c9b7f6d-x7k2p")
OTHERS = [event(NODE, "update", "leases.coordination.k8s.io", at=f"2026-10-01T00:0{n}:00", name="w") for n in range(5)]


def tally(*contents: bytes, size: int = 1 << 16) -> Tally:
    """What files with that content come to; blocks of `size` bytes."""
    found = Tally()
    for content in contents:
        blocks = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
        reader = documents if documents.is_document(content[:4096]) else lines
        reader.read("audit.log", blocks, found)
    return found


def told(found: Tally) -> list[tuple[str, str, str, str, int, int]]:
    """Account, pods, verb, resource or path, how often, how often refused."""
    return sorted(
        (name, pods, target.verb, target.resource or target.path, calls.count, calls.refused)
        for (_, name), one in found.accounts.items()
        for (pods, _), caller in one.callers.items()
        for target, calls in caller.calls.items()
    )


LISTED = [("cart", "cart-*-*", "list", "pods", 1, 0)]


def eks_export(one: dict[str, Any]) -> bytes:
    """CloudWatch Logs exported to S3: a time, a space, the message
    (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html, read 2026-11-27)."""
    return b"2026-10-01T00:00:00.000Z " + json.dumps(one).encode() + b"\n"


def eks_filtered(one: dict[str, Any]) -> bytes:
    """`aws logs filter-log-events` (…/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html, read 2026-11-27)."""
    entry = {"logStreamName": "kube-apiserver-audit-0a1b", "timestamp": 1790812800000, "message": json.dumps(one), "eventId": "3"}
    return json.dumps({"events": [entry], "searchedLogStreams": []}, indent=4).encode()


def eks_subscribed(one: dict[str, Any]) -> bytes:
    """A subscription through Firehose: objects without an end of line between them
    (…/AmazonCloudWatch/latest/logs/SubscriptionFilters.html, read 2026-11-27)."""
    part = {"messageType": "DATA_MESSAGE", "logGroup": "/aws/eks/shop/cluster", "logEvents": []}
    entry = {"id": "1", "timestamp": 1790812800000, "message": json.dumps(one)}
    return json.dumps(part).encode() + json.dumps({**part, "logEvents": [entry]}).encode()


def eks_insights(one: dict[str, Any]) -> bytes:
    """Logs Insights' results as JSON: `@message` is parsed already."""
    return json.dumps([{"@timestamp": "2026-10-01 00:00:00.000", "@message": one}]).encode()


def gke(one: dict[str, Any]) -> bytes:
    """Cloud Logging's LogEntry with an AuditLog, as a sink writes it and `gcloud logging read --format=json` prints it
    (cloud.google.com/kubernetes-engine/docs/how-to/audit-logging, read 2026-11-27)."""
    entry = {
        "insertId": "5a6b",
        "logName": "projects/shop/logs/cloudaudit.googleapis.com%2Fdata_access",
        "operation": {"first": True, "id": one["auditID"], "last": True, "producer": "k8s.io"},
        "labels": {"authorization.k8s.io/decision": "allow"},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalEmail": one["user"]["username"]},
            "authorizationInfo": [{"granted": True, "permission": "io.k8s.core.v1.pods.list", "resource": "core/v1/namespaces/shop/pods"}],
            "methodName": "io.k8s.core.v1.pods.list",
            "requestMetadata": {"callerIp": "10.0.0.7", "callerSuppliedUserAgent": "cart/1"},
            "resourceName": "core/v1/namespaces/shop/pods",
            "serviceName": "k8s.io",
            "status": {"code": 0},
        },
        "timestamp": "2026-10-01T00:00:00.123456Z",
    }
    return json.dumps(entry).encode() + b"\n"


def gke_read(one: dict[str, Any]) -> bytes:
    return json.dumps([json.loads(gke(one))], indent=2).encode()


def aks_storage(one: dict[str, Any]) -> bytes:
    """A diagnostic setting's blob: a record a line, the event as text in `properties.log`
    (learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema, read 2026-11-27)."""
    properties = {"log": json.dumps(one) + "\n", "stream": "stdout", "pod": "kube-apiserver-7d9f", "containerID": "c0ffee"}
    record = {"time": "2026-10-01T00:00:00.0000000Z", "category": "kube-audit", "operationName": "x", "properties": properties}
    return json.dumps(record).encode() + b"\n"


def aks_hub(one: dict[str, Any]) -> bytes:
    return json.dumps({"records": [json.loads(aks_storage(one))]}).encode()


def aks_table(one: dict[str, Any]) -> bytes:
    """Rows of AKSAudit, as `az monitor log-analytics query` prints them
    (learn.microsoft.com/azure/azure-monitor/reference/tables/aksaudit, read 2026-11-27)."""
    row = {
        "AuditId": one["auditID"],
        "Level": "Metadata",
        "Stage": one["stage"],
        "RequestUri": one["requestURI"],
        "Verb": one["verb"],
        "User": json.dumps(one["user"]),
        "UserAgent": one["userAgent"],
        "ObjectRef": json.dumps(one["objectRef"]),
        "ResponseStatus": json.dumps(one["responseStatus"]),
        "RequestReceivedTime": one["requestReceivedTimestamp"],
    }
    return json.dumps([row], indent=2).encode()


def openshift(one: dict[str, Any]) -> bytes:
    """`oc adm node-logs --role=master --path=kube-apiserver/audit.log`: the node's name in front of each line
    (docs.redhat.com, OpenShift 4 "Viewing audit logs", read 2026-11-27)."""
    return b"ip-10-0-140-97.ec2.internal " + json.dumps(one).encode() + b"\n"


@pytest.mark.parametrize(
    ("wrap", "shape", "pods"),
    [
        pytest.param(lambda one: written([one]), "Kubernetes", "cart-*-*", id="JSON lines"),
        pytest.param(lambda one: json.dumps(one).encode(), "Kubernetes", "cart-*-*", id="one line without an end"),
        pytest.param(
            lambda one: b"\xef\xbb\xbf"[3:] + written([one]).replace(b"\n", b"\r\n"), "Kubernetes", "cart-*-*", id="Windows' ends"
        ),
        pytest.param(lambda one: json.dumps({"kind": "EventList", "items": [one]}).encode(), "Kubernetes", "cart-*-*", id="EventList"),
        pytest.param(
            lambda one: json.dumps({"kind": "EventList", "metadata": {}, "items": [one]}, indent=2).encode(),
            "Kubernetes",
            "cart-*-*",
            id="EventList, indented",
        ),
        pytest.param(lambda one: json.dumps([one]).encode(), "Kubernetes", "cart-*-*", id="array"),
        pytest.param(
            lambda one: json.dumps(one, indent=1).encode() + b"\n", "Kubernetes", "cart-*-*", id="indented objects, as jq prints them"
        ),
        pytest.param(lambda one: json.dumps({"log": json.dumps(one)}).encode(), "Kubernetes", "cart-*-*", id="a container's log"),
        pytest.param(eks_export, "EKS", "cart-*-*", id="EKS, exported"),
        pytest.param(eks_filtered, "EKS", "cart-*-*", id="EKS, filter-log-events"),
        pytest.param(eks_subscribed, "EKS", "cart-*-*", id="EKS, Firehose"),
        pytest.param(eks_insights, "EKS", "cart-*-*", id="EKS, Insights"),
        pytest.param(gke, "GKE", "", id="GKE, sink"),
        pytest.param(gke_read, "GKE", "", id="GKE, gcloud"),
        pytest.param(aks_storage, "AKS", "cart-*-*", id="AKS, storage"),
        pytest.param(aks_hub, "AKS", "cart-*-*", id="AKS, event hub"),
        pytest.param(aks_table, "AKS", "cart-*-*", id="AKS, table"),
        pytest.param(openshift, "OpenShift", "cart-*-*", id="OpenShift"),
    ],
)
def test_wrappings(wrap: Callable[[dict[str, Any]], bytes], shape: str, pods: str) -> None:
    """R-E15: the same call is read out of each, whole or in small pieces."""
    for size in (1 << 16, 100):
        found = tally(wrap(LIST), size=size)
        assert told(found) == [("cart", pods, "list", "pods", 1, 0)]
        assert found.period.first == "2026-10-01T00:00:00Z"
        assert found.broken == 0
        assert shape in found.shapes or shape == "EKS"  # an exported line is a time and an event


def test_a_clouds_other_fields() -> None:
    entry = json.loads(gke(LIST))
    payload = entry["protoPayload"]
    payload |= {
        "methodName": "io.k8s.core.v1.pods.exec.create",
        "resourceName": "core/v1/namespaces/shop/pods/cart-0/exec",
        "status": {"code": 7},
    }
    payload["authorizationInfo"][0]["granted"] = False
    assert told(tally(json.dumps(entry).encode())) == [("cart", "", "create", "pods/exec", 1, 1)]
    payload |= {
        "methodName": "com.coreos.monitoring.v1.prometheuses.get",
        "resourceName": "monitoring.coreos.com/v1/namespaces/shop/prometheuses/main",
    }
    found = tally(json.dumps(entry).encode())
    assert next(iter(found.accounts["shop", "cart"].callers["", ""].calls)).group == "monitoring.coreos.com"


def test_one_request_counts_once() -> None:
    """R-E15: by its id, whatever stages it is logged at; what has not ended is no call, but is kept in mind."""
    stages = [{**LIST, "stage": stage} for stage in ("RequestReceived", "ResponseStarted", "ResponseComplete")]
    assert told(tally(written(stages))) == LISTED
    assert told(tally(written([LIST]), written([LIST]))) == LISTED
    received = tally(written([stages[0]]))
    assert told(received) == [] and received.accounts["shop", "cart"].received == 1


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(event(CART, "list", "pods", namespace="shop", code=403), [("cart", "", "list", "pods", 1, 1)], id="refused"),
        pytest.param(event(CART, "get", "pods", namespace="shop", name="x", code=404), [("cart", "", "get", "pods", 1, 0)], id="not found"),
        pytest.param(event(CART, "get", "/metrics"), [("cart", "", "get", "/metrics", 1, 0)], id="no resource"),
        pytest.param(event(NODE, "create", "serviceaccounts/token", namespace="shop", name="cart"), [], id="the kubelet's TokenRequest"),
        pytest.param(event("jane", "list", "pods", impersonatedUser={"username": CART}), [], id="impersonated"),
        pytest.param(
            event("vault", "create", "tokenreviews.authentication.k8s.io", requestObject={"status": {"user": {"username": CART}}}),
            [],
            id="a review about it",
        ),
        pytest.param(
            event(
                account("replicaset-controller", "kube-system"),
                "create",
                "pods",
                namespace="shop",
                userAgent="kube-controller-manager/v1.34",
            ),
            [],
            id="a controller",
        ),
        pytest.param(event("system:serviceaccount:shop:cart:x", "list", "pods"), [], id="more than four parts"),
        pytest.param(event("jane", "get", "pods", userAgent=CART), [], id="a user agent that says so"),
    ],
)
def test_what_is_a_use(one: dict[str, Any], expected: list[tuple[str, str, str, str, int, int]]) -> None:
    """R-E18"""
    assert told(tally(written([one]))) == expected
    assert told(tally(json.dumps([one]).encode())) == expected


def test_a_legacy_token_names_its_secret() -> None:
    """R-E16; and the mark of a client that does not read its token anew is kept (R-E19)."""
    notes = {"authentication.k8s.io/legacy-token-manual-secret": "cart-token", "authentication.k8s.io/stale-token": "subject: x"}
    found = tally(written([event(CART, "list", "pods", annotations=notes)]))
    ((pods, secret), caller) = next(iter(found.accounts["shop", "cart"].callers.items()))
    assert (pods, secret, caller.stale) == ("", "cart-token", 1)


WHOLE = written([OTHERS[0], LIST, OTHERS[1]])


@pytest.mark.parametrize(
    ("content", "line", "calls", "doubted"),
    [
        pytest.param(WHOLE[:-300], 3, LISTED, set(), id="cut at its end"),
        pytest.param(WHOLE[300:], 1, LISTED, set(), id="cut at its beginning"),
        pytest.param(WHOLE.replace(b'"verb":"list"', b'"verb":"li'), 2, [], {("shop", "cart")}, id="damaged, and names its account"),
        pytest.param(
            WHOLE.replace(b'"username":"system:serviceaccount', b'"usern{"a":"system:serviceaccount'),
            2,
            [],
            {("", "")},
            id="damaged, and does not",
        ),
        pytest.param(written([OTHERS[0]]) + written([LIST])[:400] + WHOLE, 2, LISTED, {("shop", "cart")}, id="two run into one another"),
        pytest.param(WHOLE.replace(b"list", b"li\xffst"), 0, [("cart", "cart-*-*", "li\ufffdst", "pods", 1, 0)], set(), id="no UTF-8"),
        pytest.param(
            b"I1127 a klog line about system:serviceaccount:shop:cart\n" * 2 + WHOLE, 1, LISTED, set(), id="another program's lines"
        ),
        pytest.param(written([OTHERS[0]]) + b"\n\n" + WHOLE, 0, LISTED, set(), id="empty lines"),
        pytest.param(b"[" + WHOLE.replace(b"\n", b",\n")[:-600], 3, LISTED, set(), id="an array, cut"),
        pytest.param(
            b"[" + WHOLE.replace(b"\n", b",\n").replace(b'"verb":"list"', b'"verb":list'), 2, [], {("shop", "cart")}, id="an array, damaged"
        ),
    ],
)
def test_damage_is_counted_and_named(content: bytes, line: int, calls: list[Any], doubted: set[tuple[str, str]]) -> None:
    found = tally(content)
    assert told(found) == calls
    assert [entry[1] for entry in found.unread][:1] == ([line] if line else [])
    assert found.broken >= len(found.unread) and bool(found.broken) == bool(line)
    assert found.doubted == doubted


def test_a_line_without_an_end_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 5000)
    found = tally(written([LIST]) + b'{"a":"' + b"x" * 20_000 + b"\n" + written([LIST, {**LIST, "auditID": "2"}]), size=1000)
    assert told(found) == [("cart", "cart-*-*", "list", "pods", 2, 0)]
    assert [(line, reason) for _, line, reason in found.unread] == [(2, "longer than any event")]


def test_hostile_json_is_no_crash() -> None:
    deep = b'{"auditID":' + b"[" * 100_000 + b'"system:serviceaccount:a:b"'
    strange = json.dumps({**LIST, "user": [1], "objectRef": "x", "responseStatus": 5, "annotations": [], "verb": None}).encode()
    found = tally(deep + b"\n" + strange + b'\n"system:serviceaccount:a:b"\n[1,{"auditID":1}]\n' + written([LIST]))
    assert told(found) == LISTED
    with pytest.raises(ValueError):
        loads(b"[" * 200_000)


def test_what_a_caller_may_choose_is_bounded() -> None:
    every = [
        event(CART, "get", f"/x/{n}", pod=f"pod-{n}x", userAgent=f"agent-{n}", at=f"2026-10-01T00:{n // 60 % 60:02d}:{n % 60:02d}")
        for n in range(2000)
    ]
    (one,) = tally(written(every)).accounts.values()
    assert len(one.callers) <= 301
    assert all(len(caller.calls) <= 301 and len(caller.agents) <= 8 for caller in one.callers.values())
    assert sum(calls.count for caller in one.callers.values() for calls in caller.calls.values()) == 2000


def zstd(content: bytes) -> bytes:
    return bytes(auditlogs._zstd("x").compress(content))


@pytest.mark.parametrize(
    ("name", "pack"), [("audit.log", bytes), ("audit.log.gz", gzip.compress), ("audit.zst", zstd), ("log.1", gzip.compress)]
)
def test_files(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    path, older = tmp_path / name, tmp_path / "older.log"
    path.write_bytes(pack(written([LIST, *OTHERS])))
    older.write_bytes(written([event(CART, "get", "/metrics", at="2026-09-30T00:00:00")]))
    found = auditlogs.read([str(path), str(older), str(path)], None)
    assert [entry[2] for entry in told(found)] == ["get", "list"]
    assert (found.period.first, found.period.last) == ("2026-09-30T00:00:00Z", "2026-10-01T00:04:00Z")
    path.write_bytes(path.read_bytes()[:-20] if pack is not bytes else b"")
    assert auditlogs.read([str(path), str(older)], None).broken == (pack is not bytes)


def test_standard_input() -> None:
    assert told(auditlogs.read(["-"], cast(BinaryIO, io.BufferedReader(io.BytesIO(gzip.compress(written([LIST]))))))) == LISTED


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "holds no audit event"), (b"kind: Pod\n", "holds no audit event"), (None, "cannot be read")]
)
def test_bad_input(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "audit.log"
    if content is not None:
        path.write_bytes(content)
    done = invoke(["evidence", "audit-log", str(path)])
    assert done.exit == 2 and said in done.stderr and str(path) in done.stderr


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "7x", "2026-10-01T99:00:00Z"])
def test_a_bad_period(tmp_path: Path, since: str) -> None:
    (tmp_path / "audit.log").write_bytes(written([LIST]))
    done = invoke(["evidence", "audit-log", str(tmp_path / "audit.log"), "--audit-since", since])
    assert done.exit == 2 and f"--audit-since {since}" in done.stderr


def test_zst_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    (tmp_path / "a.zst").write_bytes(zstd(written([LIST])))
    monkeypatch.setattr(auditlogs, "import_module", missing)
    done = invoke(["evidence", "audit-log", str(tmp_path / "a.zst")])
    assert done.exit == 2 and "pip install 'samigrate[audit]'" in done.stderr


def test_unreadable_lines_are_named_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("audit.log").write_bytes(written([LIST]) + b'{"a\x1b[31m"\n' * 25)
    done = invoke(["evidence", "audit-log", "audit.log", "-q", "-o", "e.json"])
    assert done.exit == 0
    assert done.stderr.splitlines() == [*(f"audit.log:{n}: no whole JSON object" for n in range(2, 22)), "5 more lines that cannot be read"]
    assert json.loads(Path("e.json").read_bytes())["logs"][0]["unreadable"] == 25


def gke_created(one: dict[str, Any]) -> bytes:
    entry = json.loads(gke(one))
    target = one["objectRef"]
    path = f"core/v1/namespaces/shop/{target['resource']}/{target['name']}/{target['subresource']}"
    method = f"io.k8s.core.v1.{target['resource']}.{target['subresource']}.create"
    entry["protoPayload"] |= {"resourceName": path, "methodName": method}
    return json.dumps(entry).encode() + b"\n"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: written([one]),
        lambda one: json.dumps(one).encode() + b"\n",
        aks_storage,
        aks_hub,
        aks_table,
        eks_export,
        openshift,
        gke_created,
    ],
)
def test_what_ran_is_seen_in_each_wrapping(wrap: Callable[[dict[str, Any]], bytes]) -> None:
    """R-E19: a pod that is bound to a node, and the kubelet's request for a token."""
    for one, key in (
        (ran("web-5d8c9b7f6d-x7k2p"), ("shop", "pods", "web-*-*")),
        (token("web"), ("shop", "serviceaccounts", "web")),
    ):
        found = tally(wrap(one))
        assert list(found.running) == [key]
        assert found.running[key].first == ("2026-10-01T00:00:00Z" if wrap is gke_created else "2026-10-01T00:30:00Z")
        assert told(found) == []
    assert not tally(wrap(event("jane", "create", "serviceaccounts/token", namespace="shop", name="web"))).running
