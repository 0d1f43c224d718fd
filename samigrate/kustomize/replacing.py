"""What the replacements of a kustomization write: a field of one object into fields of others.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from samigrate.base.values import Value, at, mapping, parts, pointer, resolve, sequence, text
from samigrate.domain.json_patch import Inapplicable, apply_all
from samigrate.domain.model import NOWHERE, Operation
from samigrate.kustomize.selecting import is_selected

if TYPE_CHECKING:
    from samigrate.kustomize.building import BuiltObject

_STEP = re.compile(r"\[([^\]=]+)=([^\]]*)\]|((?:\\.|[^.\[\]\\])+)|\[(\d+)\]")


class Written(NamedTuple):
    """A field that a replacement writes: `field` is the last word of its path; `value` is None where it is not known."""

    made: BuiltObject
    field: str
    value: Value


def replaced(entry: Value, items: Sequence[BuiltObject]) -> Iterator[Written]:
    """Carry out one replacement on the objects; tells each object that it is for, with every field."""
    value = source_value(entry, items)
    for target in sequence(entry, "targets"):
        select, reject = mapping(target, "select"), [mapping(one) for one in sequence(target, "reject")]
        for built in items:
            if is_selected(select, built.value, built.names) and not any(
                is_selected(fields, built.value, built.names) for fields in reject
            ):
                for path in sequence(target, "fieldPaths") or ["metadata.name"]:
                    if isinstance(path, str):
                        content = _write(built, path, value, mapping(target, "options"))
                        yield Written(built, path.rpartition(".")[2], content)


def source_value(entry: Value, items: Sequence[BuiltObject]) -> Value:
    """The text that a replacement is to write, or None where it is not known."""
    if (stated := at(entry, "sourceValue")) is not None:
        return stated
    source = mapping(entry, "source")
    path = text(source, "fieldPath") or "metadata.name"
    select = {key: re.escape(found) for key in ("group", "version", "kind", "name", "namespace") if (found := text(source, key))}
    built_objects = [built for built in items if is_selected(select, built.value, built.names)] if select else []
    values = [value for built in built_objects if (value := _value(built, path)) is not None]
    if len({str(value) for value in values}) != 1:
        return None
    options, value = mapping(source, "options"), values[0]
    if isinstance(value, str) and (delimiter := text(options, "delimiter")):
        fragments, index = value.split(delimiter), options.get("index", 0)
        value = fragments[index] if isinstance(index, int) and 0 <= index < len(fragments) else None
    return value


def _value(built: BuiltObject, path: str) -> Value:
    if path == "metadata.name":
        return built.names[-1][1]
    if path == "metadata.namespace":
        return built.names[-1][0]
    result = [resolve(built.value, where) for where in _places(built.value, _steps(path), is_made=False)]
    return result[0] if result else None


def _write(built: BuiltObject, path: str, value: Value, options: dict[str, Value]) -> Value:
    """The text that stands in the field then, or None where it is not known. A name stays as the source has it."""
    if path in ("metadata.name", "metadata.namespace") or value is None:
        return value
    written: Value = None
    for json_pointer in list(_places(built.value, _steps(path), is_made=options.get("create") is True)):
        written = _inserted(resolve(built.value, json_pointer), value, options)
        try:
            built.value = apply_all(built.value, _writing(built.value, json_pointer, written))
        except Inapplicable:
            return None
    return written


def _writing(value: Value, json_pointer: str, written: Value) -> Iterator[Operation]:
    """Write to a pointer, with all that has to be there for it."""
    path = parts(json_pointer)
    for length in range(1, len(path)):
        if resolve(value, above := pointer(*path[:length])) is None:
            yield Operation(NOWHERE, "add", above, {})
    yield Operation(NOWHERE, "add" if resolve(value, json_pointer) is None else "replace", json_pointer, written)


def _inserted(old: Value, value: Value, options: dict[str, Value]) -> Value:
    delimiter, index = text(options, "delimiter"), options.get("index", 0)
    if not delimiter or not isinstance(old, str) or not isinstance(index, int):
        return value
    fragments = old.split(delimiter)
    if index < 0:
        return delimiter.join([str(value), *fragments])
    if index >= len(fragments):
        return delimiter.join([*fragments, str(value)])
    fragments[index] = str(value)
    return delimiter.join(fragments)


def _steps(path: str) -> list[tuple[str, str]]:
    """The steps of a field path: (key, "") into a mapping or a list, (key, value) to the entries of a list that have it."""
    found = (match.groups() for match in _STEP.finditer(path))
    return [(key, wanted or "") if key else (re.sub(r"\\(.)", r"\1", plain or number), "") for key, wanted, plain, number in found]


def _places(value: Value, steps: Sequence[tuple[str, str]], *, is_made: bool, above: tuple[str | int, ...] = ()) -> Iterator[str]:
    """The pointers that a field path leads to."""
    if not steps:
        yield pointer(*above)
        return
    (key, expected), remainder = steps[0], steps[1:]
    if isinstance(value, list):
        for index, entry in enumerate(value):
            if key in ("*", str(index)) or (expected and str(at(entry, key)) == expected):
                yield from _places(entry, remainder, is_made=is_made, above=(*above, index))
    elif isinstance(value, dict) and key == "*":
        for name, entry in value.items():
            yield from _places(entry, remainder, is_made=is_made, above=(*above, name))
    elif (isinstance(value, dict) and (key in value or is_made)) or (value is None and is_made and not expected):
        yield from _places(at(value, key), remainder, is_made=is_made, above=(*above, key))
