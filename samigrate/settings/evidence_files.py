"""Evidence files: what was found outside the manifests, by whom, and whom it speaks of.

A file is JSON, version 1; files merge by joining their items:

    {"version": 1, "items": [
      {"subject": {"image": "shop/cart"}, "strength": "strong", "why": "calls kubernetes.config.load_incluster_config",
       "path": "cart/main.py", "line": 12, "origin": {"command": "source", "folder": "cart", "tie": "cart/Dockerfile"}}]}

A subject is an image (its path, or the end of it, as in the catalogue), or a workload by `kind`, `namespace` and
`name`, or an account by `account` and `namespace`, with `pods` the family of its pods that called (`cart-*-*`); a key that
is absent matches anything. An item from an audit log holds the `calls`, and `logs` beside `items` says what each log covers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from samigrate.base import json_files
from samigrate.base.errors import InputError
from samigrate.domain.strength import Call, Strength

VERSION = 1
T = TypeVar("T")
SUBJECT = ("image", "kind", "namespace", "name", "account", "pods")


class Ran(NamedTuple):
    """What a log shows to have run: pods of a family, or (`pod` is "") pods with a token of the account."""

    namespace: str
    account: str
    pod: str
    first: str
    last: str


@dataclass(frozen=True)
class Log:
    """What an audit log covers. `missing` says why absence from it says nothing; empty where it does say something.
    `unseen` is what it cannot show in any case. `doubted` are (namespace, account) that unreadable lines
    name, or logins elsewhere with their tokens."""

    files: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    since: str = ""
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    events: int = 0
    unreadable: int = 0
    ran: tuple[Ran, ...] = ()
    doubted: tuple[tuple[str, str], ...] = ()
    file: str = field(default="", compare=False)

    @cached_property
    def _by_pods(self) -> Mapping[tuple[str, str, str], Ran]:
        return {(one.namespace, one.account, one.pod): one for one in self.ran}

    def ran_as(self, namespace: str, account: str, pods: str) -> Ran | None:
        """When pods of a family ran (`account` is ""), or pods with a token of an account (`pods` is "")."""
        return self._by_pods.get((namespace, account, pods))


class Caller(NamedTuple):
    """An item with calls, and whom it speaks of; `pods` is "" where no pod is named."""

    item: Item
    namespace: str
    account: str
    pods: str


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
    calls: tuple[Call, ...] = ()
    file: str = field(default="", compare=False)


@dataclass(frozen=True, eq=False)
class Known:
    """All items of a run, found by the last part of the image they speak of."""

    items: tuple[Item, ...] = ()
    logs: tuple[Log, ...] = ()

    @cached_property
    def _by_image(self) -> Mapping[str, list[Item]]:
        from samigrate.catalog import path_of  # what writes such a file needs no catalogue

        items: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            if image := dict(item.subject).get("image"):
                items[path_of(image).rpartition("/")[2]].append(item)
        return dict(items)

    @cached_property
    def others(self) -> tuple[Item, ...]:
        """Items that speak of no image, and of no call that was seen."""
        return tuple(item for item in self.items if "image" not in dict(item.subject) and not item.calls)

    @cached_property
    def _callers(self) -> Mapping[str | None, list[Caller]]:
        callers: dict[str | None, list[Caller]] = defaultdict(list)
        for item in self.items:
            if item.calls:
                subject = dict(item.subject)
                caller = Caller(item, subject["namespace"], subject["account"], subject.get("pods", ""))
                callers[caller.namespace].append(caller)
                callers[None].append(caller)
        return dict(callers)

    def callers_in(self, namespace: str | None) -> Sequence[Caller]:
        """What audit logs show to have called in a namespace; in any where it is None."""
        return self._callers.get(namespace, ())

    def of_image(self, last: str) -> Sequence[Item]:
        return self._by_image.get(last, ())


NOTHING = Known()


def read(path: str) -> tuple[Item, ...]:
    """The items of a file. Raises InputError."""
    return load(path).items


def load(path: str) -> Known:
    """What a file holds. Raises InputError."""
    value = json_files.read(path)
    if not isinstance(value, dict) or not isinstance(value.get("items"), list) or not isinstance(value.get("logs", []), list):
        raise InputError(path, 1, "is no evidence file: it must hold `version` and `items`")
    if value.get("version") != VERSION:
        raise InputError(path, 1, f"has version {value.get('version')!r}; this samigrate reads version {VERSION}")
    items = tuple(_item(path, number, item) for number, item in enumerate(value["items"], 1))
    return Known(items, tuple(_log(path, number, entry) for number, entry in enumerate(value.get("logs", []), 1)))


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
    try:
        calls = tuple(_record(Call, call) for call in value.get("calls", ()))
    except (TypeError, ValueError) as error:
        raise wrong(f"`calls` must be a list of calls: {error}") from error
    if calls and not {"namespace", "account"} <= set(subject):
        raise wrong("a `subject` with `calls` must name `namespace` and `account`")
    return Item(_pairs(subject), Strength(value["strength"]), reason, position, line, _pairs(origin), calls, path)


def _log(path: str, number: int, value: Any) -> Log:
    try:
        if not isinstance(value, dict):
            raise TypeError("must be a mapping")
        ran = tuple(_record(Ran, one) for one in value.get("ran", ()))
        doubted = tuple(tuple(one) for one in value.get("doubted", ()))
        if not all(len(one) == 2 and all(isinstance(name, str) for name in one) for one in doubted):
            raise TypeError("`doubted` must hold pairs of namespace and account")
        fields = _fields(Log, {key: item for key, item in value.items() if key not in ("ran", "doubted")})
    except (TypeError, ValueError) as error:
        raise InputError(path, 0, f"log {number}: {error}") from error
    return Log(**fields, ran=ran, doubted=doubted, file=path)


def _record(kind: type[T], value: Any) -> T:
    """A tuple of named fields from a mapping, in which empty ones may be left out. Raises TypeError."""
    if not isinstance(value, dict):
        raise TypeError("must be a mapping")
    empty: dict[str, Any] = {"str": "", "int": 0, "tuple[str, ...]": ()}
    blank = {name: empty[kind_of] for name, kind_of in _kinds(kind)}
    return kind(**(blank | _fields(kind, value)))


def _kinds(kind: type) -> list[tuple[str, str]]:
    """The fields of a tuple or a dataclass, each with its type as it is written."""
    return [(name, str(getattr(hint, "__forward_arg__", hint))) for name, hint in kind.__annotations__.items()]


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "tuple[str, ...]": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
}


def _fields(kind: type, value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the kind has; others are passed over, for they may be of a newer version. Raises TypeError."""
    result = {}
    for name, kind_of in _kinds(kind):
        if name in value and kind_of in _SHAPES:
            if not _SHAPES[kind_of](value[name]):
                raise TypeError(f"`{name}` must be a {kind_of}")
            result[name] = tuple(value[name]) if isinstance(value[name], list) else value[name]
    return result


def _pairs(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(key), item if isinstance(item, str) else json.dumps(item, sort_keys=True)) for key, item in value.items()))


def join(known: Iterable[Known]) -> Known:
    """What several files hold: each item and each log once, in an order that depends on nothing but these."""
    every = list(known)
    logs = dict.fromkeys(log for one in every for log in one.logs)
    items = merge(item for one in every for item in one.items)
    return Known(items, tuple(sorted(logs, key=lambda log: (log.first, log.last, log.files))))


def merge(items: Iterable[Item]) -> tuple[Item, ...]:
    """Each item once, in an order that depends on nothing but the items."""
    return tuple(
        sorted(
            dict.fromkeys(items),
            key=lambda item: (item.subject, item.path, item.line, item.strength, item.why, item.origin, item.calls),
        )
    )


def render(items: Iterable[Item], logs: Iterable[Log] = ()) -> str:
    """The text of a file that holds the items, and what is said of the logs that they are from."""
    value: dict[str, Any] = {"version": VERSION, "items": [_value(item) for item in merge(items)]}
    if entries := [_log_value(log) for log in logs]:
        value["logs"] = entries
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _value(item: Item) -> dict[str, Any]:
    value: dict[str, Any] = {"subject": dict(item.subject), "strength": item.strength.value, "why": item.why}
    if item.path:
        value["path"] = item.path
    if item.line:
        value["line"] = item.line
    if item.origin:
        value["origin"] = dict(item.origin)
    if item.calls:
        value["calls"] = [_filled(call._asdict()) for call in item.calls]
    return value


def _log_value(log: Log) -> dict[str, Any]:
    value = {name: getattr(log, name) for name in Log.__annotations__ if name != "file"}
    return _filled(value | {"ran": [_filled(one._asdict()) for one in log.ran]})


def _filled(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item not in ("", 0, (), [])}
