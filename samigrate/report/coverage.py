"""What a run has seen, and what may hold workloads and was not seen: no sign of trouble is no clean bill then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from samigrate.base.wording import count, listed
from samigrate.domain.model import Location, Resource
from samigrate.domain.outcome import Outcome, Unseen
from samigrate.facts.state import Work
from samigrate.files import manifests
from samigrate.findings import unseen
from samigrate.kustomize import gitops
from samigrate.kustomize.kustomization import Kustomization
from samigrate.reading import Inventory, Root, kustomizations


def of(root: Root, inventory: Inventory, works: Sequence[Work]) -> tuple[Unseen, ...]:
    """What the files in PATH bring that is not in the input."""
    return tuple(dict.fromkeys(_of(root, inventory, works)))


def _of(root: Root, inventory: Inventory, works: Sequence[Work]) -> Iterator[Unseen]:
    paths = {source.path for source in root.sources if source.may_change}
    resources = [resource for manifest in inventory.manifests if manifest.path in paths for resource in manifest.resources]
    existing = kustomizations(inventory)
    brought = unseen.sources(works, resources)
    here = _applied_here(root, inventory, existing) if brought else set()
    for resource in brought:
        if resource.at not in here:
            yield Unseen(_noun(resource), resource.at.path, resource.at.document)
    for one in existing:
        if one.path in paths:
            yield from (Unseen("remote base", f"{one.path} {entry}") for entry in one.remote)
    yield from (Unseen("template", skip.path) for skip in inventory.skipped if skip.path in paths and skip.reason == manifests.TEMPLATE)


def _applied_here(root: Root, inventory: Inventory, existing: Sequence[Kustomization]) -> set[Location]:
    """The objects that apply folders of the repository: what they bring is seen, or named by itself."""
    every = [resource for manifest in inventory.manifests for resource in manifest.resources]
    return gitops.applied_here(every, existing, [source.path for source in root.sources], root.path)


def _noun(resource: Resource) -> str:
    if resource.id.kind != "Kustomization":
        return resource.id.kind
    return "Flux Kustomization" if resource.id.group == "kustomize.toolkit.fluxcd.io" else "inflated chart"


def holds_objects(root: Root, inventory: Inventory) -> bool:
    """Whether any file in PATH holds an object for a cluster."""
    paths = {source.path for source in root.sources if source.may_change}
    return any(manifest.holds_objects for manifest in inventory.manifests if manifest.path in paths)


def counted(outcome: Outcome) -> dict[str, int]:
    """What was not seen, the most first: `{"HelmRelease": 69, "chart": 18}`."""
    return dict(Counter(one.what for one in outcome.unseen).most_common())


def missing(outcome: Outcome) -> str:
    """The same in words: `not seen: 69 HelmReleases, 18 charts`; "" where all was seen."""
    parts = [count(number, what) for what, number in counted(outcome).items()]
    return f"not seen: {', '.join(parts)}" if parts else ""


def told(outcome: Outcome) -> Iterator[str]:
    """The line of a summary that says how much of the input it speaks of, where that is not all."""
    if words := missing(outcome):
        yield f"Seen {count(len(outcome.workloads), 'workload')}; {words}."


def nothing_judged(outcome: Outcome, where: Sequence[str]) -> str:
    """Why a gate over these paths has judged nothing; "" where it has judged something, or there is nothing that could hold a
    workload. What the user has excluded is as good as judged."""
    if outcome.workloads or outcome.objects or outcome.problems:
        return ""
    left = [skip for skip in outcome.skipped if not skip.reason.startswith("excluded: ")]
    if not (left or outcome.unseen) and (outcome.holds_objects or outcome.skipped):
        return ""
    place = "on standard input" if list(where) == ["-"] else f"in {listed(where)}"
    if outcome.unseen:
        return f"nothing was judged: no workload was seen {place}; {missing(outcome)}"
    if outcome.holds_objects:
        return f"nothing was judged: no workload was seen {place}, and {count(len(left), 'file or object')} left alone"
    hint = "; did the command before the pipe fail?" if list(where) == ["-"] else ""
    return f"nothing was judged: there is no Kubernetes object {place}{hint}"
