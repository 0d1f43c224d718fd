"""RFC 6902 `add`, `remove` and `replace` on plain values.

Values are shared, never changed in place: `apply` copies along the path it edits and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from samigrate.base.values import Value, parts
from samigrate.domain.model import Operation


class Inapplicable(ValueError):
    """The operation's path is not in the value."""


def apply(value: Value, operation: Operation) -> Value:
    """The value after one operation. Raises Inapplicable where RFC 6902 calls it an error."""
    return _edit(value, parts(operation.pointer), operation, _Own())


def apply_all(value: Value, operations: Iterable[Operation]) -> Value:
    """The value after each in turn. What was copied for one of them is changed for the next: no list is copied again for
    each of its items."""
    own = _Own()
    for operation in operations:
        value = _edit(value, parts(operation.pointer), operation, own)
    return value


class _Own:
    """The copies that edits have made so far: nothing else holds them yet."""

    def __init__(self) -> None:
        self._by_id: dict[int, Value] = {}  # holds them, so that no other value can get the id of one

    def __call__(self, value: Value) -> Value:
        """A value that may be changed."""
        if id(value) in self._by_id:
            return value
        copy = value.copy()
        self._by_id[id(copy)] = copy
        return copy


def _edit(value: Value, path: list[str], operation: Operation, own: _Own) -> Value:
    if not path:
        return operation.value
    key, remainder = path[0], path[1:]
    if isinstance(value, dict):
        return _edit_mapping(value, key, remainder, operation, own)
    if isinstance(value, list):
        return _edit_list(value, key, remainder, operation, own)
    raise Inapplicable(f"{operation.pointer}: nothing below a scalar")


def _edit_mapping(value: dict[str, Value], key: str, remainder: list[str], operation: Operation, own: _Own) -> Value:
    if key not in value and (remainder or operation.op != "add"):
        raise Inapplicable(f"{operation.pointer}: {key} is not there")
    edited = own(value)
    if remainder:
        edited[key] = _edit(value[key], remainder, operation, own)
    elif operation.op == "remove":
        del edited[key]
    else:
        edited[key] = operation.value
    return edited


def _edit_list(value: list[Value], key: str, remainder: list[str], operation: Operation, own: _Own) -> Value:
    adds = operation.op == "add" and not remainder
    index = len(value) if key == "-" and adds else int(key) if key.isascii() and key.isdigit() else -1
    if not 0 <= index < len(value) + adds:
        raise Inapplicable(f"{operation.pointer}: the list has {len(value)} items")
    edited = own(value)
    if remainder:
        edited[index] = _edit(value[index], remainder, operation, own)
    elif operation.op == "add":
        edited.insert(index, operation.value)
    elif operation.op == "remove":
        del edited[index]
    else:
        edited[index] = operation.value
    return edited
