"""Names for generated accounts (R-F8 to R-F10): pure functions of who the workload is."""

from __future__ import annotations

import re

from samigrate.domain.model import DEFAULT_ACCOUNT, Workload

LIMIT = 63
"""A label's length rather than a subdomain's (R-F8): label values, token names and cloud identities all fit."""
RESERVED = frozenset({DEFAULT_ACCOUNT, "builder", "deployer", "pipeline"})
_KUBE_SYSTEM = re.compile(
    r".*-controller|generic-garbage-collector|horizontal-pod-autoscaler|persistent-volume-binder|pod-garbage-collector"
    r"|root-ca-cert-publisher|token-cleaner|bootstrap-signer"
)
"""Accounts that the cluster binds by name in kube-system (R-F10)."""
_PLACEHOLDER = re.compile(r"\$[({]|\{\{|<[^<>]+>|%\w+%")
"""A name that is not there yet, as in an OpenShift Template (R-J7): two of them must not end as one account."""
_KIND_ORDER = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob", "Job", "Pod")


def candidate(workload: Workload, pattern: str = "{name}") -> str:
    """The name wanted for the workload's account, before collisions. `pattern` may hold {name} and {kind}."""
    name = f"{workload.id.name}-{workload.component}" if workload.component else workload.id.name
    filled = pattern.replace("{name}", name).replace("{kind}", workload.id.kind)
    if _PLACEHOLDER.search(name):
        return filled  # what fills the workload's name fills the account's, too
    expected = label(filled)
    if len(expected) <= LIMIT:
        return expected
    from hashlib import sha256  # few names are too long

    full_text = f"{workload.id.namespace or ''}/{workload.id.kind}/{name}"
    return f"{expected[:54].strip('-')}-{sha256(full_text.encode()).hexdigest()[:8]}"


def label(name: str) -> str:
    """The name in the characters of a DNS label; not cut."""
    return re.sub(r"[^-a-z0-9]", "-", name.lower()).strip("-")


def precedence(workload: Workload) -> tuple[int, str, str, str]:
    """Who keeps the plain name where several kinds want it (R-F9)."""
    kind = workload.id.kind
    order = _KIND_ORDER.index(kind) if kind in _KIND_ORDER else len(_KIND_ORDER)
    return order, kind, workload.id.group, workload.id.name


def with_kind(name: str, workload: Workload) -> str:
    """The name for a later kind of the same workload name (`web-cronjob`), within the limit."""
    kind = workload.id.kind.lower()
    return f"{name[: LIMIT - 1 - len(kind)].strip('-')}-{kind}"


def alternatives(name: str) -> list[str]:
    """What to try where a name is taken: `-sa`, `-sa-2`, … (R-F10)."""
    base = name[: LIMIT - 6].strip("-")
    return [f"{base}-sa", *(f"{base}-sa-{number}" for number in range(2, 100))]


def is_reserved(name: str, namespace: str | None) -> bool:
    return name in RESERVED or (namespace == "kube-system" and _KUBE_SYSTEM.fullmatch(name) is not None)
