"""Accounts, workloads and bindings before and after, as a Mermaid graph small enough to read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from samigrate.model import WorkloadReport
from samigrate.planfile import Entry, Step
from samigrate.words import clean

MOST = 8
"""More workloads than this make a picture that nobody reads."""


def draw(changed: Sequence[tuple[Entry, WorkloadReport]]) -> list[str]:
    """The lines of the graph; [] where there is nothing to see, or too much."""
    moved = [one for one in changed if one[1].account_before != one[1].account_after]
    if not moved or len(changed) > MOST:
        return []
    lines = ["flowchart LR"]
    for side, name in (("b", "before"), ("a", "after")):
        lines += [f"  subgraph {name}", *_side(side, changed), "  end"]
    return lines


def _side(side: str, changed: Sequence[tuple[Entry, WorkloadReport]]) -> list[str]:
    lines: list[str] = []
    known: dict[str, str] = {}

    def node(kind: str, name: str, shape: str) -> str:
        key = f"{kind} {name}"
        if key not in known:
            known[key] = f"{side}{len(known)}"
            begin, end = shape[0] * (len(shape) // 2), shape[-1] * (len(shape) // 2)
            lines.append(f'    {known[key]}{begin}"{_label(name)}"{end}')
        return known[key]

    for entry, report in changed:
        name = report.account_after if side == "a" else report.account_before
        tokens = report.tokens_after if side == "a" else report.tokens_before
        workload = node("workload", entry.at.object + (f" #{entry.at.nth + 1}" if entry.at.nth else ""), "[]")
        account = node("account", f"{report.namespace or ''}/{name}".lstrip("/"), "()")
        lines.append(f"    {workload} {'-->|token|' if tokens else '-.->'} {account}")
        for binding in dict.fromkeys(step.on.object for step in entry.steps if _grants(step)):
            lines.append(f"    {account} --> {node('binding', binding, '{{}}')}")
    return list(dict.fromkeys(lines))


def _grants(step: Step) -> bool:
    return step.pointer.startswith("/subjects")


def _label(text: str) -> str:
    """Text in a label: quotes and everything with a meaning there as an entity."""
    return re.sub(r"[^A-Za-z0-9 ./:_-]", lambda hit: f"#{ord(hit[0])};", clean(text))
