"""What else names a workload's account, and what a move means for it: the blast radius (domain D.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.values import Value, resolve, text
from samigrate.domain.model import Operation, Workload
from samigrate.scope.identities import Identity, covers, is_selected, is_wildcard
from samigrate.scope.matching import Match
from samigrate.scope.view import View


class Row(NamedTuple):
    """One row mentions the table: `action` is add or flag; `why` says what to do by hand."""

    rule: str
    action: str
    why: str


FLAG = Row("R-D1", "flag", "name the new account there, too")
SELECTED = Row("R-D1", "flag", "it goes by the account: see that it holds for the new one, too")
COVERED = Row("R-D1", "none", "a wildcard covers the new account, too")


class Reference(NamedTuple):
    """A place that names the account a workload is to leave, and what to do about it."""

    identity: Identity
    match: Match
    row: Row


def mentions(view: View, workload: Workload, account: str, new: str) -> list[Reference]:
    """Everything outside RBAC that names the workload's account in the view's namespace. `new` is the account to come."""
    references = []
    for identity, match in view.identities(account):
        row = _row(identity)
        if identity.form == "selector":
            labels = {key: value for visible in view.account(account) for key, value in visible.resource.labels.items()}
            if is_selected(identity, account, labels, workload):
                references.append(Reference(identity, match, SELECTED))
            continue
        if row is None and identity.form == "reference":
            continue  # a credential mentions its own: the workload's move changes nothing for it (R-D21)
        if is_wildcard(identity) and covers(identity.name, new):
            row = COVERED
        references.append(Reference(identity, match, row or FLAG))
    return references


def addition(reference: Reference, old: str, new: str, value: Value) -> Operation | None:
    """The entry once more, for the new account; None where the list holds it already. `value` is the object as planned."""
    identity = reference.identity
    holder = identity.pointer.rpartition("/")[0]
    entry, entries = resolve(value, identity.pointer), resolve(value, holder)
    copy = _renamed(entry, old, new)
    if not isinstance(entries, list) or copy is None or copy in entries:
        return None
    reason = f"{new} stays what {old} is here"
    return Operation(identity.resource.at, "add", f"{holder}/-", copy, None, (), reason)


def _renamed(entry: Value, old: str, new: str) -> Value:
    """The entry with the account's name replaced: at the end mentions a string, or in its own field."""
    if isinstance(entry, str):
        renamed, count = re.subn(rf"(?<![-a-z0-9.]){re.escape(old)}(?=$|\.[-a-z0-9]+\.serviceaccount\.)", new, entry)
        return renamed if count == 1 else None
    if isinstance(entry, dict) and text(entry, "name") == old:
        return {**entry, "name": new}
    if isinstance(entry, dict) and text(entry, "serviceAccount", "name") == old:
        return {**entry, "serviceAccount": {**entry["serviceAccount"], "name": new}}
    return None


@cache
def _table() -> dict[tuple[str, str], list[tuple[str, Row]]]:
    """Rows by group and kind, each with the pointers it speaks mentions."""
    value = yamltext.load(data_files.text("catalog/references.yaml")).value
    result: dict[tuple[str, str], list[tuple[str, Row]]] = {}
    for entry in value["references"]:
        row = Row(entry["rule"], entry["action"], entry.get("why", ""))
        for kind in entry["kinds"]:
            result.setdefault((entry["group"], kind), []).extend(_rows(entry["paths"], row))
    return result


def _rows(paths: Sequence[str], row: Row) -> Iterator[tuple[str, Row]]:
    for path in paths:
        expression = re.escape("/" + path.replace(".", "/")).replace(re.escape("[]"), r"/\d+")
        yield expression + ("" if row.action == "add" else "(?:/.*)?"), row


def _row(identity: Identity) -> Row | None:
    group, kind = identity.resource.id.group, identity.resource.id.kind
    rows = _table().get((group, kind), ())
    return next((row for pattern, row in rows if re.fullmatch(pattern, identity.pointer)), None)


def describe(reference: Reference) -> str:
    """`AuthorizationPolicy shop/orders (mesh.yaml:3)`."""
    resource = reference.identity.resource
    return f"{resource.id} ({resource.at.path}:{resource.at.line})"


def is_touched(reference: Reference) -> bool:
    """Whether the move matters there at all."""
    return reference.row.action != "none"
