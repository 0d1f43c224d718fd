"""Whether operations hold already: each one's effect is there, and can be taken back step by step."""

from __future__ import annotations

import json
from collections.abc import Iterable

from samigrate.base.values import Value, parts
from samigrate.review.plan_file.planfile import Step


class NotThereError(ValueError):
    """The effect of a step is not in the value."""


def holds(value: Value, steps: Iterable[Step]) -> bool:
    """Whether the value is one that the steps, in this order, have led to. What was added around them is no matter."""
    try:
        for step in reversed(list(steps)):
            value = _undone(value, parts(step.pointer), step)
    except NotThereError:
        return False
    return True


def contains(result: Value, expected: Value) -> bool:
    """Whether all that is wanted is there: the keys of mappings, and everything else to the letter."""
    if isinstance(expected, dict) and isinstance(result, dict):
        return all(key in result and contains(result[key], value) for key, value in expected.items())
    return result == expected and json.dumps(result, sort_keys=True, default=str) == json.dumps(expected, sort_keys=True, default=str)


def _undone(value: Value, path: list[str], step: Step) -> Value:
    if isinstance(value, dict):
        return _undone_in_mapping(value, path[0], path[1:], step)
    if isinstance(value, list):
        return _undone_in_list(value, path[0], path[1:], step)
    raise NotThereError(step.pointer)


def _undone_in_mapping(value: dict[str, Value], key: str, remainder: list[str], step: Step) -> Value:
    if remainder:
        if key not in value:
            raise NotThereError(step.pointer)
        return {**value, key: _undone(value[key], remainder, step)}
    if step.op == "remove":
        if key in value:
            raise NotThereError(step.pointer)
        return {**value, key: step.before}
    if key not in value or not contains(value[key], step.value):
        raise NotThereError(step.pointer)
    siblings = {name: inner for name, inner in value.items() if name != key}
    return siblings if step.op == "add" and step.before is None else {**siblings, key: step.before}


def _undone_in_list(value: list[Value], key: str, remainder: list[str], step: Step) -> Value:
    position = int(key) if key.isdigit() else len(value)
    if remainder:
        if position >= len(value):
            raise NotThereError(step.pointer)
        return [*value[:position], _undone(value[position], remainder, step), *value[position + 1 :]]
    if step.op == "remove":
        if any(contains(item, step.before) for item in value):
            raise NotThereError(step.pointer)
        return [*value[:position], step.before, *value[position:]]
    if step.op == "replace":
        if position >= len(value) or not contains(value[position], step.value):
            raise NotThereError(step.pointer)
        return [*value[:position], step.before, *value[position + 1 :]]
    added = next((index for index, item in enumerate(value) if contains(item, step.value)), None)
    if added is None:
        raise NotThereError(step.pointer)
    return [*value[:added], *value[added + 1 :]]
