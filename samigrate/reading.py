"""Sources to manifests: what a root holds, what could not be read, and what is no workload of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import NamedTuple

from samigrate import kinds
from samigrate.base import processes
from samigrate.base.values import at
from samigrate.domain.model import Finding, Key, Location, Problem, Resource, Severity, Skip, Workload
from samigrate.files import file_types, manifests, prefilter
from samigrate.files.manifests import Manifest, is_kustomization_file
from samigrate.kinds import Kinds, shapes
from samigrate.kustomize import generators, kustomization, transformers
from samigrate.kustomize.generators import Open
from samigrate.settings.config import Settings


class Source(NamedTuple):
    """One file, read on demand. `path` is posix, in the form shown to people; `may_change` is whether the user's
    PATH covers it and nothing excludes it, `is_named` whether it is the PATH itself: then it must be readable, whatever
    it holds; `is_excluded` whether PATH covers it, and an exclude takes it out; `is_context` whether it was given with
    --context: then it informs every decision."""

    path: str
    read: Callable[[], bytes]
    may_change: bool
    is_named: bool = False
    is_excluded: bool = False
    is_context: bool = False


class NotFollowedError(OSError):
    """The file is a link that is left alone. That is no failure; but what it leads to may say anything."""


@dataclass(frozen=True, slots=True)
class Root:
    """What is decided together at most: a repository, a PATH, or a stream. `path` is a folder in the form of
    Source.path ("." for the current one, "-" for a stream); `is_declared`: the user has called it a scope;
    `is_strict`: a text that cannot be read is a problem, whether or not it looks like a manifest. `opened` reads a file
    that a kustomization lists and that is no source; `jobs` is how many processes may work on its files;
    `reports_live`: what runs in a cluster and is here as a dump is judged, too, though it is edited elsewhere."""

    path: str
    sources: tuple[Source, ...]
    settings: Settings
    is_stream: bool = False
    is_declared: bool = False
    is_strict: bool = False
    opened: Open = lambda path: "not among the manifests"
    reports_live: bool = False
    jobs: int = 1


@dataclass(slots=True)
class Reading:
    """All manifests of a root, and what could not be read."""

    files: int = 0
    manifests: list[Manifest] = field(default_factory=list)
    workloads: dict[str, list[Workload]] = field(default_factory=dict)
    digests: dict[str, int] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    live: list[Workload] = field(default_factory=list)

    @property
    def resources(self) -> dict[Key, Resource]:
        return {resource.key: resource for manifest in self.manifests for resource in manifest.resources}


def read(root: Root, known: Kinds) -> Reading:
    """Read every source; keep the values of what matters."""
    found = Reading(files=len(root.sources))
    results = processes.each(partial(_read, root, known), root.sources, root.jobs)
    for source, one in zip(root.sources, results, strict=True):
        if isinstance(one, _Unreadable):
            if isinstance(one.told, Problem):
                found.problems.append(one.told)
            else:
                found.skipped.append(one.told)
            if manifests.may_be_manifest(one.manifest):
                found.manifests.append(one.manifest)
        else:
            _take(root, source, one, found)
    found.skipped += _unlisted(root, found)
    _read_sides(root, found)
    _read_generated(root, found)
    expand(found, known)
    return found


class _Read(NamedTuple):
    """One file that was read. `digest` tells whether it is still the same; `rendered` is the line that says it was
    rendered from a chart, 0 where none does."""

    manifest: Manifest
    digest: int
    rendered: int


class _Unreadable(NamedTuple):
    """One file that could not be read, and what is said of it."""

    manifest: Manifest
    told: Problem | Skip


def _read(root: Root, known: Kinds, source: Source) -> _Read | _Unreadable:
    try:
        data = source.read()
    except OSError as error:
        reason = error.strerror or str(error)
        is_link = isinstance(error, NotFollowedError)
        told: Problem | Skip = Skip(source.path, 1, reason) if is_link else Problem(source.path, 0, f"cannot be read: {reason}")
        return _Unreadable(manifests.unreadable(source.path, None, told, reason), told)
    content = manifests.decode(source.path, data)
    if isinstance(content, Problem):
        is_wanted = root.is_strict or source.is_named or manifests.is_manifest(data)
        told = content if is_wanted else Skip(source.path, content.line, content.message)
        return _Unreadable(manifests.unreadable(source.path, data, told, content.message), told)
    has_callers = len(root.sources) > 1 or prefilter.has_callers(content)  # what stands in other files is not known yet
    manifest = file_types.read(source.path, content, known.names, has_callers=has_callers)
    return _Read(manifest, digest(data), manifests.rendered_line(content))


def _take(root: Root, source: Source, one: _Read, found: Reading) -> None:
    manifest = one.manifest
    found.problems += manifest.problems
    if root.is_strict:
        found.problems += [Problem(skip.path, skip.line, skip.reason) for skip in manifest.skips]
    else:
        found.skipped += manifest.skips
    if manifest.documents or manifest.count or manifest.unread:
        found.manifests.append(manifest)
    if not root.is_stream and source.may_change and one.rendered:
        found.findings.append(_rendered(source.path, one.rendered))
    if manifest.documents:
        found.digests[source.path] = one.digest


def _rendered(path: str, line: int) -> Finding:
    message = "rendered from a chart, so the next rendering overwrites a change"
    return Finding(
        "rendered-from-chart", "R-F19", Severity.NOTE, message, "put post-render into the rendering", Location(path, 0, "", line)
    )


def kustomizations(found: Reading) -> list[kustomization.Kustomization]:
    """Every kustomization that was read."""
    sides = {manifest.path: manifest.sides for manifest in found.manifests if manifest.sides}
    known = kustomization.among(resource for manifest in found.manifests for resource in manifest.resources)
    return [transformers.resolved(one, sides) for one in known]


def _unlisted(root: Root, found: Reading) -> Iterable[Skip]:
    """What kustomizations list and nobody has read: a typing error, a file that git ignores, a folder without one."""
    known = kustomizations(found)
    there = {source.path for source in root.sources} | {one.folder for one in known}
    for one in known:
        if missing := [path for path in one.resources if path not in there]:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield Skip(one.path, one.at.line, f"a kustomization: it lists {missing[0]}{more}, not among the files that are read")


def _read_sides(root: Root, found: Reading) -> None:
    """The values of patches and configurations, which are no resources."""
    wanted = {
        path
        for one in kustomizations(found)
        for path in {*one.patches, *one.data} - set(kustomization.generator_files(one.folder, one.value))
    }
    sources = {source.path: source for source in root.sources if source.path in wanted}
    for place, manifest in enumerate(found.manifests):
        if manifest.path in sources:
            try:
                text = manifests.decode(manifest.path, sources[manifest.path].read())
            except OSError:
                continue  # it was read a moment ago; who wants its content will find out
            if isinstance(text, str):
                found.manifests[place] = replace(manifest, sides=tuple(manifests.values(text)))


def _read_generated(root: Root, found: Reading) -> None:
    """What the generators of kustomizations make."""
    sources = {source.path: source for source in root.sources if is_kustomization_file(source.path)}
    for place, manifest in enumerate(found.manifests):
        if manifest.path in sources:
            ones = kustomization.among(manifest.resources)
            made = [each for one in ones for each in generators.made(one, root.opened, _lines(sources[manifest.path], one))]
            found.skipped += [one for one in made if isinstance(one, Skip)]
            found.manifests[place] = replace(manifest, generated=tuple(one for one in made if isinstance(one, Resource)))


def _lines(source: Source, one: kustomization.Kustomization) -> Callable[[str], int]:
    """Tells the 1-based lines of places in a kustomization."""

    def line(where: str) -> int:
        return manifests.evidence_lines(text(), [(one.at.document, where)]).get((one.at.document, where), one.at.line)

    @cache
    def text() -> str:
        try:
            content = manifests.decode(source.path, source.read())
        except OSError:
            return ""
        return content if isinstance(content, str) else ""

    return line


def digest(data: bytes) -> int:
    """What tells whether bytes are still the same; for this process only."""
    return hash(data)


def content(source: Source, wanted: int) -> str | Problem:
    """The file's text once more, if it is still what was read."""
    try:
        data = source.read()
    except OSError as error:
        return Problem(source.path, 0, f"cannot be read: {error.strerror or error}")
    if digest(data) != wanted:
        return Problem(source.path, 1, "changed while it was being read")
    return data.decode("utf-8")


def expand(found: Reading, known: Kinds) -> None:
    """Find the workloads; leave out what is no workload of its own (R-J6), and our own files."""
    built = kustomizations(found)
    patches = {path for one in built for path in one.patches}
    data = {path for one in built for path in one.data} - {path for one in built for path in one.resources}
    found.skipped += [Skip(one.path, one.at.line, f"a kustomization: {reason}") for one in built for reason in one.unseen]
    for place, manifest in enumerate(found.manifests):
        if manifest.path in patches or manifest.path in data:
            if manifest.resources:
                reason = "a patch of a kustomization: the workload is defined elsewhere"
                found.skipped.append(Skip(manifest.path, 1, reason if manifest.path in patches else "read by a kustomization as data"))
            found.manifests[place] = replace(manifest, documents={}, resources=())
            continue
        kept = [resource for resource in manifest.resources if _is_kept(resource, found, known)]
        found.manifests[place] = replace(manifest, resources=tuple(kept))


def _is_kept(resource: Resource, found: Reading, known: Kinds) -> bool:
    """Whether the object counts; its workloads are noted on the way."""
    if resource.id.group == manifests.OWN_GROUP:
        return False
    workloads = list(kinds.workloads(resource, known))
    for workload in workloads:
        if not resource.id.name:
            found.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id.kind}: {_nameless(resource)}"))
            return False
        if reason := shapes.untouchable(resource, workload, resource.at.path):
            found.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id}: {reason}"))
            found.live += [workload] if shapes.runs(resource) else []
            return False
    if workloads:
        found.workloads.setdefault(resource.at.path, []).extend(workloads)
    elif (rule := known.rule(resource.id.group, resource.id.kind)) is None:
        found.findings += _unsupported(resource)
    elif reason := shapes.misplaced(resource, rule):
        found.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id}: {reason}"))
    elif rule.report_only and not rule.pods and shapes.states_account(resource):
        message = f"{resource.id.name}: left as it is: {rule.report_only}"
        found.findings.append(
            Finding("reported-only", rule.rule, Severity.NOTE, message, "review it by hand", resource.at, "", resource.id)
        )
    return True


def _nameless(resource: Resource) -> str:
    stated = at(resource.value, "metadata", "name")
    return f"its name is {shapes.shape_of(stated)} to Kubernetes: quote it" if stated not in (None, "") else "has no name"


def _unsupported(resource: Resource) -> Iterable[Finding]:
    """R-C4: a kind that nobody has described, with something that looks like a pod spec."""
    for where in shapes.find_pod_specs(resource):
        message = f"{resource.id.name}: the kind {resource.id.kind} is not known, but holds what looks like a pod spec"
        yield Finding(
            "unsupported-kind",
            "R-C4",
            Severity.NOTE,
            message,
            "describe it under kinds: in samigrate.yaml",
            resource.at,
            where,
            resource.id,
        )
        return
