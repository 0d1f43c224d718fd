"""Go templates as text: their actions, what encloses a place, and whether two places stand in one block.

Nothing is evaluated, and nothing of Helm or Kubernetes is known here. Offsets are in characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Action", "Guard", "actions", "guards", "is_one_block"]

_ACTION = re.compile(
    r"""\{\{-?(?P<inner>\s*/\*.*?\*/\s*|(?:"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*'|(?!-?\}\}).)*)-?\}\}""", re.DOTALL
)
_OPENING = frozenset(("if", "with", "range", "define", "block"))


class Action(NamedTuple):
    """`{{ keyword argument }}`. The keyword is "" where the action is an expression or a comment."""

    start: int
    end: int
    keyword: str
    argument: str


class Guard(NamedTuple):
    """What encloses a place: `if`, `with` or `range` with its argument. `is_negated`: the place stands behind its `else`."""

    keyword: str
    argument: str
    is_negated: bool = False


def actions(text: str) -> Iterator[Action]:
    """The actions of a template, in order."""
    for match in _ACTION.finditer(text):
        keyword, _, argument = match["inner"].strip().partition(" ")
        is_keyword = keyword in _OPENING or keyword in ("else", "end")
        yield Action(match.start(), match.end(), keyword if is_keyword else "", argument.strip() if is_keyword else match["inner"].strip())


def guards(text: str, position: int) -> list[Guard]:
    """What encloses a position, the outermost first; the bodies of `define` and `block` are no guards."""
    stack: list[list[Guard]] = []
    for action in actions(text):
        if action.start >= position:
            break
        if action.keyword in _OPENING:
            stack.append([Guard(action.keyword, action.argument)])
        elif action.keyword == "end" and stack:
            stack.pop()
        elif action.keyword == "else" and stack:
            stack[-1] = [guard._replace(is_negated=True) for guard in stack[-1][:1]] + stack[-1][1:]
            if action.argument.startswith("if "):
                stack[-1].append(Guard("if", action.argument[3:].strip()))
    return [guard for level in stack for guard in level if guard.keyword not in ("define", "block")]


def is_one_block(text: str, start: int, end: int) -> bool:
    """Whether every `if`, `with` and `range` that opens between two places is closed between them, and none that encloses
    one of them opens, ends or goes on with `else` there."""
    depth = 0
    for action in actions(text):
        if start <= action.start < end:
            if action.keyword in _OPENING:
                depth += 1
            elif action.keyword and not depth:
                return False
            elif action.keyword == "end":
                depth -= 1
    return not depth
