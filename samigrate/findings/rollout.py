"""How a change reaches the running pods, where that is worth knowing before it is applied (R-G8 to R-G18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samigrate.base.values import at, mapping, sequence, text
from samigrate.domain.model import Finding, Workload
from samigrate.facts.state import Work
from samigrate.plan.planner import Planned

KINDS = {
    ("keda.sh", "ScaledJob"): ("R-G12", "an update may end jobs that run, unless spec.rollout.strategy is gradual"),
    ("serving.knative.dev", "Service"): ("R-G15", "a new Revision takes the traffic once it is ready"),
}
"""Kinds with rollouts of their own; RayCluster (R-G13) and SparkApplication (R-G14) are reported only."""


def of(accepted: Sequence[Planned]) -> Iterator[Finding]:
    """A finding on every workload whose pods are to change and are not simply replaced one by one."""
    changed = {planned.work.workload.key: planned.work for planned in accepted if planned.changes_pods and not planned.work.is_object}
    for work in changed.values():
        if reasons := dict(_reasons(work)):
            rule = next(iter(reasons.values()))
            yield work.finding("rollout", rule, "; ".join(reasons), "choose the time of the rollout, and watch it")


def _reasons(work: Work) -> Iterator[tuple[str, str]]:
    """(what happens, the rule that says so)."""
    workload = work.workload
    spec = mapping(workload.resource.value, "spec")
    strategy = mapping(spec, "updateStrategy") or mapping(spec, "strategy")
    if existing := KINDS.get((workload.id.group, workload.id.kind)):
        yield existing[1], existing[0]
    if strategy.get("type") == "OnDelete":
        rule = "R-G9" if workload.id.kind == "DaemonSet" else "R-G8"
        yield "OnDelete: old and new pods run side by side until each is deleted", rule
    if isinstance(partition := at(strategy, "rollingUpdate", "partition"), int) and partition > 0:
        yield f"a partition of {partition} keeps the pods below that number on the old account and token", "R-G8"
    if workload.id.kind == "DaemonSet" and strategy.get("type") != "OnDelete":
        yield "it rolls over all nodes", "R-G9"
    if strategy.get("type") == "Recreate":
        yield "Recreate: all pods are gone before the first new one starts", "R-G18"
    elif spec.get("replicas", 1) == 1 and workload.id.kind in ("Deployment", "StatefulSet", "DeploymentConfig", "Rollout"):
        yield from _alone(work)


def _alone(work: Work) -> Iterator[tuple[str, str]]:
    """What makes one single pod wait for the one before to be gone."""
    if work.workload.id.kind == "StatefulSet":
        yield "a single replica: it is away while it is replaced", "R-G18"
    if any("hostPort" in mapping(port) for container in work.workload.spec.containers() for port in sequence(container.value, "ports")):
        yield "a host port: on one node the new pod waits until the old one is gone", "R-G18"
    for claim in _claims(work.workload):
        for view in work.views:
            for visible in view.find("", "PersistentVolumeClaim", claim):
                modes = sequence(visible.resource.value, "spec", "accessModes")
                if modes and not {"ReadWriteMany", "ReadOnlyMany"} & set(map(str, modes)):
                    yield f"the claim {claim} is for one node at a time: elsewhere the new pod waits for the old one", "R-G18"


def _claims(workload: Workload) -> Iterator[str]:
    for _, volume in workload.spec.volumes():
        if name := text(volume, "persistentVolumeClaim", "claimName"):
            yield name
