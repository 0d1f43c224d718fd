"""Who in a repository installs a chart of it, with which values: these are the renderings that count.

Read are HelmReleases of Flux, Applications of Argo CD, kustomizations with `helmCharts`, helmfiles, and charts that depend on the
chart by a `file://` path. https://fluxcd.io/flux/components/helm/helmreleases/,
https://argo-cd.readthedocs.io/en/stable/user-guide/helm/, https://helmfile.readthedocs.io/,
https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, sequence, text
from samigrate.helm.chart import Variant, nested
from samigrate.helm.variants import merged

WORDS = ("HelmRelease", "Application", "helmCharts", "releases:", "file://")
"""A file without any of these installs no chart of the repository."""


class Consumer(NamedTuple):
    """One installation: in words, its values files (paths as people see them), its own values, and what of its values cannot
    be read."""

    name: str
    files: tuple[str, ...]
    values: Value
    unread: str = ""

    @property
    def variant(self) -> Variant:
        return Variant(self.name, self.files, json.dumps(self.values) if self.values else "", must_render=True)


Read = Callable[[str], "str | None"]
"""The text of a file by its path as people see it; None where it cannot be read."""


def consumers(chart: str, path: str, documents: Sequence[Value], read: Read) -> Iterator[Consumer]:
    """What a file says of a chart. `chart` is the chart's folder and `path` the file's, both as people see them."""
    for document in documents:
        kind = text(document, "kind")
        name = f"{kind} {text(document, 'metadata', 'name')} in {path}"
        if kind == "HelmRelease":
            yield from _flux(chart, name, document)
        elif kind in ("Application", "ApplicationSet"):
            spec = ("spec", "template", "spec") if kind == "ApplicationSet" else ("spec",)
            sources = [mapping(document, *spec, "source"), *(mapping(each) for each in sequence(document, *spec, "sources"))]
            for source in sources:
                yield from _argo(chart, name, source)
        elif posixpath.basename(path).startswith("helmfile"):
            yield from _helmfile(chart, path, document)
        elif posixpath.basename(path) in ("Chart.yaml", "requirements.yaml"):
            yield from _parent(chart, path, document, read)
        for entry in sequence(document, "helmCharts"):
            home = text(document, "helmGlobals", "chartHome") or "charts"
            if _is_chart(chart, f"{home}/{text(entry, 'name')}", path):
                file = text(entry, "valuesFile")
                yield Consumer(f"helmCharts in {path}", (_beside(path, file),) if file else (), mapping(entry, "valuesInline"))


def _is_chart(chart: str, written: str | None, path: str = "") -> bool:
    """Whether a path leads to the chart: from the file that says it, or from the top of the repository."""
    if not written or "://" in written:
        return False
    chart = posixpath.normpath(chart)
    plain = posixpath.normpath(written)
    return chart in (plain, posixpath.normpath(_beside(path, written))) or chart.endswith("/" + plain.lstrip("./"))


def _beside(path: str, written: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), written))


def _flux(chart: str, name: str, document: Value) -> Iterator[Consumer]:
    spec = mapping(document, "spec", "chart", "spec")
    if _is_chart(chart, text(spec, "chart")):
        unread = ", ".join(f"{text(each, 'kind')} {text(each, 'name')}" for each in sequence(document, "spec", "valuesFrom"))
        files = tuple(file for file in sequence(spec, "valuesFiles") if isinstance(file, str))
        yield Consumer(name, tuple(_in_chart(chart, file) for file in files), mapping(document, "spec", "values"), unread)


def _in_chart(chart: str, file: str) -> str:
    """Flux writes values files from the top of the repository, or from the chart."""
    return posixpath.normpath(file) if posixpath.normpath(file).startswith(chart + "/") else f"{chart}/{file}"


def _argo(chart: str, name: str, source: Value) -> Iterator[Consumer]:
    if not _is_chart(chart, text(source, "path")):
        return
    helm = mapping(source, "helm")
    values: dict[str, Any] = dict(mapping(helm, "valuesObject"))
    unread = ""
    if not values and (written := text(helm, "values")):
        try:
            values = dict(mapping(yamltext.load(written).value))
        except yamltext.YamlError:
            unread = "its values, which are no YAML"
    for parameter in sequence(helm, "parameters"):
        if (keys := text(parameter, "name")) and isinstance(value := mapping(parameter).get("value"), str):
            values = merged(values, mapping(nested(keys.split("."), _typed(value))))
    files = [file for file in sequence(helm, "valueFiles") if isinstance(file, str)]
    outside = [file for file in files if file.startswith("$") or "{{" in file or "://" in file]
    unread = ", ".join(filter(None, [unread, *outside]))
    yield Consumer(name, tuple(posixpath.normpath(f"{chart}/{file}") for file in files if file not in outside), values, unread)


def _typed(value: str) -> Value:
    return {"true": True, "false": False}.get(value, value)


def _helmfile(chart: str, path: str, document: Value) -> Iterator[Consumer]:
    for release in sequence(document, "releases"):
        if _is_chart(chart, text(release, "chart"), path):
            values: dict[str, Value] = {}
            files, unread = [], []
            for each in sequence(release, "values"):
                if isinstance(each, dict):
                    values |= each
                elif isinstance(each, str) and "{{" not in each and not each.endswith(".gotmpl"):
                    files.append(_beside(path, each))
                else:
                    unread.append(str(each))
            yield Consumer(f"release {text(release, 'name')} in {path}", tuple(files), values, ", ".join(unread))


def _parent(chart: str, path: str, document: Value, read: Read) -> Iterator[Consumer]:
    """A chart that depends on this one gives it the values below the dependency's name."""
    for dependency in sequence(document, "dependencies"):
        repository = text(dependency, "repository") or ""
        if repository.startswith("file://") and _is_chart(chart, repository.removeprefix("file://"), path):
            file = _beside(path, "values.yaml")
            key = text(dependency, "alias") or text(dependency, "name") or ""
            try:
                values = mapping(yamltext.load(read(file) or "").value, key)
            except yamltext.YamlError:
                yield Consumer(file, (), {}, file)
                continue
            yield Consumer(f"{key} in {file}", (), values)
