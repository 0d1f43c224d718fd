"""Patterns and files of a stranger's repository that would take a naive reader for ever."""

from __future__ import annotations

import os
import re
import time
from itertools import product
from pathlib import Path

import pytest

from samigrate.base import data_files, globs
from samigrate.domain.model import NOWHERE, Resource
from samigrate.files import manifests
from samigrate.kustomize import selecting
from samigrate.review.pull_request import codeowners
from samigrate.scope.identities import covers, identities
from samigrate.yamltext import place
from samigrate.yamltext.node import Node
from samigrate.yamltext.parse import compose
from tests.command import invoke

PARTS = ["a", "*", "**/", "?", "/", "[ab]", "b"]


def plainly(glob: str, path: str) -> bool:
    """The same by one expression, whatever it takes."""
    return re.fullmatch("".join(map(globs._translate, globs._tokens(glob))), path, re.DOTALL) is not None


@pytest.mark.parametrize("start", PARTS)
def test_step_by_step_is_the_same_as_one_expression(start: str) -> None:
    paths = ["".join(one) for length in range(1, 6) for one in product("ab/", repeat=length)]
    for rest in product(PARTS, repeat=3):
        glob = start + "".join(rest)
        steps = globs._Steps(tuple(step for token in globs._tokens(glob) for step in globs._steps(token)))
        for path in paths[:: 1 + len(rest) * 3]:
            assert steps.fullmatch(path) == plainly(glob, path), (glob, path)


@pytest.mark.parametrize(
    "glob", ["*a" * 30 + "b", "**/a" * 20 + "/b", "a*" * 40 + "b", "/".join(["**"] * 30) + "/b", "x/" + "*?" * 30 + "b"]
)
def test_many_stars_take_no_time(glob: str) -> None:
    path = "x/" + "a" * 200
    start = time.process_time()
    assert not globs.matches(glob, path)
    assert not codeowners.owners([codeowners.Rule("", glob, ("@me",))], path)
    assert time.process_time() - start < 5, "it takes milliseconds, or for ever"


LONG = 60_000


@pytest.mark.parametrize(
    "text",
    ["a." * LONG, "a" * LONG, f"({'a|' * LONG}", f"ns/{'x' * LONG}", "ns/x" * LONG, "ns/[" * LONG, "kind: " * LONG, "system:serviceaccount:" * 9999],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_long_text_is_read_once_for_identities(text: str) -> None:
    value = {"kind": "ConfigMap", "data": {"serviceAccount": text, "x": f"subjects roleRef ServiceAccount {{ {text}"}}
    start = time.process_time()
    list(identities(Resource(NOWHERE, value)))
    assert time.process_time() - start < 5, "it takes milliseconds, or minutes"


def test_many_stars_in_an_accounts_name_take_no_time() -> None:
    start = time.process_time()
    assert not covers("*a" * 30 + "b", "a" * 200)
    assert covers("*a" * 30 + "*", "a" * 200)
    assert time.process_time() - start < 5, "it takes milliseconds, or for ever"


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "a*" * 30 + "b", "(a{1,9}){1,99}b", "(?:a*)*b"])
def test_a_target_that_would_be_tried_for_ever_is_not_known(pattern: str) -> None:
    start = time.process_time()
    assert selecting.is_matched(pattern, "a" * 253) is None
    assert time.process_time() - start < 5, "it takes milliseconds, or for ever"


@pytest.mark.parametrize(
    ("pattern", "name", "matched"),
    [("web", "web", True), ("web", "web-api", False), ("web.*", "web-api", True), ("(web|api)", "api", True), ("w[+*]?eb", "web", True),
     ("w\\+eb", "w+eb", True), ("(web", "web", None), (".*-.*-.*", "a-b-c", True)],
)  # fmt: skip
def test_a_target_is_an_expression_for_the_whole_name(pattern: str, name: str, matched: bool | None) -> None:
    assert selecting.is_matched(pattern, name) is matched


def test_the_lines_of_many_places_are_found_in_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "items:\n" + "".join(f"- {{a: {index}}}\n" for index in range(300))
    read: list[str] = []

    def counted(text: str) -> Node | None:
        read.append(text)
        return compose(text)

    monkeypatch.setattr(place, "compose", counted)
    found = manifests.evidence_lines(text, [(0, f"/items/{index}/a") for index in range(300)])
    assert found[0, "/items/299/a"] == 301
    assert len(read) == 1


@pytest.mark.parametrize(
    "arguments", [["audit", "--config"], ["audit", "--evidence"], ["audit", "--kinds"], ["migrate", "--check", "--baseline"]]
)
def test_a_file_without_an_end_is_refused(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data_files, "MOST", 1 << 20)
    result = invoke([*arguments, "/dev/zero", "."])
    assert result.exit == 2
    assert "has no end" in result.stderr


def test_a_kustomization_does_not_lead_over_the_whole_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/kustomization.yaml").write_text("resources: [/, ../../../.., ../beside]\n")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/kustomization.yaml").write_text("resources: [web.yaml]\n")
    walked: list[str] = []
    scandir = os.scandir

    def seen(path: str) -> object:
        walked.append(str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", seen)
    assert invoke(["audit", "app"]).exit == 0
    assert walked == [str(tmp_path / "app")]
