"""Where findings and evidence stand, by line: a pointer into an object is looked up in the text of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from samigrate import reading
from samigrate.domain.model import GENERATED, Finding
from samigrate.facts.state import Work
from samigrate.files import file_types, manifests
from samigrate.reading import Inventory, Root

Place = tuple[str, int, str]
"""(path, document, pointer into it)."""


def looked_up(
    findings: Sequence[Finding], works: Sequence[Work], inventory: Inventory, root: Root, *, with_evidence: bool
) -> tuple[dict[Place, int], list[Finding]]:
    """(the 1-based lines of the evidence, where they are asked for; the findings, those about one place in an object at the
    line and column of that place). Each file is read once for both."""
    pods = {(work.workload.resource.key, work.workload.pod) for work in works}
    own = {number: place for number, finding in enumerate(findings) if (place := _own_place(finding, pods))}
    evidence = (sign for work in works if with_evidence for sign in work.verdict.evidence if sign.at.document != GENERATED)
    of_evidence = {(sign.at.path, sign.at.document, sign.at.item + sign.pointer) for sign in evidence}
    existing = _known({*own.values(), *of_evidence}, inventory, root)
    lines = {place: existing[place][0] for place in of_evidence if place in existing}
    return lines, [_at(finding, existing.get(own[number])) if number in own else finding for number, finding in enumerate(findings)]


def _own_place(finding: Finding, pods: Container[object]) -> Place | None:
    """The place that a finding is about, None where that is a whole object or pod, or is told by its line already."""
    location = finding.at
    is_whole = not finding.pointer or ((location.path, location.document, location.item), finding.pointer) in pods
    return None if is_whole or location.document == GENERATED else (location.path, location.document, location.item + finding.pointer)


def _at(finding: Finding, known: tuple[int, int] | None) -> Finding:
    return finding._replace(at=finding.at._replace(line=known[0], column=known[1])) if known else finding


def _known(expected: Iterable[Place], inventory: Inventory, root: Root) -> Mapping[Place, tuple[int, int]]:
    """(line, column) of each place that is there, both 1-based; column 0 in a program."""
    sources = {source.path: source for source in root.sources}
    by_path: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for path, document, pointer in expected:
        by_path[path].add((document, pointer))
    existing: dict[Place, tuple[int, int]] = {}
    for path, positions in sorted(by_path.items()):
        content = reading.content(sources[path], inventory.digests[path]) if path in inventory.digests else None
        if not isinstance(content, str):
            continue
        if file_types.is_program(path):
            existing |= {(path, *place): (line, 0) for place, line in file_types.of(path).evidence_lines(content, positions).items()}
        else:
            existing |= {(path, *place): spot for place, spot in manifests.evidence_places(content, positions).items()}
    return existing
