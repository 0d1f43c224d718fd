"""Every byte but the planned ones stays: the whole tool on files of every layout."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from samigrate import pipeline
from samigrate.domain.outcome import Outcome
from samigrate.pipeline import Root, Source
from samigrate.plan import recipe
from samigrate.report.formats.diff import unified
from samigrate.settings.config import Settings
from tests import layouts
from tests.command import invoke

CONFIG = "a: b\n---x\n  # no comment\nlast: é\n# ends in a comment\n"
OBJECTS: list[dict[str, Any]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": None},
                "spec": {
                    "securityContext": {},
                    "containers": [
                        {
                            "name": "web",
                            "image": "nginx:1.27",
                            "args": ["--x", "a b"],
                            "env": [{"name": "T", "value": "é: \u2028\x85 {x}"}],
                        },
                        {"name": "log", "image": "busybox", "volumeMounts": [{"name": "cfg", "mountPath": "/cfg"}]},
                    ],
                    "volumes": [{"name": "cfg", "configMap": {"name": "cfg"}}],
                },
            },
        },
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg", "namespace": "shop"}, "data": {"cfg": CONFIG}},
    {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick", "namespace": "shop", "annotations": {"note": CONFIG}},
        "spec": {
            "schedule": "* * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "nginx"}]}}}},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}},
            {
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "metadata": {"name": "every", "namespace": "shop"},
                "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "nginx"}]}}},
            },
        ],
    },
]
LEGACY: list[dict[str, Any]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {
            "template": {
                "spec": {
                    "serviceAccount": "db",
                    "containers": [
                        {"name": "db", "image": "nginx", "volumeMounts": [{"name": "tok", "mountPath": "/tok", "readOnly": True}]}
                    ],
                    "volumes": [
                        {"name": "a", "emptyDir": {}},
                        {"name": "tok", "secret": {"secretName": "db-token-x7k2p", "items": [{"key": "token", "path": "t"}]}},
                        {"name": "z", "emptyDir": {}},
                    ],
                }
            }
        },
    },
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "db", "namespace": "shop"}},
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "read", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}],
    },
    *OBJECTS,
]


@cache
def _recipe() -> recipe.Recipe:
    return recipe.load(("least-privilege",))


def migrated(text: str) -> tuple[str, str, Outcome]:
    """(the new text, the diff, the outcome) of one file."""
    data = text.encode()
    outcome = pipeline.run(Root(".", (Source("all.yaml", lambda: data, may_change=True),), Settings()), _recipe())
    assert not outcome.problems, outcome.problems
    if not outcome.changes:
        return text, "", outcome
    (change,) = outcome.changes
    return change.new, unified(change) or "", outcome


def values(text: str) -> list[Any]:
    """What another parser reads, in the order of kind and name."""
    loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
    found = [one for one in yaml.load_all(text.removeprefix("\ufeff"), loader) if one is not None]
    return sorted(found, key=lambda one: (one["kind"], one.get("metadata", {}).get("name", "")))


def applied(old: str, diff: str) -> str:
    """The text after a unified diff, every line of context and removal compared exactly, as git does."""
    lines, at = old.split("\n"), 0
    result: list[str] = []
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for hunk in _hunks(diff):
        start, body = hunk
        result += lines[at:start]
        at = start
        for mark, line in body:
            if mark in " -":
                assert lines[at] == line, (lines[at], line)
                at += 1
            if mark in " +":
                result.append(line)
    return "".join(result + lines[at:])


def _hunks(diff: str) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    start = 0
    body: list[tuple[str, str]] = []
    for line in diff.split("\n")[2:-1]:
        if line.startswith("@@ "):
            if body:
                yield start, body
            first, _, size = line.split(" ")[1][1:].partition(",")
            start, body = int(first) - (1 if size != "0" else 0), []
        elif line.startswith("\\"):
            mark, last = body.pop()
            body.append((mark, last.removesuffix("\n")))
        else:
            body.append((line[0], line[1:] + "\n"))
    if body:
        yield start, body


def is_within(old: str, new: str) -> bool:
    """Whether the new text is the old one with characters added, none lost or moved."""
    rest = iter(new)
    return all(character in rest for character in old)


def check(text: str) -> Outcome:
    new, diff, outcome = migrated(text)
    assert applied(text, diff) == new if diff else new == text
    again, _, _ = migrated(new)
    assert again == new
    return outcome


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_additions_leave_every_byte_in_place(seed: int) -> None:
    text = layouts.stream(OBJECTS, random.Random(seed))
    check(text)
    new = migrated(text)[0]
    assert re.search(r"""serviceAccountName["']?\s*: ["']?web\b""", new)
    assert is_within(text.removesuffix("\n"), new)


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_what_is_decided_does_not_depend_on_the_layout(seed: int) -> None:
    text = layouts.stream(LEGACY, random.Random(seed), plain=True)
    assert values(text) == values(yaml.safe_dump_all(LEGACY))
    check(text)
    assert values(migrated(text)[0]) == _expected()


@cache
def _expected() -> list[Any]:
    return values(migrated(yaml.safe_dump_all(LEGACY, sort_keys=False))[0])


@pytest.mark.parametrize("seed", range(3))
def test_git_applies_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Thirty files a run, with the real git: the diff checks, and gives what --write writes."""
    monkeypatch.chdir(tmp_path)
    texts = {f"{place}/x y.yaml": layouts.stream(LEGACY, random.Random(seed * 100 + place)) for place in range(30)}
    _write(tmp_path, texts)
    diff = invoke(["migrate", "-q", "."])
    assert diff.exit == 0
    subprocess.run(["git", "apply", "--check", "-"], input=diff.stdout, cwd=tmp_path, check=True)
    assert invoke(["migrate", "-q", "--write", "."]).exit == 0
    written = {name: (tmp_path / name).read_bytes() for name in texts}
    assert all(written[name] != text.encode() for name, text in texts.items())
    assert invoke(["migrate", "-q", "."]).stdout == b""
    _write(tmp_path, texts)
    subprocess.run(["git", "apply", "-"], input=diff.stdout, cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in texts} == written


def _write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())
