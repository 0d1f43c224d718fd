"""Opt-outs: the annotation `<prefix>/ignore: "<id>: reason"` and the comment `# samigrate: ignore[<id>] reason`.

Both count for the object they stand in. In a List that is the item; a comment between two items counts for the next
one, and a comment before the first or behind the last for all of them. In a program a comment counts for what is
declared on its line, or right below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from samigrate import yamltext
from samigrate.domain.model import Location, Resource

if TYPE_CHECKING:
    from samigrate.pytext import Comment

ALL = "all"
Matches = Callable[[str], Iterable[tuple[int, frozenset[str]]]]
_COMMENT = re.compile(r"#\s*samigrate:\s*ignore\[([^\]\n]*)\]")


class Opt(NamedTuple):
    """One opt-out: the ids it names (`all` for everything) and its 1-based line; `item` is the pointer to the List
    item it counts for, "" for the whole document."""

    document: int
    item: str
    ids: frozenset[str]
    line: int


def in_annotations(resource: Resource, prefix: str) -> frozenset[str]:
    """The ids that the object's own annotation names; `all` for everything."""
    stated = resource.annotations.get(f"{prefix}/ignore")
    return _ids(stated.partition(":")[0]) if isinstance(stated, str) else frozenset()


def in_comments(fragment: str, document: int, line: int, resources: Sequence[Resource]) -> Iterator[Opt]:
    """The opt-outs in the comments of a document's text. `line` is the line of the text's start; `resources` are the
    objects of the document."""
    if "ignore[" in fragment:
        yield from at_comments(fragment, document, line, resources, _matches)


def _matches(fragment: str) -> Iterator[tuple[int, frozenset[str]]]:
    return ((match.start(), ids) for match in _COMMENT.finditer(fragment) if (ids := _ids(match[1])))


def at_comments(fragment: str, document: int, line: int, resources: Sequence[Resource], matches: Matches) -> Iterator[Opt]:
    """An opt-out for each of the `matches`, (place in the text, ids), for the objects that each counts for; else as
    `in_comments`."""
    if not (hits := list(matches(fragment))):
        return
    positions = sorted({resource.at.item for resource in resources if resource.at.item})
    ranges = dict(zip(positions, yamltext.line_ranges(fragment, positions), strict=True)) if positions else {}
    lines = fragment.split("\n")
    for start, ids in hits:
        position = fragment.count("\n", 0, start) + 1
        yield Opt(document, _item(position, lines, ranges), ids, line + position - 1)


class Place(NamedTuple):
    """A stretch of lines that an object of a program is declared on, both 1-based."""

    document: int
    item: str
    first: int
    last: int


def in_program(comments: Sequence[Comment], spots: Sequence[Place]) -> Iterator[Opt | int]:
    """The opt-outs in the comments of a program; the line of each that stands at no declaration."""
    alone = {one.line for one in comments if one.is_alone}
    for comment in comments:
        match = _COMMENT.search(comment.text)
        if match is None or not (ids := _ids(match[1])):
            continue
        below = next(line for line in count(comment.line) if line not in alone)
        meant = [place for place in spots if comment.is_alone and place.first == below] or _around(comment.line, spots)
        full = {place.document for place in meant if not place.item}
        for spot in dict.fromkeys(meant):
            if not spot.item or spot.document not in full:
                yield Opt(spot.document, spot.item, ids, comment.line)
        if not meant:
            yield comment.line


def _around(line: int, spots: Sequence[Place]) -> list[Place]:
    """The innermost that the line lies in; several where they share their lines."""
    around = [spot for spot in spots if spot.first <= line <= spot.last]
    least = min((spot.last - spot.first for spot in around), default=0)
    return [spot for spot in around if spot.last - spot.first == least]


def _item(line: int, lines: Sequence[str], ranges: Mapping[str, tuple[int, int]]) -> str:
    """The innermost item that the line stands in; of a line between two items the next one, unless it is indented as
    what stands in the one before."""
    around = [place for place, (first, last) in ranges.items() if first <= line <= last]
    if around:
        return max(around, key=len)
    above = [(last, place) for place, (_, last) in ranges.items() if last < line]
    below = [(first, place) for place, (first, _) in ranges.items() if first > line]
    if above and _indent(lines[line - 1]) > _indent(lines[ranges[max(above)[1]][0] - 1]):
        return max(above)[1]
    return min(below)[1] if above and below else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def by_document(opts: Iterable[Opt]) -> Mapping[int, Sequence[Opt]]:
    """The opt-outs of a file by document."""
    result: dict[int, list[Opt]] = {}
    for opt in opts:
        result.setdefault(opt.document, []).append(opt)
    return result


def ignored(opts: Mapping[int, Sequence[Opt]], resource: Resource, prefix: str) -> frozenset[str]:
    """Every id that the object opts out of. `opts` are those of its file, by document."""
    return in_annotations(resource, prefix).union(*(opt.ids for opt in opts.get(resource.at.document, ()) if counts_for(opt, resource.at)))


def counts_for(opt: Opt, location: Location) -> bool:
    return opt.document == location.document and (not opt.item or location.item == opt.item or location.item.startswith(opt.item + "/"))


def _ids(listed: str) -> frozenset[str]:
    return frozenset(one for one in re.split(r"[\s,]+", listed) if one)
