"""Evidence files: what was found outside the manifests, by whom, and whom it speaks of.

A file is JSON, version 1; files merge by joining their items:

    {"version": 1, "items": [
      {"subject": {"image": "shop/cart"}, "strength": "strong", "why": "calls kubernetes.config.load_incluster_config",
       "path": "cart/main.py", "line": 12, "origin": {"command": "source", "folder": "cart", "tie": "cart/Dockerfile"}}]}

A subject is an image (its path, or the end of it, as in the catalogue), or a workload by `kind`, `namespace` and
`name`, or an account by `account` and `namespace`; a key that is absent matches anything.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from samigrate.base import json_files
from samigrate.base.errors import InputError
from samigrate.catalog import path_of
from samigrate.domain.model import Strength

VERSION = 1
SUBJECT = ("image", "kind", "namespace", "name", "account")


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence. `subject` and `origin` are (key, text) pairs in a fixed order; `line` is 1-based, 0
    where there is none; `file` is the evidence file it was read from."""

    subject: tuple[tuple[str, str], ...]
    strength: Strength
    why: str
    path: str = ""
    line: int = 0
    origin: tuple[tuple[str, str], ...] = ()
    file: str = field(default="", compare=False)


@dataclass(frozen=True, eq=False)
class Known:
    """All items of a run, found by the last part of the image they speak of."""

    items: tuple[Item, ...] = ()

    @cached_property
    def _by_image(self) -> Mapping[str, list[Item]]:
        items: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            if image := dict(item.subject).get("image"):
                items[path_of(image).rpartition("/")[2]].append(item)
        return dict(items)

    @cached_property
    def others(self) -> tuple[Item, ...]:
        """Items that speak of no image."""
        return tuple(item for item in self.items if "image" not in dict(item.subject))

    def of_image(self, last: str) -> Sequence[Item]:
        return self._by_image.get(last, ())


NOTHING = Known()


def read(path: str) -> tuple[Item, ...]:
    """The items of a file. Raises InputError."""
    value = json_files.read(path)
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        raise InputError(path, 1, "is no evidence file: it must hold `version` and `items`")
    if value.get("version") != VERSION:
        raise InputError(path, 1, f"has version {value.get('version')!r}; this samigrate reads version {VERSION}")
    return tuple(_item(path, number, item) for number, item in enumerate(value["items"], 1))


def _item(path: str, number: int, value: Any) -> Item:
    def wrong(description: str) -> InputError:
        return InputError(path, 0, f"item {number}: {description}")

    if not isinstance(value, dict):
        raise wrong("must be a mapping")
    subject = value.get("subject")
    if (
        not isinstance(subject, dict)
        or not subject
        or set(subject) - set(SUBJECT)
        or not all(isinstance(one, str) for one in subject.values())
    ):
        raise wrong(f"`subject` must map some of {', '.join(SUBJECT)} to texts")
    if value.get("strength") not in list(Strength):
        raise wrong(f"`strength` must be one of {', '.join(Strength)}")
    reason, position, line = value.get("why"), value.get("path", ""), value.get("line", 0)
    if not isinstance(reason, str) or not reason or not isinstance(position, str) or not isinstance(line, int) or isinstance(line, bool):
        raise wrong("`why` and `path` must be texts, `line` a number")
    origin = value.get("origin", {})
    if not isinstance(origin, dict):
        raise wrong("`origin` must be a mapping")
    return Item(_pairs(subject), Strength(value["strength"]), reason, position, line, _pairs(origin), path)


def _pairs(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(key), item if isinstance(item, str) else json.dumps(item, sort_keys=True)) for key, item in value.items()))


def merge(items: Iterable[Item]) -> tuple[Item, ...]:
    """Each item once, in an order that depends on nothing but the items."""
    return tuple(sorted(dict.fromkeys(items), key=lambda item: (item.subject, item.path, item.line, item.strength, item.why, item.origin)))


def render(items: Iterable[Item]) -> str:
    """The text of a file that holds the items."""
    return json.dumps({"version": VERSION, "items": [_value(item) for item in merge(items)]}, indent=2, ensure_ascii=False) + "\n"


def _value(item: Item) -> dict[str, Any]:
    value: dict[str, Any] = {"subject": dict(item.subject), "strength": item.strength.value, "why": item.why}
    if item.path:
        value["path"] = item.path
    if item.line:
        value["line"] = item.line
    if item.origin:
        value["origin"] = dict(item.origin)
    return value
