"""Objects that bring others which are not in the input: charts, and folders that Flux or Argo CD applies."""

from __future__ import annotations

from collections.abc import Mapping

from samigrate.base.values import sequence
from samigrate.domain.model import Resource

SOURCES: Mapping[tuple[str, str], str] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): "use post-render, or render it first: helm template CHART | samigrate migrate -",
    ("helm.cattle.io", "HelmChart"): "render it first: helm template CHART | samigrate migrate -",
    ("argoproj.io", "Application"): "run on its source: argocd app manifests NAME | samigrate audit -",
    ("argoproj.io", "ApplicationSet"): "run on the sources of its applications",
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): "run on the folder that its spec.path names",
}
"""How to see what they bring, by (group, kind)."""


def source(resource: Resource) -> str:
    """How to see what the object brings from elsewhere, or "" where it brings nothing."""
    if resource.id.kind == "Kustomization" and resource.id.group in ("", "kustomize.config.k8s.io"):
        charts = sequence(resource.value, "helmCharts") or sequence(resource.value, "helmChartInflationGenerator")
        return "run on what it builds: kustomize build --enable-helm | samigrate audit -" if charts else ""
    return SOURCES.get((resource.id.group, resource.id.kind), "")
