"""Sources to manifests: what a root holds, what could not be read, and what is no workload of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import NamedTuple

from samigrate import kinds
from samigrate.base import processes
from samigrate.base.values import at
from samigrate.domain import running
from samigrate.domain.model import Finding, Key, Location, Problem, Resource, Severity, Skip, Workload
from samigrate.domain.running import Instance, RunningPods
from samigrate.files import dumps, file_types, manifests, prefilter
from samigrate.files.manifests import Manifest, is_kustomization_file
from samigrate.kinds import Kinds, brought, shapes
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
class Inventory:
    """All manifests of a root, and what could not be read."""

    files: int = 0
    manifests: list[Manifest] = field(default_factory=list)
    workloads: dict[str, list[Workload]] = field(default_factory=dict)
    digests: dict[str, int] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    live: list[Workload] = field(default_factory=list)
    running: dict[Key, RunningPods] = field(default_factory=dict)

    @property
    def resources(self) -> dict[Key, Resource]:
        return {resource.key: resource for manifest in self.manifests for resource in manifest.resources}


def read(root: Root, kind_rules: Kinds) -> Inventory:
    """Read every source; keep the values of what matters."""
    inventory = Inventory(files=len(root.sources))
    results = processes.each(partial(_read, root, kind_rules), root.sources, root.jobs)
    for source, unreadable in zip(root.sources, results, strict=True):
        if isinstance(unreadable, _Unreadable):
            if isinstance(unreadable.told, Problem):
                inventory.problems.append(unreadable.told)
            else:
                inventory.skipped.append(unreadable.told)
            if manifests.may_be_manifest(unreadable.manifest):
                inventory.manifests.append(unreadable.manifest)
        else:
            _take(root, source, unreadable, inventory)
    inventory.skipped += _unlisted(root, inventory)
    _read_sides(root, inventory)
    _read_generated(root, inventory)
    expand(inventory, kind_rules)
    return inventory


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


def _read(root: Root, kind_rules: Kinds, source: Source) -> _Read | _Unreadable:
    try:
        data = source.read()
    except OSError as error:
        reason = error.strerror or str(error)
        is_link = isinstance(error, NotFollowedError)
        reported: Problem | Skip = Skip(source.path, 1, reason) if is_link else Problem(source.path, 0, f"cannot be read: {reason}")
        return _Unreadable(manifests.unreadable(source.path, None, reported, reason), reported)
    is_fact = source.is_context or (root.reports_live and source.may_change)
    dump = dumps.read(source.path, data, is_stated=source.is_context) if is_fact else None
    if isinstance(dump, Manifest):
        return _Read(dump, 0, 0)  # nobody reads it again
    content = dump or manifests.decode(source.path, data)
    if isinstance(content, Problem):
        is_wanted = root.is_strict or source.is_named or manifests.is_manifest(data)
        reported = content if is_wanted else Skip(source.path, content.line, content.message)
        return _Unreadable(manifests.unreadable(source.path, data, reported, content.message), reported)
    has_callers = len(root.sources) > 1 or prefilter.has_callers(content)  # what stands in other files is not known yet
    manifest = file_types.read(source.path, content, kind_rules.names, has_callers=has_callers)
    manifest = dumps.folded(manifest, content, is_stated=source.is_context) if is_fact else manifest
    return _Read(manifest, digest(data), manifests.rendered_line(content))


def _take(root: Root, source: Source, read_source: _Read, inventory: Inventory) -> None:
    manifest = read_source.manifest
    inventory.problems += manifest.problems
    if root.is_strict:
        inventory.problems += [Problem(skip.path, skip.line, skip.reason) for skip in manifest.skips]
    else:
        inventory.skipped += manifest.skips
    if manifest.documents or manifest.count or manifest.unread:
        inventory.manifests.append(manifest)
    if not root.is_stream and source.may_change and read_source.rendered:
        inventory.findings.append(_rendered(source.path, read_source.rendered))
    if manifest.documents:
        inventory.digests[source.path] = read_source.digest


def _rendered(path: str, line: int) -> Finding:
    message = "rendered from a chart, so the next rendering overwrites a change"
    return Finding(
        "rendered-from-chart", "R-F19", Severity.NOTE, message, "put post-render into the rendering", Location(path, 0, "", line)
    )


def kustomizations(inventory: Inventory) -> list[kustomization.Kustomization]:
    """Every kustomization that was read."""
    sides = {manifest.path: manifest.sides for manifest in inventory.manifests if manifest.sides}
    existing = kustomization.among(resource for manifest in inventory.manifests for resource in manifest.resources)
    return [transformers.resolved(one, sides) for one in existing]


def _unlisted(root: Root, inventory: Inventory) -> Iterable[Skip]:
    """What kustomizations list and was not read: a typing error, a file that git ignores, a folder without one."""
    existing = kustomizations(inventory)
    destination = {source.path for source in root.sources} | {one.folder for one in existing}
    for candidate in existing:
        if missing := [path for path in candidate.resources if path not in destination]:
            suffix = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            yield Skip(
                candidate.path, candidate.at.line, f"a kustomization: it lists {missing[0]}{suffix}, not among the files that are read"
            )


def _read_sides(root: Root, inventory: Inventory) -> None:
    """The values of patches and configurations, which are no resources."""
    expected = {
        path
        for candidate in kustomizations(inventory)
        for path in {*candidate.patches, *candidate.data} - set(kustomization.generator_files(candidate.folder, candidate.value))
    }
    sources = {source.path: source for source in root.sources if source.path in expected}
    for index, manifest in enumerate(inventory.manifests):
        if manifest.path in sources:
            try:
                text = manifests.decode(manifest.path, sources[manifest.path].read())
            except OSError:
                continue  # it was read a moment ago: where its content is needed, a change is noticed then
            if isinstance(text, str):
                inventory.manifests[index] = replace(manifest, sides=tuple(manifests.values(text)))


def _read_generated(root: Root, inventory: Inventory) -> None:
    """What the generators of kustomizations make."""
    sources = {source.path: source for source in root.sources if is_kustomization_file(source.path)}
    for index, manifest in enumerate(inventory.manifests):
        if manifest.path in sources:
            candidates = kustomization.among(manifest.resources)
            result = [each for one in candidates for each in generators.made(one, root.opened, _lines(sources[manifest.path], one))]
            inventory.skipped += [one for one in result if isinstance(one, Skip)]
            inventory.manifests[index] = replace(manifest, generated=tuple(one for one in result if isinstance(one, Resource)))


def _lines(source: Source, candidate: kustomization.Kustomization) -> Callable[[str], int]:
    """Tells the 1-based lines of places in a kustomization."""

    def line(pointer: str) -> int:
        return manifests.evidence_lines(text(), [(candidate.at.document, pointer)]).get((candidate.at.document, pointer), candidate.at.line)

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


def content(source: Source, expected: int) -> str | Problem:
    """The file's text once more, if it is still what was read."""
    try:
        data = source.read()
    except OSError as error:
        return Problem(source.path, 0, f"cannot be read: {error.strerror or error}")
    if digest(data) != expected:
        return Problem(source.path, 1, "changed while it was being read")
    return data.decode("utf-8")


def expand(inventory: Inventory, kind_rules: Kinds) -> None:
    """Find the workloads; leave out what is no workload of its own (R-J6), and our own files."""
    built = kustomizations(inventory)
    patches = {path for one in built for path in one.patches}
    data = {path for one in built for path in one.data} - {path for one in built for path in one.resources}
    inventory.skipped += [Skip(one.path, one.at.line, f"a kustomization: {reason}") for one in built for reason in one.unseen]
    for index, manifest in enumerate(inventory.manifests):
        if manifest.path in patches or manifest.path in data:
            if manifest.resources:
                reason = "a patch of a kustomization: the workload is defined elsewhere"
                inventory.skipped.append(Skip(manifest.path, 1, reason if manifest.path in patches else "read by a kustomization as data"))
            inventory.manifests[index] = replace(manifest, documents={}, resources=())
            continue
        inventory.running |= {(one.at.path, one.at.document, one.at.item): one for one in manifest.running}
        kept = _is_fact if manifest.is_dump else _is_kept
        resources = [resource for resource in manifest.resources if kept(resource, inventory, kind_rules)]
        inventory.manifests[index] = replace(manifest, resources=tuple(resources))


def _is_kept(resource: Resource, inventory: Inventory, kind_rules: Kinds) -> bool:
    """Whether the object counts; its workloads are noted on the way."""
    if resource.id.group == manifests.OWN_GROUP:
        return False
    workloads = list(kinds.workloads(resource, kind_rules))
    for workload in workloads:
        if not resource.id.name:
            inventory.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id.kind}: {_nameless(resource)}"))
            return False
        if reason := shapes.untouchable(resource, workload, resource.at.path):
            inventory.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id}: {reason}"))
            inventory.live += [workload] if shapes.runs(resource) else []
            return False
    if workloads:
        inventory.workloads.setdefault(resource.at.path, []).extend(workloads)
    elif (rule := kind_rules.rule(resource.id.group, resource.id.kind)) is None:
        inventory.findings += _unsupported(resource)
    elif reason := shapes.misplaced(resource, rule):
        inventory.skipped.append(Skip(resource.at.path, resource.at.line, f"{resource.id}: {reason}"))
    elif rule.report_only and not rule.pods and shapes.states_account(resource):
        message = f"{resource.id.name}: left as it is: {rule.report_only}"
        inventory.findings.append(
            Finding("reported-only", rule.rule, Severity.NOTE, message, "review it by hand", resource.at, "", resource.id)
        )
    return True


def _is_fact(resource: Resource, inventory: Inventory, kind_rules: Kinds) -> bool:
    """Whether an object of a dump counts as such; its workloads are noted as those that run."""
    workloads = [workload for workload in kinds.workloads(resource, kind_rules) if shapes.malformed(resource, workload) is None]
    inventory.live += workloads if shapes.runs(resource) else []
    return not workloads and resource.id.group != manifests.OWN_GROUP


def live(inventory: Inventory) -> Iterator[tuple[Workload, RunningPods]]:
    """What runs, as far as dumps tell, each with its pods; none where the dump has the workload alone."""
    existing = {workload.id: workload.resource for workload in inventory.live if workload.id.kind != "Pod"}
    for workload in inventory.live:
        resource = workload.resource
        itself = (Instance(resource.id.name, resource.at.line),) if running.is_running(resource.value) else ()
        alone = RunningPods(resource.at, running.owner(resource, existing.get), itself)
        yield workload, inventory.running.get(resource.key, alone)


def _nameless(resource: Resource) -> str:
    stated = at(resource.value, "metadata", "name")
    return f"its name is {shapes.shape_of(stated)} to Kubernetes: quote it" if stated not in (None, "") else "has no name"


def _unsupported(resource: Resource) -> Iterable[Finding]:
    """R-C4: a kind that no file describes, with something that looks like a pod spec. What brings a chart or a folder holds
    values for it, and no pod."""
    if brought.source(resource):
        return
    for pointer in shapes.find_pod_specs(resource):
        message = f"{resource.id.name}: the kind {resource.id.kind} is not known, but holds what looks like a pod spec"
        yield Finding(
            "unsupported-kind",
            "R-C4",
            Severity.NOTE,
            message,
            "describe it under kinds: in samigrate.yaml",
            resource.at,
            pointer,
            resource.id,
        )
        return
