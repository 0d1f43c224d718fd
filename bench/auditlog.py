"""How fast an audit log is read, beside `jq` and beside `json.loads` for each line, on the same file:
`python -m bench.auditlog`, or `--size 100` for megabytes.

The log is made up: one event in forty is a service account's, the others are what keeps an API server busy (leases, nodes,
pods' states, Secrets that kubelets read, controllers). The tools are asked for the same, who called what: jq by the filter that
is written here. Each is run in turns on one processor; the medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import measure
from bench.run import MB, SAMIGRATE, Figure
from tests.auditlog.events import NODE, account, event

_JQ = 'select(.user.username | startswith("system:serviceaccount:")) | [.user.username, .verb, .objectRef.resource, .userAgent] | @tsv'
_LOADS = """
import json, sys
found = {}
for line in open(sys.argv[1], "rb"):
    event = json.loads(line)
    name = event["user"]["username"]
    if name.startswith("system:serviceaccount:"):
        key = name, event["verb"], event.get("objectRef", {}).get("resource")
        found[key] = found.get(key, 0) + 1
"""
_REASON = 'RBAC: allowed by ClusterRoleBinding "system:kube-controller-manager" of ClusterRole "system:kube-controller-manager" to User'


def _status(number: int) -> dict[str, Any]:
    """What a kubelet writes of a node or a pod, at the level Request."""
    conditions = [
        {
            "type": kind,
            "status": "False",
            "lastHeartbeatTime": f"2026-10-01T0{number % 10}:00:00Z",
            "lastTransitionTime": "2026-09-01T00:00:00Z",
            "reason": f"KubeletHas{kind}",
            "message": f"kubelet says that {kind} is as it should be",
        }
        for kind in ("NetworkUnavailable", "MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    ]
    return {"metadata": {"uid": f"{number:032x}"}, "status": {"conditions": conditions, "observedGeneration": number}}


def _of_others(number: int, at: str) -> list[tuple[int, dict[str, Any]]]:
    """Events of nodes, controllers and people, each with how often it comes among a hundred."""
    node, team = f"worker-{number % 40}", f"team-{number % 30}"
    pod = f"web-5d8c9b7f6d-x7k{number % 8 + 2}p"
    return [
        (34, event(NODE, "update", "leases.coordination.k8s.io", at=at, namespace="kube-node-lease", name=node)),
        (14, event("system:kube-controller-manager", "update", "leases.coordination.k8s.io", at=at, namespace="kube-system", name="kcm")),
        (8, event(NODE, "patch", "nodes/status", at=at, name=node, requestObject=_status(number))),
        (8, event(NODE, "patch", "pods/status", at=at, namespace=team, name=pod, requestObject=_status(number))),
        (12, event(NODE, "get", "configmaps", at=at, namespace=team, name=f"settings-{number % 200}")),
        (10, event("system:apiserver", "list", "clusterroles.rbac.authorization.k8s.io", at=at)),
        (8, event("system:kube-scheduler", "get", "pods", at=at, namespace=team, name=pod)),
        (4, event("jane@example.com", "get", "deployments.apps", at=at, namespace=team, name=f"web-{number % 500}")),
        (1, event(NODE, "create", "serviceaccounts/token", at=at, namespace=team, name="web")),
        (1, event("system:kube-scheduler", "create", "pods/binding", at=at, namespace=team, name=pod)),
    ]


def _lines() -> Iterator[bytes]:
    chance = random.Random(13)
    for number in range(1 << 40):
        second = number // 50
        at = f"2026-10-{1 + second // 86400 % 28:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        if number % 40 == 0:
            team = chance.randrange(30)
            verb = chance.choice(("get", "list", "watch", "patch"))
            one = event(account("web", f"team-{team}"), verb, "configmaps", at=at, namespace=f"team-{team}", pod="web-5d8c9b7f6d-x7k2p")
        else:
            weights, events = zip(*_of_others(number, at), strict=True)
            one = chance.choices(events, weights)[0]
        one["auditID"] = f"{number:032x}"
        one["annotations"]["authorization.k8s.io/reason"] = _REASON
        one["userAgent"] = "kubelet/v1.34.1 (linux/amd64) kubernetes/93248f9ae092f571eb870b7664c534bfc7d00f03"
        yield json.dumps(one, separators=(",", ":")).encode() + b"\n"


def write(path: Path, size: int) -> None:
    """A log of that many bytes, about. A stretch of it is made, then written again and again with other ids."""
    stretch: list[bytes] = []
    for line in _lines():
        stretch.append(line)
        if len(stretch) == 20_000:
            break
    written = turn = 0
    with open(path, "wb") as file:
        while written < size:
            content = b"".join(stretch).replace(b'"auditID":"00000000', b'"auditID":"%08x' % turn)
            written += file.write(content)
            turn += 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.auditlog", description=__doc__)
    parser.add_argument("--size", type=int, default=1000, help="megabytes (default 1000)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="samigrate-bench-") as name:
        folder = Path(name)
        for figure in _figures(folder, options.size * MB, options.rounds):
            sys.stdout.write(figure.line() + "\n")
            sys.stdout.flush()
    return 0


def _figures(folder: Path, size: int, rounds: int) -> Iterator[Figure]:
    log, small, nothing = folder / "audit.log", folder / "small.log", folder / "nothing"
    nothing.write_bytes(b"")
    write(log, size)
    write(small, size // 10)
    length, cache = log.stat().st_size, folder / "pyc"
    pin = [path, "-c", "0"] if (path := shutil.which("taskset")) else []
    ours = [*pin, *SAMIGRATE, "evidence", "audit-log", "-q", "-o", os.devnull]
    commands = {
        "ours": [*ours, str(log)],
        "covering": [*ours, "--audit-since", "1d", str(log)],
        "json.loads": [*pin, sys.executable, "-c", _LOADS, str(log)],
    }
    if jq := shutil.which("jq"):
        commands["jq"] = [*pin, jq, "-r", _JQ, str(log)]
    else:
        sys.stdout.write("--   jq is not there\n")
    taken = measure.processes(commands, nothing, rounds, cache)
    speed = {name: length / took.wall / MB for name, took in taken.items()}
    for name, bound in (("jq", 10), ("json.loads", 5)):
        if name in taken:
            detail = f"{speed['ours']:.0f} MB/s against {speed[name]:.0f} by the clock, {length / MB:.0f} MB"
            ratio = taken[name].cpu / taken["ours"].cpu
            yield Figure(f"an audit log is read faster than {name} does, by processor time", ratio, bound, False, detail)
            ratio, detail = taken[name].cpu / taken["covering"].cpu, f"{speed['covering']:.0f} MB/s"
            yield Figure("the same with --audit-since, which looks for what ran, too", ratio, bound, False, detail)
    peak = measure.process([*ours, str(small)], nothing, cache).peak
    detail = f"{taken['ours'].peak / MB:.0f} MB for {length / MB:.0f} MB of log, {peak / MB:.0f} MB for a tenth of it"
    yield Figure("peak memory on a log ten times as large", taken["ours"].peak / peak, 1.25, True, detail)


if __name__ == "__main__":
    sys.exit(main())
