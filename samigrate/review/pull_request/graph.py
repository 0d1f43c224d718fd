"""Accounts, workloads and bindings before and after, as a Mermaid graph small enough to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from samigrate.base.wording import clean
from samigrate.review.plan_file.planfile import Entry, Step

MOST = 8
"""With more workloads the picture is too large to read."""


class Move(NamedTuple):
    """A workload with its accounts and tokens before and after; `is_several`: builds put it into several places."""

    entry: Entry
    account: tuple[str, str]
    tokens: tuple[int, int]
    is_several: bool = False


def draw(changed: Sequence[Move]) -> list[str]:
    """The lines of the graph; [] where there is nothing to see, or too much."""
    if all(move.account[0] == move.account[1] for move in changed) or len(changed) > MOST:
        return []
    lines = ["flowchart LR"]
    for side, name in enumerate(("before", "after")):
        lines += [f"  subgraph {name}", *_side(side, changed), "  end"]
    return lines


def _side(side: int, changed: Sequence[Move]) -> list[str]:
    lines: list[str] = []
    existing: dict[str, str] = {}

    def node(kind: str, name: str, shape: str) -> str:
        key = f"{kind} {name}"
        if key not in existing:
            existing[key] = f"{'ba'[side]}{len(existing)}"
            begin, end = shape[0] * (len(shape) // 2), shape[-1] * (len(shape) // 2)
            lines.append(f'    {existing[key]}{begin}"{_label(name)}"{end}')
        return existing[key]

    for entry, accounts, tokens, is_several in changed:
        workload = node("workload", entry.at.object + (f" #{entry.at.nth + 1}" if entry.at.nth else ""), "[]")
        account = node("account", accounts[side] if is_several else f"{entry.namespace}/{accounts[side]}".lstrip("/"), "()")
        lines.append(f"    {workload} {'-->|token|' if tokens[side] else '-.->'} {account}")
        for binding in dict.fromkeys(step.on.object for step in entry.steps if _grants(step)):
            lines.append(f"    {account} --> {node('binding', binding, '{{}}')}")
    return list(dict.fromkeys(lines))


def _grants(step: Step) -> bool:
    return step.pointer.startswith("/subjects")


def _label(text: str) -> str:
    """Text in a label: quotes and everything with a meaning there as an entity."""
    return re.sub(r"[^A-Za-z0-9 ./:_-]", lambda hit: f"#{ord(hit[0])};", clean(text))
