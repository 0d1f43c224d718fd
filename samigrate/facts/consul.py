"""Consul's service mesh wants the account of a pod to bear the name of its service (R-D19)."""

from __future__ import annotations

from samigrate.base.values import mapping, text
from samigrate.domain.model import Workload
from samigrate.facts.state import Work
from samigrate.scope.matching import Match
from samigrate.scope.view import View

INJECT, SERVICE = "consul.hashicorp.com/connect-inject", "consul.hashicorp.com/connect-service"


def is_injected(workload: Workload) -> bool:
    return str(mapping(workload.metadata, "annotations").get(INJECT)).lower() == "true"


def service(work: Work) -> str | None:
    """The name of the workload's service in Consul: the one stated, else that of the one Service that selects its pods;
    None where it is not in the mesh or the name is not known."""
    if not is_injected(work.workload):
        return None
    if stated := text(work.workload.metadata, "annotations", SERVICE):
        return stated
    names = {name for view in work.views for name in _selecting(work.workload, view)}
    return names.pop() if len(names) == 1 else None


def _selecting(workload: Workload, view: View) -> set[str]:
    labels = mapping(workload.metadata, "labels")
    resources = [visible.resource for visible in view.all("", "Service") if visible.match is Match.SAME]
    return {
        resource.id.name
        for resource in resources
        if (selector := mapping(resource.value, "spec", "selector")) and selector.items() <= labels.items()
    }
