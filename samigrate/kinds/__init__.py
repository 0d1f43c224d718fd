"""Where each kind keeps its pod templates, and what may be done to them.

The facts are data, one file per family of kinds beside this one. A file is a list of entries:

    - group: batch.volcano.sh          # API group; "" for v1. Versions do not count (R-C1)
      kinds: [Job]                     # or `kind: Job`; all the kinds of the entry share the rest
      pods: ["spec.tasks[].template.spec"]
                                       # paths to pod specs; `[]` steps into each list item, `{}` into each value of
                                       # a map; none where the kind holds no pod spec (`report_only` must say why)
      automount: bool                  # bool | false-only | string | none: what the schema takes there
      one_shot: needs-recreate         # needs-recreate | needs-restart: what it takes for a change to reach the pods (G.2)
      risk: L4                         # the least risk of a change on this kind
      report_only: why                 # the kind is reported, never changed (R-C5 to R-C10)
      api: why                         # the kind's own design needs the API in its pods
      never_false: why                 # automount must not become false (R-C7)
      annotate: false                  # its annotations are propagated, or restart things (R-F5)
      rule: C.2                        # the domain rule it comes from

Only `group`, `kind(s)` and `pods` are required. `--kinds FILE` and the config's `kinds:` take the same entries.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.errors import InputError
from samigrate.base.values import Value, mapping, pointer, text
from samigrate.domain.model import Automount, KindRule, Resource, Risk, Workload
from samigrate.kinds.shapes import find_pod_specs, looks_like_pod, untouchable

__all__ = ["Kinds", "find_pod_specs", "load", "looks_like_pod", "parse_rules", "untouchable", "workloads"]


class Kinds(NamedTuple):
    """The rules by (group, kind), and the names of all kinds that have one."""

    rules: Mapping[tuple[str, str], KindRule]
    names: frozenset[str]

    def rule(self, group: str, kind: str) -> KindRule | None:
        return self.rules.get((group, kind))


def load(extra: Sequence[KindRule] = ()) -> Kinds:
    """The packaged rules, and `extra` ones, which replace those of the same group and kind."""
    rules = {(rule.group, rule.kind): rule for rule in (*_packaged(), *extra)}
    return Kinds(rules, frozenset(kind for _, kind in rules))


@cache
def _packaged() -> tuple[KindRule, ...]:
    rules: list[KindRule] = []
    for name in data_files.names("kinds"):
        rules += read(name, data_files.text(name))
    twice = [key for key, count in Counter((rule.group, rule.kind) for rule in rules).items() if count > 1]
    if twice:
        raise InputError("kinds", 0, f"described twice: {twice}")
    return tuple(rules)


def read(name: str, content: str) -> tuple[KindRule, ...]:
    """The rules of one data file. Raises InputError with its line."""
    try:
        parsed = yamltext.load(content)
    except yamltext.YamlError as error:
        raise InputError(name, error.line, error.problem) from error
    try:
        return parse_rules(parsed.value, name)
    except InputError as error:
        index = re.match(r"entry (\d+)", error.message)
        raise InputError(error.path, _entry_line(content, int(index[1])) if index else 1, error.message) from error


def _entry_line(content: str, number: int) -> int:
    starts = [line for line, chars in enumerate(content.splitlines(), 1) if chars.startswith("- ")]
    return starts[number - 1] if number <= len(starts) else 1


# ---------------------------------------------------------------- entries


_STEP = re.compile(r"[A-Za-z0-9_-]+(\[\]|\{\})?")
_TEXTS = ("report_only", "api", "never_false", "rule")
_KEYS = frozenset(("group", "kind", "kinds", "pods", "automount", "one_shot", "risk", "annotate", *_TEXTS))
_ONE_SHOT = ("", "needs-recreate", "needs-restart")


def parse_rules(value: Value, file_name: str) -> tuple[KindRule, ...]:
    """The rules that a list of entries describes. Raises InputError, naming the entry (1-based) and the key."""
    if not isinstance(value, list):
        raise InputError(file_name, 0, "must be a list of kinds, each with group, kind and pods")
    return tuple(rule for number, entry in enumerate(value, 1) for rule in _parse_entry(entry, file_name, f"entry {number}"))


def _parse_entry(entry: Value, file_name: str, name: str) -> Iterator[KindRule]:
    if not isinstance(entry, dict):
        raise InputError(file_name, 0, f"{name}: must be a mapping with group, kind and pods")
    if unknown := sorted(str(key) for key in entry if key not in _KEYS):
        raise InputError(file_name, 0, f"{name}: unknown key {unknown[0]}; known: {', '.join(sorted(_KEYS))}")
    group = entry.get("group")
    if not isinstance(group, str):
        raise InputError(file_name, 0, f'{name}: group must be text ("" for v1), without the version')
    if "/" in group:
        raise InputError(file_name, 0, f"{name}: group {group}: leave the version out")
    for key in _TEXTS:
        if not isinstance(entry.get(key, ""), str):
            raise InputError(file_name, 0, f"{name}: {key} must be text")
    if not isinstance(entry.get("annotate", True), bool):
        raise InputError(file_name, 0, f"{name}: annotate must be true or false")
    pods = _pods(entry, file_name, name)
    for kind in _kind_names(entry, file_name, name):
        yield KindRule(
            group=group,
            kind=kind,
            pods=pods,
            automount=Automount(_choice(entry, "automount", [item.value for item in Automount], "bool", file_name, name)),
            report_only=entry.get("report_only", ""),
            api=entry.get("api", ""),
            never_false=entry.get("never_false", ""),
            one_shot=_choice(entry, "one_shot", _ONE_SHOT, "", file_name, name),
            risk=_choice(entry, "risk", [level.name for level in Risk], "L0", file_name, name),
            annotate=entry.get("annotate", True),
            rule=entry.get("rule", "C.1"),
        )


def _kind_names(entry: Mapping[str, Value], file_name: str, name: str) -> list[str]:
    if ("kind" in entry) == ("kinds" in entry):
        raise InputError(file_name, 0, f"{name}: give kind or kinds")
    result = entry.get("kinds", [entry.get("kind")])
    if not isinstance(result, list) or not result or not all(isinstance(kind, str) and kind for kind in result):
        raise InputError(file_name, 0, f"{name}: kind must be text, kinds a list of texts")
    return result


def _pods(entry: Mapping[str, Value], file_name: str, name: str) -> tuple[str, ...]:
    result = entry.get("pods")
    if not isinstance(result, list) or not all(isinstance(path, str) for path in result):
        raise InputError(file_name, 0, f"{name}: pods must be a list of paths such as spec.template.spec")
    if not result and not entry.get("report_only"):
        raise InputError(file_name, 0, f"{name}: pods is empty, so report_only must say why")
    for path in result:
        if not all(_STEP.fullmatch(step) for step in path.split(".")):
            raise InputError(file_name, 0, f"{name}: {path} is no path such as spec.template.spec or spec.tasks[].template.spec")
    return tuple(result)


def _choice(entry: Mapping[str, Value], key: str, existing: Sequence[str], default: str, file_name: str, name: str) -> str:
    result = entry.get(key, default)
    if result not in existing or not isinstance(result, str):
        raise InputError(file_name, 0, f"{name}: {key} must be one of {', '.join(item for item in existing if item)}")
    return result


# ---------------------------------------------------------------- from objects to workloads


def workloads(resource: Resource, kinds: Kinds) -> Iterator[Workload]:
    """One Workload for each pod spec that the object's kind describes and the object holds."""
    rule = kinds.rule(resource.id.group, resource.id.kind)
    if rule is None:
        return
    if "workloadRef" in mapping(resource.value, "spec") and rule.kind == "Rollout":
        return  # its template is that of the Deployment it refers to
    result = [(pod, names) for path, told in _paths(rule) for pod, names in _expand(resource.value, path, told) if pod]
    if len(result) == 1:
        yield _workload(resource, rule, result[0][0], "")
        return
    used: set[str] = set()
    for pod, names in result:
        component = _unique(_label("-".join(names)), used)
        used.add(component)
        yield _workload(resource, rule, pod, component)


def _workload(resource: Resource, rule: KindRule, pod: str, component: str) -> Workload:
    head, _, last = pod.rpartition("/")
    return Workload(resource, rule, pod, head if last == "spec" else None, component)


_Path = tuple[str, ...]


@cache
def _paths(rule: KindRule) -> tuple[tuple[_Path, _Path], ...]:
    """Each path of the rule as its steps, with what each step adds to the component's name."""
    paths = [tuple(path.split(".")) for path in rule.pods]
    shared = set.intersection(*map(set, paths)) if paths else set()
    return tuple((path, tuple("" if step in shared else _short(step) for step in path)) for path in paths)


_TAIL = re.compile(r"(GroupSpecs?|ReplicaSpecs|PodTemplates?|PodSpec|Pod|Templates?|Specs?|Config)?(\[\]|\{\})?$")
_SAYS_NOTHING = frozenset(("", "template", "pod", "job", "raycluster", "leaderworker", "override", "spec"))


def _short(step: str) -> str:
    """`workerGroupSpecs[]` as `worker`, `headGroupSpec` as `head`; "" where the step tells nothing."""
    short = _TAIL.sub("", step).lower()
    return "" if short in _SAYS_NOTHING else short


def _expand(value: Value, path: _Path, reported: _Path) -> Iterator[tuple[str, list[str]]]:
    """(pointer, names on the way) of each mapping that the path leads to."""
    positions: list[tuple[str, Value, list[str]]] = [("", value, [])]
    for step, name in zip(path, reported, strict=True):
        positions = [
            place for pointer_, found, names in positions for place in _step(step, pointer_, found, [*names, name] if name else names)
        ]
    for pointer_, result, names in positions:
        if isinstance(result, dict):
            yield pointer_, names


def _step(step: str, json_pointer: str, value: Value, names: list[str]) -> Iterator[tuple[str, Value, list[str]]]:
    if not isinstance(value, dict):
        return
    key = step.rstrip("[]{}")
    inside, json_pointer = value.get(key), json_pointer + pointer(key)
    if step.endswith("[]"):
        for index, item in enumerate(inside if isinstance(inside, list) else []):
            reported = text(item, "name") or text(item, "groupName") or str(index)
            yield json_pointer + pointer(index), item, [*names, reported]
    elif step.endswith("{}"):
        for reported, item in inside.items() if isinstance(inside, dict) else ():
            yield json_pointer + pointer(reported), item, [*names, str(reported)]
    else:
        yield json_pointer, inside, names


def _label(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def _unique(name: str, used: set[str]) -> str:
    number = 2
    result = name
    while result in used:
        result = f"{name}-{number}" if name else str(number)
        number += 1
    return result
