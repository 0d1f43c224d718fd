"""Pods that run, as a cluster's own objects tell of them, and who has made them (R-E17).

Sources: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#how-a-replicaset-works and, for the names that the
Deployment and the CronJob controllers make, pkg/controller/deployment/sync.go and pkg/controller/cronjob/utils.go of Kubernetes 1.34.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from samigrate.base.values import Value, sequence, text
from samigrate.domain.model import Location, Resource, ResourceId
from samigrate.domain.tokens import ID

Owner = Callable[[ResourceId], "Resource | None"]
"""Gives an object that is known by its name, if the input has it."""

_OF_A_REPLICA_SET = re.compile(rf"(.+)-{ID}{{8,10}}")
_OF_A_CRON_JOB = re.compile(r"(.+)-(?:2[5-9]\d{6}|[3-9]\d{7})")
"""A CronJob calls its Jobs after the minute they are for, counted from 1970: 25,000,000 was in 2017."""
_DEEPEST = 8


class Instance(NamedTuple):
    """One pod by its name, and the 1-based line of its file that it begins on."""

    name: str
    line: int


class RunningPods(NamedTuple):
    """Pods of one owner that hold the same tokens: the first of them, by its place, stands for all. `owner` is the workload
    that people edit, the pod itself where nothing owns it."""

    at: Location
    owner: ResourceId
    pods: tuple[Instance, ...]


def is_live(value: Mapping[str, Value]) -> bool:
    """Whether an object is one that a cluster holds: only the API server gives a uid."""
    return text(value, "metadata", "uid") is not None


def is_running(value: Mapping[str, Value]) -> bool:
    """Whether it is a Pod of a cluster that has not ended: one that has holds no token any more."""
    is_pod = value.get("kind") == "Pod" and value.get("apiVersion") == "v1" and is_live(value)
    return is_pod and text(value, "status", "phase") not in ("Succeeded", "Failed")


def controller(value: Mapping[str, Value]) -> dict[str, Value] | None:
    """The reference to what has made an object; None where nothing says so."""
    references = [one for one in sequence(value.get("metadata"), "ownerReferences") if isinstance(one, dict) and text(one, "name")]
    return next((one for one in references if one.get("controller") is True), references[0] if references else None)


def deployment(replica_set: str) -> str | None:
    """The Deployment that a ReplicaSet of that name is of, None where the name tells of none."""
    match = _OF_A_REPLICA_SET.fullmatch(replica_set)
    return match[1] if match else None


def owner(resource: Resource, known: Owner) -> ResourceId:
    """The workload that people edit: up through the owners that the input has; by the owner's name where it has not."""
    result = resource.id
    current: Resource | None = resource
    for _ in range(_DEEPEST):
        if current is None or (above := controller(current.value)) is None:
            break
        group = (text(above, "apiVersion") or "").rpartition("/")[0]
        result = ResourceId(group, text(above, "kind") or "", resource.id.namespace, text(above, "name") or "")
        current = known(result)
    return result if current is not None else _by_name(result, resource)


def _by_name(owned_by: ResourceId, pod: Resource) -> ResourceId:
    """Who has made a ReplicaSet or a Job that is not in the input, as far as its name tells."""
    if owned_by[:2] == ("apps", "ReplicaSet"):
        rollout = text(pod.labels, "rollouts-pod-template-hash")  # Argo Rollouts makes ReplicaSets, too
        template = rollout or text(pod.labels, "pod-template-hash")
        group, kind = ("argoproj.io", "Rollout") if rollout else ("apps", "Deployment")
        if template and owned_by.name.endswith(f"-{template}"):
            return owned_by._replace(group=group, kind=kind, name=owned_by.name.removesuffix(f"-{template}"))
        if name := deployment(owned_by.name):
            return owned_by._replace(kind="Deployment", name=name)
    if owned_by[:2] == ("batch", "Job") and (match := _OF_A_CRON_JOB.fullmatch(owned_by.name)):
        return owned_by._replace(kind="CronJob", name=match[1])
    return owned_by
