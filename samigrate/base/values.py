"""Plain YAML values, read whatever their shape: dict, list, str, int, float, bool or None, and JSON Pointers into them."""

from __future__ import annotations

from typing import Any

Value = Any
"""A plain YAML value: dict, list, str, int, float, bool or None."""


def at(value: Value, *path: str) -> Value:
    """The value below `path` through mappings, or None where any step is missing or no mapping."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def mapping(value: Value, *path: str) -> dict[str, Value]:
    """Like `at`, but {} for anything that is not a mapping."""
    for key in path:
        if not isinstance(value, dict):
            return {}
        value = value.get(key)
    return value if isinstance(value, dict) else {}


def sequence(value: Value, *path: str) -> list[Value]:
    """Like `at`, but [] for anything that is not a list."""
    for key in path:
        if not isinstance(value, dict):
            return []
        value = value.get(key)
    return value if isinstance(value, list) else []


def text(value: Value, *path: str) -> str | None:
    """Like `at`, but None for anything that is not a non-empty string ("" counts as unset, R-A2)."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value if isinstance(value, str) and value else None


def pointer(*parts: str | int) -> str:
    """A JSON Pointer (RFC 6901) from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts(pointer_: str) -> list[str]:
    """The unescaped parts of a JSON Pointer; [] for the whole value."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer_.split("/")[1:]]


def resolve(value: Value, pointer_: str) -> Value:
    """The value a JSON Pointer leads to, or None where there is none."""
    for part in parts(pointer_):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
