"""Where findings and evidence stand, by line: a pointer into an object is looked up in the text of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from samigrate import reading
from samigrate.domain.model import GENERATED, Finding
from samigrate.facts.state import Work
from samigrate.files import file_types, manifests
from samigrate.reading import Reading, Root

Place = tuple[str, int, str]
"""(path, document, pointer into it)."""


def looked_up(
    findings: Sequence[Finding], works: Sequence[Work], found: Reading, root: Root, *, with_evidence: bool
) -> tuple[dict[Place, int], list[Finding]]:
    """(the 1-based lines of the evidence, where they are asked for; the findings, those about one place in an object at the
    line and column of that place). Each file is read once for both."""
    pods = {(work.workload.resource.key, work.workload.pod) for work in works}
    own = {number: place for number, finding in enumerate(findings) if (place := _own_place(finding, pods))}
    pieces = (piece for work in works if with_evidence for piece in work.verdict.evidence if piece.at.document != GENERATED)
    of_evidence = {(piece.at.path, piece.at.document, piece.at.item + piece.pointer) for piece in pieces}
    known = _known({*own.values(), *of_evidence}, found, root)
    lines = {place: known[place][0] for place in of_evidence if place in known}
    return lines, [_at(finding, known.get(own[number])) if number in own else finding for number, finding in enumerate(findings)]


def _own_place(finding: Finding, pods: Container[object]) -> Place | None:
    """The place that a finding is about, None where that is a whole object or pod, or is told by its line already."""
    at = finding.at
    is_whole = not finding.pointer or ((at.path, at.document, at.item), finding.pointer) in pods
    return None if is_whole or at.document == GENERATED else (at.path, at.document, at.item + finding.pointer)


def _at(finding: Finding, known: tuple[int, int] | None) -> Finding:
    return finding._replace(at=finding.at._replace(line=known[0], column=known[1])) if known else finding


def _known(wanted: Iterable[Place], found: Reading, root: Root) -> Mapping[Place, tuple[int, int]]:
    """(line, column) of each place that is there, both 1-based; column 0 in a program."""
    sources = {source.path: source for source in root.sources}
    by_path: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for path, document, pointer in wanted:
        by_path[path].add((document, pointer))
    known: dict[Place, tuple[int, int]] = {}
    for path, places in sorted(by_path.items()):
        content = reading.content(sources[path], found.digests[path]) if path in found.digests else None
        if not isinstance(content, str):
            continue
        if file_types.is_program(path):
            known |= {(path, *place): (line, 0) for place, line in file_types.of(path).evidence_lines(content, places).items()}
        else:
            known |= {(path, *place): spot for place, spot in manifests.evidence_places(content, places).items()}
    return known
