"""What starts pods that no manifest shows: executors, launchers and engines, by their configuration, variables, images and kinds.

Such a pod runs as the account that the configuration names, and as `default` where it names none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from samigrate.base.values import Value, text
from samigrate.catalog import Catalog
from samigrate.domain.model import DEFAULT_ACCOUNT, Resource
from samigrate.scope.view import View

KINDS = {
    "tekton.dev": ("PipelineRun", "TaskRun"),
    "triggers.tekton.dev": ("TriggerTemplate",),
    "sparkoperator.k8s.io": ("SparkApplication", "ScheduledSparkApplication", "SparkConnect"),
    "argoproj.io": ("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate"),
}
"""Kinds of which an operator makes pods."""
_ACCOUNT = re.compile(r"(?i)service[_-]?account(?:[_-]?name)?[\"']?\s*[:=]\s*[\"']?([\w.-]+)")
_NAMESPACE = re.compile(r"(?im)(?:^|[\s{,._])namespace[\"']?\s*[:=]\s*[\"']?([a-z0-9][\w-]*)")
_POD = re.compile(r"(?m)^[ \t]*[\"']?kind[\"']?\s*:\s*[\"']?Pod(?:Template)?\b(?s:.)*?\bcontainers[\"']?\s*:|\"kind\"\s*:\s*\"Pod\"")
_TEKTON_DEFAULT = re.compile(r"\bdefault-service-account\b")


def of(view: View, account: str, catalog: Catalog) -> Iterator[str]:
    """Why pods that the input does not show may run as the account of that name in the view's namespace."""
    for layer in view.scope.near:
        for resource in layer.resources:
            reason = _starts(resource, catalog)
            if reason and account in _accounts(resource) and _reaches(resource, view):
                yield f"{resource.id} {reason}, and they may run as it"


def _starts(resource: Resource, catalog: Catalog) -> str:
    """How the object starts pods, or ""."""
    if resource.id.kind in KINDS.get(resource.id.group, ()):
        return "starts pods"
    for key, value in _texts(resource.value):
        lower = value.lower()
        if sign := next(
            (
                text_pattern
                for text_pattern in catalog.config
                if text_pattern.starts_pods and text_pattern.may_be_in(lower) and text_pattern.search(value)
            ),
            None,
        ):
            return f"has {sign.name}"
        if any(variable.starts_pods and variable.takes(value.strip()) for variable in catalog.variables(key)):
            return f"starts pods ({key})"
        if key == "image" and (hit := catalog.match_image(value)) and hit.starts_pods:
            return f"starts pods (image {hit.pattern})"
        if resource.id.kind == "ConfigMap" and _POD.search(value):
            return f"holds the template of pods in {key}"
        if resource.id.kind == "ConfigMap" and _TEKTON_DEFAULT.fullmatch(key):
            return "names the account of Tekton's pods"
    return ""


def _accounts(resource: Resource) -> set[str]:
    """The accounts that the object names for what it starts; `default` where it names none."""
    if resource.id.kind == "ConfigMap" or resource.id.group in KINDS:
        result = {hit[1] for key, value in _texts(resource.value) for hit in _ACCOUNT.finditer(f"{key}: {value}")}
    else:  # its own account is not theirs
        result = {value for key, value in _texts(resource.value) if re.search(r"(?i)_SERVICE_?ACCOUNT", key)}
        result |= {hit[1] for key, value in _texts(resource.value) if "\n" in value for hit in _ACCOUNT.finditer(value)}
    return result or {DEFAULT_ACCOUNT}


def _reaches(resource: Resource, view: View) -> bool:
    """Whether the pods may be in the view's namespace: where the configuration says, else where the object is."""
    stated = {hit[1] for _, value in _texts(resource.value) if "\n" in value for hit in _NAMESPACE.finditer(value)}
    current = stated or {view.scope.namespace(resource)}
    return view.namespace is None or None in current or view.namespace in current


def _texts(value: Value, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, text) of every text in an object; of a variable its name."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, dict):
        name = text(value, "name")
        for inner, item in value.items():
            yield from _texts(item, name if inner == "value" and name else str(inner))
