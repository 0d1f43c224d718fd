"""Where findings and evidence stand, by line: a pointer into an object is looked up in the text of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from samigrate import manifests, reading, substrates
from samigrate.facts.state import Work
from samigrate.model import GENERATED, Finding
from samigrate.reading import Reading, Root

Place = tuple[str, int, str]
"""(path, document, pointer into it)."""


def of_evidence(found: Reading, works: Sequence[Work], root: Root) -> dict[Place, int]:
    """The 1-based lines of the evidence. What stands at its line already is left out."""
    pieces = (piece for work in works for piece in work.verdict.evidence if piece.at.document != GENERATED)
    wanted = {(piece.at.path, piece.at.document, piece.at.item + piece.pointer) for piece in pieces}
    return {place: line for place, (line, _) in _looked_up(wanted, found, root).items()}


def with_own_lines(findings: Sequence[Finding], works: Sequence[Work], found: Reading, root: Root) -> list[Finding]:
    """The findings that are about one place in an object, at the line and column of that place."""
    pods = {(work.workload.resource.key, work.workload.pod) for work in works}

    def place(finding: Finding) -> Place | None:
        at = finding.at
        is_whole = not finding.pointer or ((at.path, at.document, at.item), finding.pointer) in pods
        return None if is_whole or at.document == GENERATED else (at.path, at.document, at.item + finding.pointer)

    known = _looked_up({where for finding in findings if (where := place(finding))}, found, root)
    return [_at(finding, known.get(where)) if (where := place(finding)) else finding for finding in findings]


def _at(finding: Finding, known: tuple[int, int] | None) -> Finding:
    return finding._replace(at=finding.at._replace(line=known[0], column=known[1])) if known else finding


def _looked_up(wanted: Iterable[Place], found: Reading, root: Root) -> Mapping[Place, tuple[int, int]]:
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
        if substrates.is_program(path):
            known |= {(path, *place): (line, 0) for place, line in substrates.of(path).evidence_lines(content, places).items()}
        else:
            known |= {(path, *place): spot for place, spot in manifests.evidence_places(content, places).items()}
    return known
