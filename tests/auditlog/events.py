"""Audit events as the API server writes them (`audit.k8s.io/v1`, k8s.io/apiserver `pkg/apis/audit/v1/types.go`, read on
2026-11-27), made here; and the week of the shop in `examples/shop-logs`: `python -m tests.auditlog.events` writes it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Event = dict[str, Any]
WEEK = Path(__file__).parents[2] / "examples" / "shop-logs" / "week.log.gz"
NODE = "system:node:worker-1"


def event(
    user: str,
    verb: str,
    resource: str = "",
    *,
    at: str = "2026-10-01T00:00:00",
    namespace: str = "",
    name: str = "",
    pod: str = "",
    code: int = 200,
    **more: Any,
) -> Event:
    """One finished request. `resource` is `pods`, `pods/log` or `deployments.apps`; a path where it begins with `/`."""
    what, _, subresource = resource.partition("/")
    what, _, group = what.partition(".")
    is_path = resource.startswith("/")
    place = "".join(
        (
            f"/apis/{group}/v1" if group else "/api/v1",
            f"/namespaces/{namespace}" if namespace else "",
            f"/{what}",
            f"/{name}" if name else "",
        )
    )
    extra = {"authentication.kubernetes.io/pod-name": [pod], "authentication.kubernetes.io/pod-uid": ["u-1"]} if pod else None
    target = {"resource": what, "namespace": namespace, "name": name, "apiGroup": group, "apiVersion": "v1", "subresource": subresource}
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"{abs(hash((user, verb, resource, at, namespace, name, pod, code))):032x}",
        "stage": "ResponseComplete",
        "requestURI": resource if is_path else place + (f"/{subresource}" if subresource else ""),
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"], **({"extra": extra} if extra else {})},
        "sourceIPs": ["10.0.0.7"],
        "userAgent": "client/v1 (linux/amd64)",
        **({} if is_path else {"objectRef": {key: value for key, value in target.items() if value}}),
        "responseStatus": {"metadata": {}, "code": code},
        "requestReceivedTimestamp": f"{at}.000000Z",
        "stageTimestamp": f"{at}.100000Z",
        "annotations": {"authorization.k8s.io/decision": "forbid" if code == 403 else "allow"},
        **more,
    }


def account(name: str, namespace: str = "shop") -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def lines(events: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in events).encode()


def hours(days: int = 7) -> Iterator[str]:
    for hour in range(24 * days):
        yield f"2026-10-{1 + hour // 24:02d}T{hour % 24:02d}:00:00"


def around(*events: Event, days: int = 7) -> list[Event]:
    """A log of some days that would show calls: every hour the operator lists Deployments."""
    operator = account("stock-operator")
    pod = "stock-operator-6c5b9d8f7c-x2vzq"
    every = [event(operator, "list", "deployments.apps", at=at, namespace="shop", pod=pod) for at in hours(days)]
    return sorted([*every, *events], key=lambda one: str(one["requestReceivedTimestamp"]))


def ran(pod: str, at: str = "2026-10-01T00:30:00", namespace: str = "shop") -> Event:
    return event("system:kube-scheduler", "create", "pods/binding", at=at, namespace=namespace, name=pod)


def token(name: str, at: str = "2026-10-01T00:30:00", namespace: str = "shop") -> Event:
    """The kubelet asks for a pod's token."""
    return event(NODE, "create", "serviceaccounts/token", at=at, namespace=namespace, name=name)


def week() -> Iterator[Event]:
    """What the API server of the shop's cluster has logged in a week."""
    operator, pod = account("stock-operator"), "stock-operator-6c5b9d8f7c-x2vzq"
    for started in (
        "mailer-7b9c6d5f4-kq8zt",
        "storefront-5d8c9b7f6d-x7k2p",
        "payments-84c7d9b6f5-p4mtw",
        "cart-store-0",
        "cart-store-1",
        pod,
    ):
        yield ran(started, "2026-10-01T00:02:11")
    for number, at in enumerate(hours()):
        day, hour = at[:10], at[11:13]
        yield event(operator, "watch", "deployments.apps", at=at, namespace="shop", pod=pod, userAgent="stock-operator/2.3.0")
        yield event(operator, "get", "/version", at=at, pod=pod, userAgent="stock-operator/2.3.0")
        yield token("stock-operator", f"{day}T{hour}:48:20")
        yield event(NODE, "update", "leases.coordination.k8s.io", at=f"{day}T{hour}:50:00", namespace="kube-node-lease", name="worker-1")
        if number % 6 == 5:
            yield event(
                operator, "patch", "deployments.apps/scale", at=f"{day}T{hour}:20:00", namespace="shop", name="importer", pod=pod,
                userAgent="stock-operator/2.3.0",
            )  # fmt: skip
        if hour == "03":
            job = f"restart-importer-{29_340_000 + number * 60}-{'bcdfghj'[number // 24]}7k2p"
            yield ran(job, f"{day}T03:30:01", "shop-jobs")
            yield event(
                account("default", "shop-jobs"), "patch", "deployments.apps", at=f"{day}T03:30:04", namespace="shop", name="importer",
                pod=job, userAgent="kubectl/v1.31.0 (linux/amd64)",
            )  # fmt: skip
            yield event(
                account("payments"), "list", "endpoints", at=f"{day}T03:40:00", namespace="shop", userAgent="payments/5.1.4",
                annotations={"authentication.k8s.io/legacy-token-autogenerated-secret": "payments-token-x7k2p"},
            )  # fmt: skip
    yield event(
        account("default"), "list", "endpoints", at="2026-10-04T11:17:42", namespace="shop", pod="storefront-5d8c9b7f6d-x7k2p", code=403,
        userAgent="lua-resty-http/0.17",
    )  # fmt: skip


def written_week() -> bytes:
    ordered = sorted(week(), key=lambda one: str(one["requestReceivedTimestamp"]))
    return lines({**one, "auditID": f"00000000-0000-4000-8000-{number:012d}"} for number, one in enumerate(ordered))


if __name__ == "__main__":
    WEEK.write_bytes(gzip.compress(written_week(), mtime=0))
