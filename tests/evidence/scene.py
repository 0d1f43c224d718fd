"""A workload and what stands beside it, from text."""

from __future__ import annotations

from samigrate import catalog, evidence, kinds, yamltext
from samigrate.domain.model import Location, Resource, Verdict, Workload
from samigrate.scope.index import Scope
from samigrate.scope.layer import Layer
from samigrate.scope.view import View
from samigrate.settings.config import Settings

CATALOG = catalog.load()
KINDS = kinds.load()


def objects(content: str, path: str = "all.yaml") -> list[Resource]:
    found = []
    for index, chunk in enumerate(yamltext.split(content)):
        value = yamltext.load(content[chunk.start : chunk.end]).value
        if isinstance(value, dict):
            found.append(Resource(Location(path, index), value))
    return found


def scene(content: str) -> list[tuple[Workload, View]]:
    """Every workload of the text, as it sees all of it."""
    resources = objects(content)
    workloads = [workload for resource in resources for workload in kinds.workloads(resource, KINDS)]
    scope = Scope("all", (Layer(resources, workloads, frozenset()),))
    return [(workload, View(scope, workload)) for workload in workloads]


def verdict(content: str, settings: Settings | None = None, which: int = 0) -> Verdict:
    workload, view = scene(content)[which]
    return evidence.judge(workload, [view], CATALOG, settings or Settings())


def told(found: Verdict) -> set[tuple[str, int, str]]:
    """(source, sign, strength) of each piece."""
    return {(item.source, item.sign, item.strength.value) for item in found.evidence}


def deployment(spec: str = "", *, metadata: str = "", template: str = "", namespace: str = "shop", name: str = "web") -> str:
    """A Deployment; `spec` is the pod spec in flow style without braces, `metadata` and `template` likewise."""
    pod = spec if "containers:" in spec else ", ".join(item for item in (spec, "containers: [{name: app, image: example/app}]") if item)
    where = f", namespace: {namespace}" if namespace else ""
    extra = f", {metadata}" if metadata else ""
    return (
        "apiVersion: apps/v1\nkind: Deployment\n"
        f"metadata: {{name: {name}{where}{extra}}}\n"
        f"spec: {{template: {{metadata: {{{template}}}, spec: {{{pod}}}}}}}\n"
    )


def container(fields: str) -> str:
    return deployment(f"containers: [{{name: app, image: example/app, {fields}}}]")
