"""Path patterns, as .gitignore reads them.

`*` and `?` stay within one part of a path, `**` spans several. A pattern without a slash matches at any depth, one
with a slash from the folder that it is relative to. What matches a folder matches everything in it.

A pattern may come from a stranger's repository, so matching takes time in proportion to pattern and path: an expression
that goes back and forth between many stars would stall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_TOKENS = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[!^]?\]?[^]]*\]|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


_FEW = 2
"""So many wildcards an expression may have; more are matched step by step."""


class _Step(NamedTuple):
    """One step of a pattern: the characters that it takes, whether it takes any number of them, and how many steps may
    be gone on without one."""

    characters: re.Pattern[str]
    repeats: bool = False
    onward: tuple[int, ...] = ()


class _Steps(NamedTuple):
    """A pattern that is matched character by character, in all ways at once: the steps reached are bits of a number."""

    steps: tuple[_Step, ...]

    def fullmatch(self, path: str) -> bool:
        reached = self._onward(1)
        for character in path:
            then = 0
            for index, step in enumerate(self.steps):
                if reached >> index & 1 and step.characters.fullmatch(character):
                    then |= 1 << (index if step.repeats else index + 1)
            reached = self._onward(then)
        return bool(reached >> len(self.steps) & 1)

    def _onward(self, reached: int) -> int:
        for index, step in enumerate(self.steps):
            if reached >> index & 1:
                for number in step.onward:
                    reached |= 1 << (index + number)
        return reached


def _any(characters: str) -> _Step:
    return _Step(re.compile(characters, re.DOTALL), True, (1,))


_SLASH = _Step(re.compile("/"))
_NOTHING_OR_FOLDERS = _Step(re.compile("(?!)"), False, (1, 3))
_STARS = {"**/": (_NOTHING_OR_FOLDERS, _any("."), _SLASH), "/**": (_SLASH, _any(".")), "**": (_any("."),), "*": (_any("[^/]"),)}


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str] | _Steps:
    tokens = _tokens(glob)
    expression = re.compile("".join(map(_translate, tokens)), re.DOTALL)  # a bad set shows here
    if sum(token in _STARS for token in tokens) <= _FEW:
        return expression
    return _Steps(tuple(step for token in tokens for step in _steps(token)))


def _tokens(glob: str) -> list[str]:
    pattern = glob.removeprefix("./").rstrip("/")
    return ([] if "/" in pattern else ["**/"]) + _TOKENS.findall(pattern.lstrip("/"))


def _steps(token: str) -> tuple[_Step, ...]:
    return _STARS.get(token) or (_Step(re.compile(_translate(token), re.DOTALL)),)


def _translate(token: str) -> str:
    if token in _MEANING:
        return _MEANING[token]
    if token.startswith("[") and len(token) > 2:
        inside = token[1:-1].replace("\\", "\\\\")
        return "[^" + inside[1:] + "]" if inside[0] in "!^" else f"[{inside}]"
    return re.escape(token)


def is_valid(glob: str) -> bool:
    try:
        return bool(glob) and _compiled(glob) is not None
    except re.error:
        return False


def matches(glob: str, path: str) -> bool:
    """Whether the pattern matches the path, or a folder that the path is in."""
    pattern = _compiled(glob)
    return any(pattern.fullmatch(part) for part in _upwards(path))


def matched(glob: str, path: str) -> str | None:
    """The longest part of the path, from its start, that the pattern matches: a folder, or the path itself."""
    pattern = _compiled(glob)
    return next((part for part in _upwards(path) if pattern.fullmatch(part)), None)


def _upwards(path: str) -> Iterable[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
