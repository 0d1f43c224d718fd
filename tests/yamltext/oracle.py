"""What operations do to plain values: the small and slow truth that `rewrite` is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from samigrate.yamltext import Op


def steps(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def pointer(*parts: str | int) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def fresh(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: fresh(inner) for key, inner in value.items()}
    return [fresh(inner) for inner in value] if isinstance(value, list) else value


def apply(value: Any, ops: Sequence[Op]) -> Any:
    """RFC 6902, and besides: to add below null is to add to an empty mapping, or with `-` to an empty list."""
    value = fresh(value)
    for op in ops:
        value = _apply(value, steps(op.pointer), op)
    return value


def _apply(value: Any, path: list[str], op: Op) -> Any:
    if not path:
        return fresh(op.value)
    step, rest = path[0], path[1:]
    if value is None and op.op == "add" and not rest:
        value = [] if step == "-" else {}
    if rest:
        key: Any = int(step) if isinstance(value, list) else step
        value[key] = _apply(value[key], rest, op)
    elif isinstance(value, list):
        if op.op == "add":
            value.insert(len(value) if step == "-" else int(step), fresh(op.value))
        elif op.op == "remove":
            del value[int(step)]
        else:
            value[int(step)] = fresh(op.value)
    elif op.op == "remove":
        del value[step]
    else:
        assert op.op == "add" or step in value
        value[step] = fresh(op.value)
    return value


def same(one: Any, other: Any) -> bool:
    """Equality with types: 1, 1.0, True and "1" differ. NaN equals itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    is_bool = isinstance(one, bool) == isinstance(other, bool)
    is_int = isinstance(one, int) == isinstance(other, int)
    return is_bool and is_int and (type(one) is type(other) or isinstance(one, int)) and bool(one == other)


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value below `value` with its path."""
    yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from walk(inner, (*path, key))
