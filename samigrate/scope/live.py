"""What runs in a cluster, as the dumps among the input have it, under the name of the workload that people edit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from samigrate import reading
from samigrate.domain.model import Resource, ResourceId, Workload
from samigrate.reading import Inventory


def by_path(inventory: Inventory) -> Mapping[str, Sequence[Workload]]:
    """By the path of the dump; each name, account and automount value once."""
    result: dict[str, dict[tuple[ResourceId, str, bool | None], Workload]] = defaultdict(dict)
    for workload, pods in reading.live(inventory):
        key = pods.owner, workload.spec.account, workload.spec.automount
        result[workload.resource.at.path].setdefault(key, _called(workload, pods.owner))
    return {path: list(workloads.values()) for path, workloads in result.items()}


def _called(workload: Workload, owner: ResourceId) -> Workload:
    """The workload under its owner's name, with the pod spec where it stands."""
    if owner == workload.id:
        return workload
    metadata = {"name": owner.name, **({"namespace": owner.namespace} if owner.namespace else {})}
    api = f"{owner.group}/v1" if owner.group else "v1"
    value = {**workload.resource.value, "apiVersion": api, "kind": owner.kind, "metadata": metadata}
    return replace(workload, resource=Resource(workload.resource.at, value))
