"""The plan as a file: what a migration would do, workload by workload, for people to read, cut down and apply.

Values here are frozen; `show` gives the file's text and `read` the values back. What a person may change is an entry's
presence, its `skip`, and its `account` and `automount`; the operations are what is done, as they stand.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from samigrate import transforms, yamltext
from samigrate.base.errors import InputError
from samigrate.base.values import Value, at, pointer, text
from samigrate.domain.model import AUTOMOUNT_FIELD, About, Level, Risk
from samigrate.plan import schema
from samigrate.settings.config import API_VERSION, read_document

KEEP = "keep"
ABSENT = "absent"
"""The digest of a file that is to be made."""
NEW = "add resource"
_GUIDE = """\
#
# What `samigrate apply` will do, one entry for each workload. Read it, and take out what you doubt:
#
#   delete an entry            the workload stays as it is
#   skip: "why"                the same, and the reason stays on record
#   account: keep              the workload keeps its account; or name an existing account, and it runs as that one
#   automount: keep            its pods keep the token they have
#   bump: none                 a pull request leaves the version of a chart as it is; or patch, minor, major
#
# A file that has changed since is refused. Paths are relative to the folder the plan was made in: apply it there.
"""


class Target(NamedTuple):
    """An object of a file: `object` is its kind, namespace and name, `nth` which of those of that name, from 0."""

    file: str
    object: str
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.object} in {self.file}" + (f" ({self.nth + 1})" if self.nth else "")


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of an entry. With the op `add resource` the value is a new object, to stand before `on`, or in the
    file `into`; `unless` names the entry that does the same already, where both are there. The rest is as in
    `model.Operation`."""

    transform: str
    part: str
    on: Target
    op: str
    pointer: str = ""
    value: Value = None
    before: Value = None
    after: tuple[str, ...] = ()
    reason: str = ""
    unless: str = ""
    into: str = ""

    @property
    def about(self) -> About:
        return transforms.about(self.transform, self.part)

    @property
    def file(self) -> str:
        """The file that it edits, or makes."""
        return self.into or self.on.file

    @property
    def effect(self) -> tuple[Target, str, str, str, str]:
        """What the step does, without who asks for it: equal for equal effects."""
        return self.on, self.op, self.pointer, json.dumps(self.value, sort_keys=True, default=str), self.into


@dataclass(frozen=True, slots=True)
class Entry:
    """One workload; or another object, which has no `pod`. `account` and `automount` are what a person may have
    changed, "" where the plan leaves them; `was` is before, `was_mounted` whether a token was mounted by default,
    `tokens` are before and after; `files` are the digests of what the entry rests on, by path. Of a Helm chart, or an
    installation of one, `edits` has the lines that go and come in each file, and `bump` says which part of the chart's
    version a pull request raises."""

    at: Target
    pod: str
    line: int
    namespace: str
    verdict: Level
    risk: Risk
    reason: str
    account: str
    automount: str
    was: tuple[str, str]
    was_mounted: bool
    tokens: tuple[int, int]
    steps: tuple[Step, ...]
    files: Mapping[str, str]
    edits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bump: str = ""
    risks: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skip: str = ""

    @property
    def key(self) -> str:
        """What messages and other entries call it."""
        return f"{self.at} at {self.pod}" if self.pod else str(self.at)

    @property
    def planned_account(self) -> str:
        """The account that the plan moves the pods to, or ""."""
        return str(self._planned(About.ACCOUNT, "serviceAccountName") or "")

    @property
    def planned_automount(self) -> str:
        """The automount value that the plan sets, or ""."""
        result = self._planned(About.AUTOMOUNT, AUTOMOUNT_FIELD)
        return "" if result is None else str(result).lower()

    def _planned(self, about: About, key: str) -> Value:
        own = (step for step in self.steps if self.pod and step.on == self.at and step.about is about)
        return next((step.value for step in own if step.pointer == f"{self.pod}/{key}"), None)

    @property
    def edited(self) -> frozenset[str]:
        """The files that the operations touch."""
        version = {self.at.file} if self.bump not in ("", "none") else set()
        return frozenset({step.file for step in self.steps} | self.edits.keys() | version)


@dataclass(frozen=True, slots=True)
class Left:
    """A workload that stays as it is, and why."""

    at: Target
    line: int
    namespace: str
    verdict: Level
    tokens: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A whole plan. `options` are the command line's, by name, but for those at their default."""

    recipes: tuple[str, ...]
    options: Mapping[str, Value]
    entries: tuple[Entry, ...]
    left: tuple[Left, ...] = ()


def with_choices(entry: Entry, account: str, automount: str) -> Entry:
    return replace(entry, account=account, automount=automount)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- writing


def show(plan: PlanFile) -> str:
    """The text of the file."""
    head = {"apiVersion": API_VERSION, "kind": "Plan", "recipe": list(plan.recipes), "options": dict(plan.options)}
    lines = [*_rendered(head), "workloads:" if plan.entries else "workloads: []"]
    for number, entry in enumerate(plan.entries, 1):
        lines += [f"  # {number} of {len(plan.entries)}", *_item(_annotated(entry))]
    lines += ["left-alone:" if plan.left else "left-alone: []"]
    for left in plan.left:
        lines += _item(_rendered(_left_values(left)))
    return schema.editor_line("plan") + _GUIDE + "".join(line + "\n" for line in lines)


def _rendered(value: Value) -> list[str]:
    return yamltext.render(value).splitlines()


def _item(lines: list[str]) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield ("    " if index else "  - ") + line


def _annotated(entry: Entry) -> list[str]:
    """The entry's lines, with what may be changed said beside it."""
    account, automount = entry.was
    stated = {
        "account: ": f"  # was {account}; or `{KEEP}`, or an account that exists",
        "automount: ": f"  # was {automount}; or `{KEEP}`",
    }
    return [line + next((stated[start] for start in stated if line.startswith(start)), "") for line in _rendered(_values(entry))]


def _values(entry: Entry) -> dict[str, Value]:
    return _without_empty(
        {
            "workload": entry.at.object,
            "file": entry.at.file,
            "nth": entry.at.nth,
            "line": entry.line,
            "pod": entry.pod,
            "namespace": entry.namespace,
            "skip": entry.skip,
            "verdict": entry.verdict.value if entry.pod else "",
            "risk": str(entry.risk),
            "reason": entry.reason,
            "account": entry.account,
            "automount": {"true": True, "false": False}.get(entry.automount, entry.automount),
            "was": {"account": entry.was[0], "automount": entry.was[1], "mounted": entry.was_mounted} if entry.pod else {},
            "tokens": {"before": entry.tokens[0], "after": entry.tokens[1]} if entry.pod or entry.edits else {},
            "evidence": list(entry.evidence),
            "risks": list(entry.risks),
            "notes": list(entry.notes),
            "files": dict(entry.files),
            "bump": entry.bump,
            "edits": {path: list(lines) for path, lines in entry.edits.items()},
            "operations": [_step_values(step, entry.at) for step in entry.steps],
        }
    )


def _without_empty(values: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in values.items() if value not in ("", [], {}) and (key != "nth" or value)}


def _step_values(step: Step, own_target: Target) -> dict[str, Value]:
    values: dict[str, Value] = {"op": step.op}
    if step.op != NEW:
        values["path"] = step.pointer
        if step.on != own_target:
            values |= _without_empty({"object": step.on.object, "file": step.on.file, "nth": step.on.nth})
    if step.op != "remove":
        values["value"] = step.value
    if step.before is not None:
        values["before"] = step.before
    extra = {"after": list(step.after), "part": step.part, "by": step.transform, "reason": step.reason, "unless": step.unless}
    extra["into"] = step.into
    return values | _without_empty(extra)


def _left_values(left: Left) -> dict[str, Value]:
    values = {"workload": left.at.object, "file": left.at.file, "nth": left.at.nth, "line": left.line, "namespace": left.namespace}
    return _without_empty(values | {"verdict": left.verdict.value, "tokens": left.tokens, "reason": left.reason})


# ---------------------------------------------------------------- reading


def read(path: str) -> PlanFile:
    """The plan in a file. Raises InputError, with the line, for anything that is none."""
    document = read_document(path, "Plan")
    schema.check(document, schema.plan())
    value = document.value
    entries = tuple(_entry(each) for each in value["workloads"])
    visited: set[str] = set()
    for index, entry in enumerate(entries):
        for file in (*entry.files, *entry.edited):
            if not is_inside(file):
                raise document.error(pointer("workloads", index), f"{file} is not inside the folder that the plan is for")
        for position, step in enumerate(entry.steps):
            if step.op == NEW and not _is_object(step.value):
                raise document.error(pointer("workloads", index, "operations", position), "the value is no object with kind and name")
        if entry.key in visited:
            raise document.error(pointer("workloads", index), f"{entry.key} is there twice")
        visited.add(entry.key)
        for key, planned in (("account", entry.planned_account), ("automount", entry.planned_automount)):
            if key in value["workloads"][index] and not planned:
                raise document.error(pointer("workloads", index, key), f"the plan does not change the {key} of {entry.at}; make it anew")
        if entry.automount not in ("", KEEP, entry.planned_automount):
            expected = f"automount of {entry.at} must be {KEEP} or {entry.planned_automount}"
            hint = "declare its use of the API (samigrate.dev/api-access), and make the plan anew"
            raise document.error(pointer("workloads", index, "automount"), f"{expected}; for anything else {hint}")
    return PlanFile(tuple(value["recipe"]), value.get("options", {}), entries, tuple(_left(each) for each in value.get("left-alone", [])))


def is_inside(path: str) -> bool:
    """Whether a path leads down from the current folder, links in it followed."""
    current = os.path.realpath(os.curdir)
    is_down = not os.path.isabs(path) and ".." not in path.split("/")
    return is_down and os.path.realpath(path).startswith(os.path.join(current, ""))


def _is_object(value: Value) -> bool:
    stated = (text(value, "apiVersion"), text(value, "kind"), text(value, "metadata", "name"))
    return all(stated) and isinstance(at(value, "metadata", "namespace"), str | None)


def _entry(value: Mapping[str, Any]) -> Entry:
    target = Target(value["file"], value["workload"], value.get("nth", 0))
    was, tokens = value.get("was", {}), value.get("tokens", {})
    entry = Entry(
        at=target,
        pod=value.get("pod", ""),
        line=value["line"],
        namespace=value.get("namespace", ""),
        verdict=Level(value.get("verdict", "none")),
        risk=Risk[value["risk"]],
        reason=value.get("reason", ""),
        account=value.get("account", ""),
        automount=_automount(value.get("automount", "")),
        was=(was.get("account", ""), was.get("automount", "")),
        was_mounted=was.get("mounted", False),
        tokens=(tokens.get("before", 0), tokens.get("after", 0)),
        steps=tuple(_step(each, target) for each in value.get("operations", ())),
        files=value["files"],
        edits={path: tuple(lines) for path, lines in value.get("edits", {}).items()},
        bump=value.get("bump", ""),
        risks=tuple(value.get("risks", ())),
        evidence=tuple(value.get("evidence", ())),
        notes=tuple(value.get("notes", ())),
        skip=_skip(value.get("skip", "")),
    )
    missing = entry.edited - entry.files.keys()
    if missing:
        raise InputError(target.file, 0, f"{target}: the plan has no digest of {', '.join(sorted(missing))}")
    return entry


def _automount(value: str | bool) -> str:
    return str(value).lower()


def _skip(value: str | bool | None) -> str:
    """`skip:` and `skip: true` are reasons enough; `skip: false` is none."""
    return value if isinstance(value, str) else "" if value is False else "skipped"


def _step(value: Mapping[str, Any], own_target: Target) -> Step:
    on = Target(value["file"], value["object"], value.get("nth", 0)) if "object" in value else own_target
    return Step(
        value["by"],
        value["part"],
        on,
        value["op"],
        value.get("path", ""),
        value.get("value"),
        value.get("before"),
        tuple(value.get("after", ())),
        value.get("reason", ""),
        value.get("unless", ""),
        value.get("into", ""),
    )


def _left(value: Mapping[str, Any]) -> Left:
    target = Target(value["file"], value["workload"], value.get("nth", 0))
    return Left(target, value["line"], value.get("namespace", ""), Level(value["verdict"]), value["tokens"], value["reason"])
