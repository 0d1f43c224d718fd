"""Who owns a file, by a CODEOWNERS file.

Source: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
and, for sections, https://docs.gitlab.com/user/project/codeowners/reference/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from samigrate.base import globs

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"\^?\[([^]]+)\](?:\[\d+\])?\s*(.*)")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a path pattern and its owners. In each section the last rule that matches counts."""

    section: str
    pattern: str
    owners: tuple[str, ...]


def parse(text: str) -> list[Rule]:
    rules, section, inherited = [], "", ()
    for line in text.splitlines():
        stripped = re.split(r"(?<!\\)#", line, maxsplit=1)[0].strip() if not line.lstrip().startswith("#") else ""
        if not stripped:
            continue
        if match := _SECTION.fullmatch(stripped):
            section, inherited = match[1].lower(), tuple(match[2].split())
            continue
        words = _WORD.findall(stripped)
        if not words:
            continue  # a backslash with nothing behind it
        pattern, *owners = words
        rules.append(Rule(section, re.sub(r"\\(.)", r"\1", pattern), tuple(owners) or inherited))
    return rules


def owners(rules: Sequence[Rule], path: str) -> tuple[str, ...]:
    """The owners of a file, by its path from the top of the repository; () where it has none."""
    last = {rule.section: rule.owners for rule in rules if _matches(rule.pattern, path)}
    return tuple(sorted({owner for group in last.values() for owner in group}))


def _matches(pattern: str, path: str) -> bool:
    if not globs.is_valid(pattern):
        return False
    if pattern.endswith("/*"):
        return globs.matched(pattern, path) == path  # the files in a folder, and none further down
    return globs.matches(pattern, path)
