"""Names that are not there yet: words that a tool or a person fills in before a manifest is applied (R-J7).

Nothing but `[a-z0-9]`, `-` and `.` can stand in the name of a namespace or of an account, so whatever holds another
character is no name yet: `${NS}`, `$(NS)`, `$NS`, `{{ ns }}`, `<ns>`, `#{NS}`, `__NS__`, `%NS%`, `PLACEHOLDER`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from samigrate.base.values import Value

OPEN = "{{ }}"
"""Stands for a name of which nothing is known."""
_NAME = re.compile(r"[-a-z0-9.]+")
_WORDS = re.compile(
    r"\$\{[^{}]*\}|\$\([^()]*\)|\{\{.*?\}\}|#\{[^{}]*\}|<[^<>]*>|\[\[.*?\]\]|\(\(.*?\)\)|__\w+?__|%\w+%|@\w+@|\$\w+",
)
"""The forms that say where they end; any other foreign character may stand for the whole."""


def is_filled_in(value: Value) -> bool:
    """Whether a value that should be a name is none yet. YAML makes a mapping of an unquoted `{{ name }}`, a list of
    `[[ name ]]`."""
    return _NAME.fullmatch(value) is None if isinstance(value, str) else isinstance(value, dict | list)


def may_be(stated: Value, name: str) -> bool:
    """Whether a value is the name, or may become it once it is filled in."""
    return stated == name or (is_filled_in(stated) and (not isinstance(stated, str) or _pattern(stated).fullmatch(name) is not None))


@lru_cache(maxsize=4096)
def _pattern(stated: str) -> re.Pattern[str]:
    fixed = _WORDS.split(stated)
    if len(fixed) == 1 or any(part and not _NAME.fullmatch(part) for part in fixed):
        return re.compile(".*", re.DOTALL)
    return re.compile("[-a-z0-9.]*".join(map(re.escape, fixed)))
