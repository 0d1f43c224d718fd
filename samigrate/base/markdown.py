"""Markdown that shows what stands in manifests and lets none of it act: no mention, no markup, no broken table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from samigrate.base.wording import clean


def code(text: str) -> str:
    """A code span; in it nothing has a meaning but backticks and, in a table, pipes."""
    shown = clean(text).replace("|", "¦") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown or shown != shown.strip() else f"{fence}{shown}{fence}"


def arrow(before: str, after: str) -> str:
    """What it was and what it is; once where that is the same."""
    return before if before == after else f"{before} → {after}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def details(summary: str, inside: str) -> str:
    """A part that is folded away. Forges want the blank lines."""
    return f"<details><summary>{summary}</summary>\n\n{inside.rstrip()}\n\n</details>\n"


def block(lines: Iterable[str], language: str = "sh") -> str:
    inside = "".join(line + "\n" for line in lines)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", inside)), default=0) + 1)
    return f"{fence}{language}\n{inside}{fence}\n"


def bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)
