"""Which objects a kustomization's targets select."""

from __future__ import annotations

import re
from functools import lru_cache

_REPEATS = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|(\)?[*+{])")
_MOST_REPEATS = 3
"""As many repetitions in one pattern as are tried one against the other; a name has 253 characters."""


def is_matched(pattern: str, name: str) -> bool | None:
    """Whether a target's pattern, a regular expression for the whole name, matches it; None where that is not known: it
    is no such expression here, or one that might take for ever to try."""
    expression = _compiled(pattern)
    return None if expression is None else expression.fullmatch(name) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    repeats = [found[1] for found in _REPEATS.finditer(pattern) if found[1]]
    if len(repeats) > _MOST_REPEATS or any(one.startswith(")") for one in repeats):
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None
