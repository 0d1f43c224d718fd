"""Who in a repository installs which chart, with which values: these are the renderings that count.

Read are HelmReleases of Flux, Applications of Argo CD, kustomizations with `helmCharts`, helmfiles, and charts that depend on
another by a `file://` path. https://fluxcd.io/flux/components/helm/helmreleases/,
https://argo-cd.readthedocs.io/en/stable/user-guide/helm/, https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/,
https://helmfile.readthedocs.io/, https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.helm.chart import RELEASE, Variant, nested
from samigrate.helm.variants import merged

WORDS = ("HelmRelease", "Application", "helmCharts", "releases:", "file://")
"""A file without any of these installs no chart."""
_ALL = "system:serviceaccounts"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")


class Release(NamedTuple):
    """One installation. `title` says in words which; it stands in the document `document` of the file `path`. `chart` is a
    folder as it is written there, or a name where `source` says where the chart is published. `files` are its values files,
    relative to the file; to the chart where `is_beside_chart`; to the top of the repository behind `$`. `values` are its own, and
    lie over these. They stand at `place`, as a text of YAML where `is_text`. `unread` names what of its values cannot be read."""

    title: str
    path: str
    document: int
    chart: str
    source: str = ""
    version: str = ""
    name: str = ""
    namespace: str = ""
    files: tuple[str, ...] = ()
    is_beside_chart: bool = False
    values: Value = None
    place: tuple[str | int, ...] = ()
    is_text: bool = False
    unread: str = ""

    @property
    def chart_name(self) -> str:
        return posixpath.basename(self.chart)

    @property
    def called(self) -> str:
        """What a plan calls it."""
        return self.title.removesuffix(f" in {self.path}")

    @property
    def variant(self) -> Variant:
        name, namespace = (each if _NAME.fullmatch(each) else "" for each in (self.name, self.namespace))
        values = json.dumps(self.values) if self.values else ""
        return Variant(self.title, self.files, values, must_render=True, release=name or RELEASE, namespace=namespace)

    def is_of(self, chart: str) -> bool:
        """Whether it installs the chart in that folder, written from the file or from the top of the repository."""
        if not self.chart or self.source:
            return False
        chart, plain = posixpath.normpath(chart), posixpath.normpath(self.chart)
        return chart in (plain, posixpath.normpath(_beside(self.path, self.chart))) or chart.endswith("/" + plain.lstrip("./"))

    def located(self, chart: str) -> tuple[str, ...]:
        """Its values files as people see them, where the chart lies in that folder."""
        if not self.is_beside_chart:
            return tuple(_beside(self.path, file) for file in self.files)
        return tuple(_in_chart(chart, file) for file in self.files)


class Published(NamedTuple):
    """An OCIRepository: where it stands, what it is called, and the chart that it leads to."""

    path: str
    name: str
    url: str
    version: str


Read = Callable[[str], "str | None"]
"""The text of a file by its path as people see it; None where it cannot be read."""


def releases(path: str, documents: Iterable[tuple[int, Value]], published: Sequence[Published], read: Read) -> Iterator[Release]:
    """The installations in a file, given as numbered documents."""
    for number, document in documents:
        kind = text(document, "kind")
        base = Release(f"{kind} {text(document, 'metadata', 'name')} in {path}", path, number, "")
        if kind == "HelmRelease":
            yield _flux(base, document, published)
        elif kind in ("Application", "ApplicationSet"):
            yield from _argo(base, document, ("spec", "template", "spec") if kind == "ApplicationSet" else ("spec",))
        elif posixpath.basename(path).startswith("helmfile"):
            yield from _helmfile(base, document)
        elif posixpath.basename(path) in ("Chart.yaml", "requirements.yaml"):
            yield from _parent(base, document, read)
        yield from _inflated(base, document)


def _beside(path: str, written: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), written))


def _in_chart(chart: str, file: str) -> str:
    plain = posixpath.normpath(file.removeprefix("$"))
    return plain if file[:1] == "$" or plain.startswith(chart + "/") else posixpath.normpath(f"{chart}/{file}")


def _flux(base: Release, document: Value, published: Sequence[Published]) -> Release:
    spec = mapping(document, "spec", "chart", "spec")
    chart, source, version = text(spec, "chart") or "", "", text(spec, "version") or ""
    if text(spec, "sourceRef", "kind") == "HelmRepository":
        source = text(spec, "sourceRef", "name") or "a HelmRepository"
    elif not spec and (named := text(document, "spec", "chartRef", "name")):
        known = [each for each in published if each.name == named]
        beside = [each for each in known if posixpath.dirname(each.path) == posixpath.dirname(base.path)] or known
        source, version = beside[0][2:] if len({each[2:] for each in beside}) == 1 else (named, "")
        chart = posixpath.basename(source)
    unread = [f"{text(each, 'kind')} {text(each, 'name')}" for each in sequence(document, "spec", "valuesFrom")]
    unread += ["its postRenderers"] if sequence(document, "spec", "postRenderers") else []
    return base._replace(
        chart=chart,
        source=source,
        version=version,
        name=text(document, "spec", "releaseName") or text(document, "metadata", "name") or "",
        namespace=text(document, "spec", "targetNamespace") or text(document, "metadata", "namespace") or "",
        files=tuple(file for file in sequence(spec, "valuesFiles") if isinstance(file, str)),
        is_beside_chart=True,
        values=mapping(document, "spec", "values"),
        place=("spec", "values"),
        unread=", ".join(unread),
    )


def _argo(base: Release, document: Value, spec: tuple[str, ...]) -> Iterator[Release]:
    places: list[tuple[str | int, ...]] = [(*spec, "source")] if mapping(document, *spec, "source") else []
    sources = sequence(document, *spec, "sources")
    places += [(*spec, "sources", index) for index in range(len(sources))]
    references = {text(each, "ref") for each in sources}
    for place in places:
        source = sources[int(place[-1])] if isinstance(place[-1], int) else mapping(document, *spec, "source")
        published = text(source, "chart")
        if not published and not text(source, "path"):
            continue
        helm = mapping(source, "helm")
        release = base._replace(
            chart=published or text(source, "path") or "",
            source=(text(source, "repoURL") or "a repository") if published else "",
            version=text(source, "targetRevision") or "",
            name=text(helm, "releaseName") or text(document, "metadata", "name") or "",
            namespace=text(document, *spec, "destination", "namespace") or "",
        )
        yield _argo_values(release, helm, (*place, "helm"), references)


def _argo_values(release: Release, helm: Mapping[str, Value], place: tuple[str | int, ...], references: set[str | None]) -> Release:
    values: dict[str, Any] = dict(mapping(helm, "valuesObject"))
    unread = []
    is_text = not values and bool(text(helm, "values"))
    if is_text:
        try:
            values = dict(mapping(yamltext.load(text(helm, "values") or "").value))
        except yamltext.YamlError:
            unread.append("its values, which are no YAML")
    for parameter in sequence(helm, "parameters"):
        if (keys := text(parameter, "name")) and isinstance(value := mapping(parameter).get("value"), str):
            values = merged(values, mapping(nested(keys.split("."), {"true": True, "false": False}.get(value, value))))
    files = [file for file in sequence(helm, "valueFiles") if isinstance(file, str)]
    ours = [file for file in files if file[:1] == "$" and file[1:].partition("/")[0] in references]
    unread += [file for file in files if "{{" in file or "://" in file or (file[:1] == "$" and file not in ours)]
    return release._replace(
        files=tuple("$" + file.partition("/")[2] if file in ours else file for file in files if file not in unread),
        is_beside_chart=True,
        values=values,
        place=(*place, "values" if is_text else "valuesObject"),
        is_text=is_text,
        unread=", ".join(unread),
    )


def _helmfile(base: Release, document: Value) -> Iterator[Release]:
    for index, release in enumerate(sequence(document, "releases")):
        chart = text(release, "chart") or ""
        values: dict[str, Value] = {}
        files, unread = [], []
        written = sequence(release, "values")
        for each in written:
            if isinstance(each, dict):
                values = merged(values, each)
            elif isinstance(each, str) and "{{" not in each and not each.endswith(".gotmpl"):
                files.append(each)
            else:
                unread.append(str(each))
        is_folder = chart.startswith((".", "/", "charts/")) or "/" not in chart
        last = len(written) - 1 if written and isinstance(written[-1], dict) else len(written)
        yield base._replace(
            title=f"release {text(release, 'name')} in {base.path}",
            chart=chart if is_folder else posixpath.basename(chart),
            source="" if is_folder else posixpath.dirname(chart),
            version=text(release, "version") or "",
            name=text(release, "name") or "",
            namespace=text(release, "namespace") or "",
            files=tuple(files),
            values=values,
            place=("releases", index, "values", last),
            unread=", ".join(unread),
        )


def _inflated(base: Release, document: Value) -> Iterator[Release]:
    home = text(document, "helmGlobals", "chartHome") or "charts"
    for index, entry in enumerate(sequence(document, "helmCharts")):
        name, file, source = text(entry, "name"), text(entry, "valuesFile"), text(entry, "repo") or ""
        if not name:
            continue
        yield base._replace(
            title=f"helmCharts in {base.path}",
            chart=name if source else f"{home}/{name}",
            source=source,
            version=text(entry, "version") or "",
            name=text(entry, "releaseName") or "",
            namespace=text(entry, "namespace") or text(document, "namespace") or "",
            files=(file,) if file else (),
            values=mapping(entry, "valuesInline"),
            place=("helmCharts", index, "valuesInline"),
        )


def _parent(base: Release, document: Value, read: Read) -> Iterator[Release]:
    """A chart that depends on another gives it the values below the dependency's name."""
    for dependency in sequence(document, "dependencies"):
        repository = text(dependency, "repository") or ""
        if repository.startswith("file://"):
            file = _beside(base.path, "values.yaml")
            key = text(dependency, "alias") or text(dependency, "name") or ""
            values, unread = {}, ""
            try:
                values = mapping(yamltext.load(read(file) or "").value, key)
            except yamltext.YamlError:
                unread = file
            yield base._replace(
                title=f"{key} in {file}",
                chart=repository.removeprefix("file://"),
                version=text(dependency, "version") or "",
                values=values,
                unread=unread,
            )


class Bound(NamedTuple):
    """An account that a binding of the repository names, "" for all of them; `namespace` is "" where the binding does not say."""

    namespace: str
    account: str
    where: str

    def may_be(self, account: str, variant: Variant) -> bool:
        """Whether it may be that account of a rendering. A release of no known name is rendered under one of ours, so the rest
        of the account's name counts."""
        if variant.namespace and self.namespace and variant.namespace != self.namespace:
            return False
        rest = account.removeprefix(RELEASE + "-") if variant.release == RELEASE else ""
        return self.account in ("", account) or (rest not in ("", account) and f"-{self.account}".endswith(f"-{rest}"))


def bound(path: str, documents: Iterable[Value]) -> Iterator[Bound]:
    """The accounts that the bindings in a file give rights to."""
    for document in documents:
        for each in [document, *sequence(document, "items")]:
            if text(each, "kind") in ("RoleBinding", "ClusterRoleBinding"):
                where = f"{text(each, 'kind')} {at(each, 'metadata', 'name')} in {path}"
                for subject in sequence(each, "subjects"):
                    name = text(subject, "name") or ""
                    if text(subject, "kind") == "ServiceAccount" and name:
                        yield Bound(text(subject, "namespace") or text(each, "metadata", "namespace") or "", name, where)
                    elif text(subject, "kind") == "Group" and name.startswith(_ALL):
                        yield Bound(name.removeprefix(_ALL).removeprefix(":"), "", where)
