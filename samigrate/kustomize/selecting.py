"""Which objects a kustomization's patches and targets select.

A target is a set of regular expressions, each for a whole field, and selectors of labels and annotations; it goes by the
names that an object has where it is written and where the target is asked. A patch without a target goes by the exact
name, as any layer has made it.
Source: https://github.com/kubernetes-sigs/kustomize/blob/master/api/types/selector.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from samigrate.base.values import Value, mapping, text

Names = Sequence[tuple[str | None, str]]
"""(namespace, name) of an object: as it is written, then as each layer has made it."""
_REPEATS = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|(\)?[*+{])")
_MOST_REPEATS = 3
"""As many repetitions in one pattern as are tried one against the other; a name has 253 characters."""
_LONGEST_SELECTOR = 2_000
_TERM = re.compile(r"\s*(!)?\s*([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*)|\s(in|notin)\s*\(([^()]*)\))?\s*(?:,|$)")


def is_selected(target: Mapping[str, Value], value: Value, names: Names) -> bool:
    """Whether a target selects an object. What cannot be told counts as selected."""
    group, version = api(value)
    fields: dict[str, tuple[str, ...]] = {"group": (group,), "version": (version,), "kind": (text(value, "kind") or "",)}
    ends = (names[0], names[-1])
    fields |= {"name": tuple(name for _, name in ends), "namespace": tuple(space or "default" for space, _ in ends)}
    if not all(_is_any(target.get(key), found) for key, found in fields.items()):
        return False
    metadata, selectors = mapping(value, "metadata"), {"labelSelector": "labels", "annotationSelector": "annotations"}
    return all(_has(text(target, key), mapping(metadata, where)) for key, where in selectors.items())


def is_called(by: Value, value: Value, names: Names) -> bool:
    """Whether something goes by the kind and the exact name and namespace of an object, as any layer has made them. `by` has
    them as an object does."""
    space = text(by, "metadata", "namespace") or "default"
    named = text(by, "metadata", "name")
    is_kind = (api(by)[0], text(by, "kind")) == (api(value)[0], text(value, "kind"))
    return is_kind and any(name == named and (known or "default") == space for known, name in names)


def api(value: Value) -> tuple[str, str]:
    """(group, version) of an object."""
    group, _, version = (text(value, "apiVersion") or "").rpartition("/")
    return group, version


def _is_any(pattern: Value, found: Sequence[str]) -> bool:
    if not isinstance(pattern, str) or not pattern:
        return True
    return any(is_matched(pattern, each) is not False for each in found)


def is_matched(pattern: str, name: str) -> bool | None:
    """Whether a target's pattern, a regular expression for the whole name, matches it; None where that is not known: it
    is no such expression here, or one that might take for ever to try."""
    if pattern == name:
        return True
    expression = _compiled(pattern)
    return None if expression is None else expression.fullmatch(name) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    repeats = [match[1] for match in _REPEATS.finditer(pattern) if match[1]]
    if len(repeats) > _MOST_REPEATS or any(one.startswith(")") for one in repeats):
        return None
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _has(selector: str | None, labels: Mapping[str, Value]) -> bool:
    """Whether labels meet a selector such as `app=web,tier in (a, b),!canary`; one that cannot be read, or is longer than
    anybody writes, is met."""
    if selector and len(selector) > _LONGEST_SELECTOR:
        return True
    terms = list(_terms(selector or ""))
    return all(term is None or _meets(term, labels) for term in terms)


def _terms(selector: str) -> Iterator[re.Match[str] | None]:
    start = 0
    while start < len(selector):
        match = _TERM.match(selector, start)
        yield match
        if match is None or match.end() == start:
            return
        start = match.end()


def _meets(term: re.Match[str], labels: Mapping[str, Value]) -> bool:
    no, key, operator, expected, set_operator, listed = term.groups()
    value = labels.get(key)
    if no:
        return key not in labels
    if set_operator:
        is_in = value in [one.strip() for one in (listed or "").split(",")]
        return is_in if set_operator == "in" else not is_in
    if operator == "!=":
        return value != expected
    return value == expected if operator else key in labels
