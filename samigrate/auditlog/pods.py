"""From a pod's name to the workload that made it (R-E17).

A controller names its pods after itself and adds parts that tell them apart. `family` takes those parts for `*`, and
`families` says what the pods of a workload come to: the two are compared, so whatever is stripped is stripped from both.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ID = "[bcdfghjklmnpqrstvwxz2456789]"
"""The characters of generated names, R-B6 (k8s.io/apimachinery `util/rand`)."""
_RANDOM = re.compile(rf"(.+)-{_ID}{{5}}")
_MIDDLE = re.compile(rf"(.+)-(?:\d+|{_ID}{{6,10}})")
_ORDINAL = re.compile(r"(.+)-\d+")
_LONGEST_BASE, _LONGEST = 58, 63
"""A generated name is its base, cut to 58 characters, and five more (k8s.io/apiserver `storage/names`)."""
_SURE = 47
"""What is left of a name that was cut, in front of any hash: 58 characters less a hash and its dash."""
_BY_KIND = {
    **dict.fromkeys(("Deployment", "DeploymentConfig", "Rollout"), ("-bbbbbbbb-", "-bbbbbbbbb-", "-bbbbbbbbbb-")),
    **dict.fromkeys(("ReplicaSet", "ReplicationController", "DaemonSet"), ("-",)),
    "Job": ("-", "-0-"),
    "CronJob": ("-29000000-",),
}


@lru_cache(1 << 12)
def family(pod: str) -> str:
    """A pod's name with `*` for what tells it from its siblings: `cart-*-*`, `store-*`; the name itself for a bare pod."""
    if len(pod) >= _LONGEST:
        return pod[:_SURE] + "*"
    if found := _RANDOM.fullmatch(pod):
        middle = _MIDDLE.fullmatch(found[1])
        return f"{middle[1]}-*-*" if middle else f"{found[1]}-*"
    ordinal = _ORDINAL.fullmatch(pod)
    return f"{ordinal[1]}-*" if ordinal else pod


def is_generated(name: str) -> bool:
    """Whether a name ends in what a controller makes up anew each time."""
    return family(name) != name


def families(kind: str, name: str) -> frozenset[str]:
    """The families of the pods of a workload; empty for a kind whose controller may name pods as it likes."""
    if kind in _BY_KIND:
        return frozenset(family((name + end)[:_LONGEST_BASE] + "bbbbb") for end in _BY_KIND[kind])
    if kind in ("StatefulSet", "Pod"):
        return frozenset({family(name), name} if kind == "Pod" else {family(f"{name}-0")})
    return frozenset()


def is_of(pods: str, kind: str, name: str) -> bool:
    """Whether a family of pods may be a workload's. Pods of a kind that is not Kubernetes' own begin with its name."""
    return pods in families(kind, name) or (kind not in (*_BY_KIND, "StatefulSet", "Pod") and (pods + "-").startswith(f"{name}-"))
