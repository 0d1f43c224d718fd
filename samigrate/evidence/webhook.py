"""Backends of webhooks beside definitions of their own: controllers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from samigrate.base.values import Value, mapping, sequence
from samigrate.domain.model import Evidence, Resource, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._backends import match

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Scope
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_GROUP = "admissionregistration.k8s.io"
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")
_LABELS = ("helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/part-of", "app", "chart", "release")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for definition in _converted(view):
        if match(workload, view, mapping(definition.value, "spec", "conversion", "webhook", "clientConfig", "service")):
            detail = f"converts objects of CustomResourceDefinition {definition.id.name}"
            yield Evidence("webhook-backend", Sign.WEBHOOK, Strength.STRONG, detail, definition.at, "/spec/conversion")
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for configuration in view.everywhere(_GROUP, kind):
            for index, webhook in enumerate(sequence(configuration.value, "webhooks")):
                if match(workload, view, mapping(webhook, "clientConfig", "service")):
                    yield _evidence(workload, view, configuration, f"/webhooks/{index}")
                    break


_CONVERTED: WeakKeyDictionary[Scope, tuple[Resource, ...]] = WeakKeyDictionary()


def _converted(view: View) -> tuple[Resource, ...]:
    """The definitions that a webhook converts objects of: few of the many that a scope may hold, so found once."""
    resources = _CONVERTED.get(view.scope)
    if resources is None:
        every = view.everywhere(*_CRD)
        resources = _CONVERTED[view.scope] = tuple(resource for resource in every if "conversion" in mapping(resource.value, "spec"))
    return resources


def _evidence(workload: Workload, view: View, configuration: Resource, pointer: str) -> Evidence:
    """Without a definition of the same application a webhook may get by without the API: weak."""
    labels = [workload.resource.labels, configuration.labels]
    is_controller = any(_is_related(definition.labels, labels) for definition in view.everywhere(*_CRD))
    detail = f"answers {configuration.id.kind} {configuration.id.name}" + (", beside definitions of its own" if is_controller else "")
    return Evidence("webhook-backend", Sign.WEBHOOK, Strength.STRONG if is_controller else Strength.WEAK, detail, configuration.at, pointer)


def _is_related(fields: dict[str, Value], others: list[dict[str, Value]]) -> bool:
    return any(fields.get(key) is not None and fields[key] == entries.get(key) for entries in others for key in _LABELS)


SOURCE = EvidenceSource("webhook-backend", (Sign.WEBHOOK,), _find)
