"""What an operation says was there before is what was there: people read it in plans and reports, and undo by it."""

from __future__ import annotations

import pytest

from samigrate.base.values import Value, resolve
from samigrate.domain.json_patch import apply
from tests.stream import migrate

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  serviceAccountName: web
  containers:
  - name: web
    image: nginx:1.29
    volumeMounts:{mounts}
  volumes:{volumes}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: shop
"""
TOKEN = "\n  - name: token\n    secret:\n      secretName: web-token-x7k2p"
MOUNT = "\n    - name: token\n      mountPath: /var/run/secrets/kubernetes.io/serviceaccount"
CACHE = "\n  - name: cache\n    emptyDir: {}"
EXPORT = "\n  - name: kube-api-access-x7k2p\n    projected:\n      sources:\n      - serviceAccountToken: {path: token}"
CASES = {
    "the only volume": (MOUNT, TOKEN),
    "one volume of two": (MOUNT, TOKEN + CACHE),
    "one mount of two": (MOUNT + "\n    - name: cache\n      mountPath: /cache", CACHE + TOKEN),
    "an exported volume": (MOUNT.replace("token\n", "kube-api-access-x7k2p\n"), EXPORT),
    "a volume converted in place": (MOUNT.replace("/var/run/secrets/kubernetes.io/serviceaccount", "/etc/kube"), TOKEN),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_removed_is_recorded(case: str) -> None:
    mounts, volumes = CASES[case]
    report = migrate(POD.format(mounts=mounts, volumes=volumes)).report()
    planned: Value = report.workload.resource.value
    removed = []
    for operation in (applied.operation for applied in report.applied):
        if operation.op == "remove":
            removed.append(operation.pointer)
            assert operation.before == resolve(planned, operation.pointer)
        planned = apply(planned, operation)
    assert removed
