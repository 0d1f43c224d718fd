"""Path patterns, as .gitignore reads them.

`*` and `?` stay within one part of a path, `**` spans several. A pattern without a slash matches at any depth, one
with a slash from the folder that it is relative to. What matches a folder matches everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_TOKENS = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[!^]?\]?[^]]*\]|.", re.DOTALL)
_MEANING = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(_expression(glob), re.DOTALL)


def _expression(glob: str) -> str:
    pattern = glob.removeprefix("./").rstrip("/")
    depth = "" if "/" in pattern else "(?:.*/)?"
    return depth + "".join(map(_translate, _TOKENS.findall(pattern.lstrip("/"))))


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
