"""From a pod's name to the workload that made it (R-E17); what is made up in a name is of a set of characters (R-B6).

A controller names its pods after itself and adds parts that tell them apart. `family` takes those parts for `*`, and
`names` says what the pods of a workload come to: the two are compared, so whatever is stripped is stripped from both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from samigrate.domain.tokens import ID, SUFFIX

_RANDOM = re.compile(rf"(.+)-{SUFFIX}")
_MIDDLE = re.compile(rf"(.+)-(?:\d+|{ID}{{6,10}})")
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
_KNOWN = (*_BY_KIND, "StatefulSet", "Pod")


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


class Names(NamedTuple):
    """What the pods of some workloads may be called: their families, and what pods begin with whose controller is none of
    Kubernetes' own and may name them as it likes."""

    families: frozenset[str]
    beginnings: tuple[str, ...]

    def hold(self, pods: str) -> bool:
        """Whether a family of pods may be one of theirs."""
        return pods in self.families or f"{pods}-".startswith(self.beginnings)


def names(workloads: Iterable[tuple[str, str]]) -> Names:
    """Of workloads by kind and name."""
    every = list(workloads)
    known = frozenset(one for kind, name in every for one in _families(kind, name))
    return Names(known, tuple(f"{name}-" for kind, name in every if kind not in _KNOWN))


def _families(kind: str, name: str) -> Iterator[str]:
    if kind in _BY_KIND:
        yield from (family((name + end)[:_LONGEST_BASE] + "bbbbb") for end in _BY_KIND[kind])
    elif kind == "StatefulSet":
        yield family(f"{name}-0")
    elif kind == "Pod":
        yield from (family(name), name)
