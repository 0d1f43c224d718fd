"""What a variant renders, and whether what it renders after an edit is exactly what was planned."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, pointer, resolve, text
from samigrate.domain import json_patch
from samigrate.domain.model import AUTOMOUNT_FIELD, Operation
from samigrate.domain.outcome import WorkloadReport
from samigrate.helm.chart import Variant
from samigrate.prove import checks

_SOURCE = re.compile(r"^# Source: [^/\s]+/(\S+)", re.MULTILINE)
_CHANGES_BY_ITSELF = re.compile(r"\b(rand[A-Z]\w*|now|uuidv4|gen[A-Z]\w*|derivePassword|htpasswd|shuffle)\b")


class NewAccount(NamedTuple):
    """An account for one workload that runs as `default`: its value, the operation that names it, and what is said of the
    workload then."""

    value: dict[str, Value]
    operation: Operation
    report: WorkloadReport


class Pod(NamedTuple):
    """One pod spec of a rendering: what the run says of it, where it comes from (the number of a site; where none is found, its
    template and object), and the operation that takes its token (None where it keeps it, or has none). `bound_by` is a binding
    elsewhere in the repository that gives its account rights."""

    report: WorkloadReport
    origin: int | str
    operation: Operation | None
    account: NewAccount | None = None
    bound_by: str = ""

    @property
    def document(self) -> int:
        return self.report.workload.resource.at.document

    @property
    def needs(self) -> bool:
        """Whether it goes on holding a token."""
        return not self.operation and self.report.tokens_after > 0


@dataclass(slots=True)
class Documents:
    """A rendering, document by document; values are read where they are needed."""

    text: str
    pieces: list[str] = field(init=False)
    _values: dict[int, tuple[Value, int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.pieces = [self.text[chunk.start : chunk.end] for chunk in yamltext.split(self.text)]

    def value(self, index: int) -> Value:
        return self._read(index)[0]

    def duplicates(self, index: int) -> int:
        """How many keys stand twice."""
        return self._read(index)[1]

    def without(self, indexes: Sequence[int]) -> Documents:
        """The same documents but for some."""
        return Documents("".join(piece for index, piece in enumerate(self.pieces) if index not in indexes)) if indexes else self

    def _read(self, index: int) -> tuple[Value, int]:
        if index not in self._values:
            parsed = yamltext.load(self.pieces[index])
            self._values[index] = parsed.value, len(parsed.duplicates)
        return self._values[index]

    def source(self, index: int) -> str:
        """The template that a document was rendered from, as a path below the chart; "" where Helm does not say."""
        match = _SOURCE.search(self.pieces[index])
        return match[1] if match else ""


@dataclass
class Rendered:
    """A variant of the chart as it is. `unsteady` are the places that differ between renderings of the same files."""

    variant: Variant
    documents: Documents
    pods: list[Pod] = field(default_factory=list)
    unsteady: frozenset[tuple[int, str]] = frozenset()

    @cached_property
    def sources(self) -> list[str]:
        return [self.documents.source(index) for index in range(len(self.documents.pieces))]


class Wrong(NamedTuple):
    """What a rendering after the edit does not bear out: pods by index, and whether anything else differs."""

    pods: frozenset[int] = frozenset()
    elsewhere: str = ""

    @property
    def is_right(self) -> bool:
        return not self.pods and not self.elsewhere


def may_change_by_itself(texts: Mapping[str, str]) -> bool:
    """Whether the templates use a function that gives something else each time."""
    return any(_CHANGES_BY_ITSELF.search(text) for text in texts.values())


def unsteady(first: Documents, others: Sequence[Documents]) -> frozenset[tuple[int, str]]:
    """The places that differ between renderings of the same files."""
    return frozenset(
        (index, place)
        for other in others
        for index in range(min(len(first.pieces), len(other.pieces)))
        if first.pieces[index] != other.pieces[index]
        for place in differences(first.value(index), other.value(index))
    )


def differences(first: Value, second: Value, place: str = "") -> Iterator[str]:
    """The JSON Pointers at which two values differ; true and 1 differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in {**first, **second}:
            inner = place + pointer(str(key))
            if key in first and key in second:
                yield from differences(first[key], second[key], inner)
            else:
                yield inner
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from differences(one, other, f"{place}/{index}")
    elif not checks.is_same(first, second):
        yield place


class Gives(Enum):
    """How an edit gives pods an account: by a document that is written, or by the chart's own template, which a value opens."""

    DOCUMENT = "document"
    TEMPLATE = "template"


class Made(NamedTuple):
    """The documents of a rendering that are new accounts, and the operations that name them, by the pods' numbers."""

    documents: Sequence[int]
    operations: Mapping[int, Operation]


def new_accounts(rendered: Rendered, after: Documents, accounts: Mapping[int | str, Gives]) -> Made | str:
    """The new accounts of a rendering, or what is wrong with them. Where the chart's own template makes them, each must be named
    by a pod that is to get one; values that say otherwise may keep the pods where they are."""
    planned = {number: pod for number, pod in enumerate(rendered.pods) if pod.account and pod.operation and pod.origin in accounts}
    if not planned:
        return Made([], {})
    own = {str(pod.account.value) for pod in planned.values() if pod.account and accounts[pod.origin] is Gives.DOCUMENT}
    found = {index: after.value(index) for index, piece in enumerate(after.pieces) if "ServiceAccount" in piece}
    written = [index for index, value in found.items() if str(value) in own]
    if len(written) != len(own):
        return f"{len(written)} of {len(own)} new accounts are rendered as planned"
    known = {_account_name(rendered.documents.value(index)) for index in range(len(rendered.documents.pieces))}
    opened = {index: name for index, value in found.items() if index not in written and (name := _account_name(value)) not in (*known, "")}
    documents = sorted((*written, *opened))
    rest = after.without(documents)
    operations = {}
    for number, pod in planned.items():
        assert pod.account
        operation = pod.account.operation
        if accounts[pod.origin] is Gives.DOCUMENT:
            operations[number] = operation
        elif pod.document < len(rest.pieces) and (name := resolve(rest.value(pod.document), operation.pointer)) in opened.values():
            operations[number] = operation._replace(value=name)
    if not set(opened.values()) <= {operation.value for operation in operations.values()}:
        return f"the account {', '.join(sorted(opened.values()))} is made and not used"
    return Made(documents, operations)


def _account_name(value: Value) -> str:
    return (text(value, "metadata", "name") or "") if text(value, "kind") == "ServiceAccount" else ""


def wrong(
    rendered: Rendered,
    after: Documents,
    edited: Collection[int | str],
    kept: Collection[int | str] = (),
    accounts: Mapping[int | str, Gives] = MappingProxyType({}),
) -> Wrong:
    """Hold a rendering after the edit against the plan: the pods of `edited` origins without token, all else as it was. Those
    of `kept` origins are to say that they get it, since a value asks for it; those of `accounts` are to get a new account."""
    before = rendered.documents
    made = new_accounts(rendered, after, accounts)
    if isinstance(made, str):
        return Wrong(elsewhere=made)
    after = after.without(made.documents)
    if len(after.pieces) != len(before.pieces):
        return Wrong(elsewhere=f"{len(before.pieces)} documents become {len(after.pieces)}")
    pods: set[int] = set()
    elsewhere = ""
    for index, piece in enumerate(after.pieces):
        ours = {number: pod for number, pod in enumerate(rendered.pods) if pod.document == index}
        planned_for = [(pod, pod.operation) for pod in ours.values() if pod.operation and not _is_by_account(rendered, after, pod, edited)]
        operations = [operation._replace(value=pod.origin in kept) for pod, operation in planned_for if pod.origin in edited]
        operations += [made.operations[number] for number in ours if number in made.operations]
        if piece == before.pieces[index] and not operations:
            continue
        planned = json_patch.apply_all(before.value(index), operations)
        places = [place for place in differences(planned, after.value(index)) if not is_tolerated(rendered, index, place)]
        is_twice = after.duplicates(index) > before.duplicates(index)
        if not places and not is_twice:
            continue
        hit = {number for number, pod in ours.items() if is_twice or any(_is_within(place, pod) for place in places)}
        pods |= hit or set(ours)
        if not ours and not (places == [f"/{AUTOMOUNT_FIELD}"] and _is_account_of(rendered, index, after.value(index), edited)):
            elsewhere = f"{rendered.sources[index]} changes at {places[0]}"
    return Wrong(frozenset(pods), elsewhere)


def _is_by_account(rendered: Rendered, after: Documents, pod: Pod, edited: Collection[int | str]) -> bool:
    """Whether a pod loses its token by its account, which says `false` now, and says nothing itself."""
    index = pod.document
    if not pod.operation or pod.origin not in edited or pod.report.automount_before is not None:
        return False
    if json_patch.apply_all(rendered.documents.value(index), [pod.operation]) == after.value(index):
        return False
    return any(
        "ServiceAccount" in piece
        and text(after.value(number), "metadata", "name") == pod.report.account_before
        and _is_account_of(rendered, number, after.value(number), edited)
        for number, piece in enumerate(after.pieces)
    )


def _is_account_of(rendered: Rendered, index: int, value: Value, edited: Collection[int | str]) -> bool:
    """Whether it is an account that stops to give tokens to those who do not ask, as one value may decide for it and for its
    pods; and each of its pods that are rendered loses its token as planned, or says for itself whether it gets one."""
    name = text(value, "metadata", "name")
    if text(value, "kind") != "ServiceAccount" or mapping(value).get(AUTOMOUNT_FIELD) is not False:
        return False
    users = [pod for pod in rendered.pods if pod.report.account_before == name]
    return all((pod.operation and pod.origin in edited) or pod.report.automount_before is not None for pod in users)


def _is_within(place: str, pod: Pod) -> bool:
    return place.startswith(pod.report.workload.resource.at.item + pod.report.workload.pod + "/")


def is_tolerated(rendered: Rendered, index: int, place: str) -> bool:
    """Checksums of files, which change with them, and what differs between two renderings anyway."""
    *above, last = place.split("/")
    return ("annotations" in above and last.startswith("checksum")) or (index, place) in rendered.unsteady
