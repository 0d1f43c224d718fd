"""Which entries of a plan go into one pull request."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from samigrate.review.plan_file.planfile import Entry, Left

LONGEST = 60
Owners = Callable[[str], tuple[str, ...]]
"""The owners of a file, by its path as the plan has it."""
_Node = TypeVar("_Node")


@dataclass(frozen=True, slots=True)
class Group:
    """What goes together: `keys` are what it was grouped by, `units` its entries in bundles that share files,
    `is_part` that the name ends in a number."""

    name: str
    keys: tuple[str, ...]
    units: tuple[tuple[Entry, ...], ...]
    is_part: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for unit in self.units for entry in unit)

    @property
    def files(self) -> frozenset[str]:
        return frozenset(path for entry in self.entries for path in entry.edited)


def key(entry: Entry | Left, by: str, owners: Owners) -> str:
    """What an entry, or a workload that stays as it is, is grouped by."""
    if by == "namespace":
        return entry.namespace or "none"
    if by == "folder":
        return posixpath.dirname(entry.at.file) or "."
    if by == "owner":
        return " ".join(owners(entry.at.file)) or "nobody"
    if by == "risk":
        return str(entry.risk) if isinstance(entry, Entry) else ""
    return "all"


def group(entries: Sequence[Entry], by: str, owners: Owners, max_files: int) -> list[Group]:
    """The groups in the order of their names. Those that edit one file are one; none has more than `max_files` files
    (0: any number), but where a bundle of entries that share files has."""
    units = bundles(entries)
    by_unit = [sorted({key(entry, by, owners) for entry in unit}) for unit in units]
    joined = _joined(by_unit)
    members: dict[str, list[tuple[Entry, ...]]] = defaultdict(list)
    for unit, keys in zip(units, by_unit, strict=True):
        members[joined[keys[0]]].append(unit)
    groups = []
    for leader, own in sorted(members.items()):
        together = tuple(sorted(one for one, first in joined.items() if first == leader))
        groups += parts(Group(_name(by, together), together, tuple(own)), max_files)
    return groups


def parts(full: Group, max_files: int) -> list[Group]:
    """A group in parts of at most that many files, numbered where they are several."""
    filled: list[list[tuple[Entry, ...]]] = []
    size = 0
    for unit in full.units:
        files = len({path for entry in unit for path in entry.edited})
        if not filled or (max_files and size + files > max_files):
            filled.append([])
            size = 0
        filled[-1].append(unit)
        size += files
    return numbered(full, filled)


def numbered(whole: Group, pieces: Sequence[Sequence[tuple[Entry, ...]]]) -> list[Group]:
    if len(pieces) == 1:
        return [whole]
    return [Group(f"{whole.name}-{number}", whole.keys, tuple(piece), is_part=True) for number, piece in enumerate(pieces, 1)]


def bundles(entries: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """Entries that share files, or lean on one another, together; in the order of their first entries."""
    holders: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for path in entry.edited:
            holders[f"file {path}"].append(entry.key)
        for step in entry.steps:
            if step.unless:
                holders[f"lender {entry.key}"] += [entry.key, step.unless]
    leaders = _joined(holders.values())
    entries_by_key: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        entries_by_key[leaders[entry.key]].append(entry)
    return [tuple(batch) for batch in entries_by_key.values()]


def _joined(sets: Iterable[Sequence[_Node]]) -> dict[_Node, _Node]:
    """One member that stands for each set, where sets with a common member are one."""
    leader: dict[_Node, _Node] = {}

    def find(member: _Node) -> _Node:
        while leader.setdefault(member, member) != member:
            member = leader[member]
        return member

    for nodes in sets:
        for node in nodes:
            leader[find(node)] = find(nodes[0])
    return {node: find(node) for node in list(leader)}


# ---------------------------------------------------------------- names


def _name(by: str, keys: Sequence[str]) -> str:
    """The last part of a branch's name: the same for the same keys, and different for others."""
    if not by:
        return "all"
    slugs = [slug(one) for one in keys]
    joined = f"{by}-{'-and-'.join(slugs)}"
    if len(joined) <= LONGEST:
        return joined
    return f"{joined[: LONGEST - 9].rstrip('-')}-{_digest(chr(0).join(keys))}"


def slug(text: str) -> str:
    """A text in characters that a branch name may have anywhere; with a digest where two could become the same."""
    plain = text.replace("/", "--").replace("@", "").replace(" ", "--")
    remaining = re.sub(r"[^a-zA-Z0-9-]+", "-", plain).strip("-").lower()
    return remaining if remaining and remaining == plain else f"{remaining or 'x'}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
