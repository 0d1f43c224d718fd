"""Entries of the catalogue as written: checked, and brought to one form each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from samigrate.base.errors import InputError
from samigrate.base.values import Value

Entry = dict[str, Any]

CLASSES = ("need", "maybe", "no-need")
PLACES = ("argv", "shell", "env", "script")
SITES = ("pod", "workload", "namespace")
TOKENS = ("default", "own", "config")
ROLES = ("admission", "delegation")
STARTS = ("pods",)

_FORMS: Mapping[str, Mapping[str, str]] = {
    "images": {
        "class": "one:class",
        "pattern": "text",
        "patterns": "texts",
        "area": "text",
        "mark": "text",
        "date": "text",
        "decided-by": "texts",
        "starts": "one:starts",
    },
    "arguments": {"name": "text", "pattern": "regex", "in": "texts:place", "words": "texts"},
    "env": {"name": "text", "value": "regex", "unless": "texts", "with": "texts", "literal": "flag", "starts": "one:starts"},
    "config": {"name": "text", "pattern": "regex", "words": "texts", "starts": "one:starts"},
    "injectors": {"name": "text", "token": "one:token", "triggers": "marks", "cancels": "marks", "meshes": "texts"},
    "mark": {"label": "text", "annotation": "text", "values": "texts", "at": "texts:site"},
}
_REQUIRED = {"images": ("class",), "arguments": ("name", "pattern"), "env": ("name",), "config": ("name", "pattern"),
             "injectors": ("name", "token", "triggers")}  # fmt: skip
_CHOICES = {"class": CLASSES, "place": PLACES, "site": SITES, "token": TOKENS, "starts": STARTS}


def parse(section: str, value: Value, file_name: str) -> list[Entry]:
    """The entries of a section, one per name or pattern. Raises InputError naming the entry (1-based) and the key."""
    if section == "roles":
        return _roles(value, file_name)
    if not isinstance(value, list):
        raise InputError(file_name, 0, f"{section} must be a list")
    if section == "registries":
        return [_registry(item, file_name, f"{section} {number}") for number, item in enumerate(value, 1)]
    entries = [_check(section, item, file_name, f"{section} {number}") for number, item in enumerate(value, 1)]
    if section != "images":
        return entries
    numbered = [(entry, f"images {number}") for number, entry in enumerate(entries, 1)]
    return [{**entry, "name": pattern} for entry, name in numbered for pattern in _patterns(entry, file_name, name)]


def _check(form: str, item: Value, file_name: str, name: str) -> Entry:
    fields = _FORMS[form]
    if not isinstance(item, dict):
        raise InputError(file_name, 0, f"{name}: must be a mapping with {', '.join(fields)}")
    for key, value in item.items():
        if key not in fields:
            raise InputError(file_name, 0, f"{name}: unknown key {key}; known: {', '.join(fields)}")
        _check_value(fields[key], value, file_name, f"{name}: {key}")
    for key in _REQUIRED.get(form, ()):
        if key not in item:
            raise InputError(file_name, 0, f"{name}: {key} is missing")
    return dict(item)


def check_patterns(section: str, entries: Iterable[Entry], file_name: str) -> None:
    """Raises InputError for a regular expression that is none. To compile them all takes as long as to read them, so
    those of the package are checked by its tests."""
    fields = [field for field, form in _FORMS.get(section, {}).items() if form == "regex"]
    for number, entry in enumerate(entries, 1):
        for field in fields:
            try:
                re.compile(entry.get(field, ""))
            except (re.error, OverflowError, RecursionError) as error:  # the latter two of numbers and groups past all measure
                raise InputError(file_name, 0, f"{section} {number}: {field} is no regular expression: {error}") from error


def _check_value(form: str, value: Value, file_name: str, name: str) -> None:
    shape, _, choice = form.partition(":")
    existing = _CHOICES.get(choice, ())
    if shape in ("text", "regex", "one") and not (isinstance(value, str) and value):
        raise InputError(file_name, 0, f"{name} must be text")
    if shape == "flag" and not isinstance(value, bool):
        raise InputError(file_name, 0, f"{name} must be true or false")
    if shape in ("texts", "marks") and not isinstance(value, list):
        raise InputError(file_name, 0, f"{name} must be a list")
    if shape == "texts" and not all(isinstance(item, str) and item for item in value):
        raise InputError(file_name, 0, f"{name} must be a list of texts")
    for item in value if shape == "texts" else [value] if shape == "one" else []:
        if existing and item not in existing:
            raise InputError(file_name, 0, f"{name}: {item} is not one of {', '.join(existing)}")
    if shape == "marks":
        for number, item in enumerate(value, 1):
            mark = _check("mark", item, file_name, f"{name} {number}")
            if ("label" in mark) == ("annotation" in mark):
                raise InputError(file_name, 0, f"{name} {number}: give label or annotation")


def _patterns(entry: Entry, file_name: str, name: str) -> list[str]:
    if ("pattern" in entry) == ("patterns" in entry):
        raise InputError(file_name, 0, f"{name}: give pattern or patterns")
    result = [pattern.lower() for pattern in entry.get("patterns", [entry.get("pattern")])]
    for pattern in result:
        if not re.fullmatch(r"([a-z0-9.-]+:\d+/)?[a-z0-9._*-]+(/[a-z0-9._*-]+)*", pattern) or "**" in pattern:
            raise InputError(file_name, 0, f"{name}: {pattern} is no image path, leave tag and digest out")
    return result


def _registry(item: Value, file_name: str, name: str) -> Entry:
    if not isinstance(item, str) or not re.fullmatch(r"[a-z0-9.:-]+(/[a-z0-9._-]+)*", item):
        raise InputError(file_name, 0, f"{name}: must be a registry or a path in it, such as quay.io/prometheus")
    return {"name": item}


def _roles(value: Value, file_name: str) -> list[Entry]:
    if not isinstance(value, dict):
        raise InputError(file_name, 0, f"roles must be a mapping with {', '.join(ROLES)}")
    for key, names in value.items():
        if key not in ROLES:
            raise InputError(file_name, 0, f"roles: unknown key {key}; known: {', '.join(ROLES)}")
        _check_value("texts", names, file_name, f"roles: {key}")
    return [{"name": name, "class": key} for key, names in value.items() for name in names]
