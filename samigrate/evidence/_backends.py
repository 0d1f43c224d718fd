"""Whether a workload stands behind a Service that the API server calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samigrate.base.values import Value, mapping, text
from samigrate.domain.model import Resource, Workload
from samigrate.scope.matching import Match

if TYPE_CHECKING:
    from samigrate.scope.index import Visible
    from samigrate.scope.view import View


def match(workload: Workload, view: View, service: Value) -> Match:
    """Whether the workload's pods are those that a reference {namespace, name} to a Service leads to."""
    name, namespace = text(service, "name"), text(service, "namespace")
    if name is None:
        return Match.DIFFERENT
    labels = mapping(workload.metadata, "labels")
    matches = [
        _match(visible, namespace, view, workload) for visible in view.find("", "Service", name) if _selects(visible.resource, labels)
    ]
    return max(matches, default=Match.DIFFERENT)


def _selects(service: Resource, labels: dict[str, Value]) -> bool:
    selector = mapping(service.value, "spec", "selector")
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _match(visible: Visible, namespace: str | None, view: View, workload: Workload) -> Match:
    """A reference may still bear the namespace that kustomize replaces, as its Service does."""
    stated = {view.namespace, visible.namespace, visible.resource.id.namespace, workload.resource.id.namespace} - {None}
    if namespace in stated:
        return visible.match
    return Match.DIFFERENT if namespace and stated else Match.DOUBT
