"""The examples that `samigrate explain` prints: each shows its transform at work, and what it prints is what happens."""

from __future__ import annotations

import difflib
import textwrap

import pytest
import yaml

from samigrate import pipeline, transforms
from samigrate.cli.explain import EXAMPLE, explain
from samigrate.plan import recipe

EVERY = transforms.discover()
CHANGES = {
    "account-alias": ["-  serviceAccount: web # named long ago", "+  serviceAccountName: web # named long ago"],
    "automount": ["+      automountServiceAccountToken: false"],
    "dedicated-account": ["+kind: ServiceAccount", "+      serviceAccountName: web"],
    "projected-token": ["-    secret:", "+    projected:", "+          expirationSeconds: 3607"],
    "annotate": ["+  annotations:"],
}
"""Lines that each example is about."""


def shown(id_: str) -> tuple[str, str]:
    """The manifests before and after, as printed."""
    lines = list(explain(id_))
    before, after = (textwrap.dedent(lines[lines.index(title) + 1]) + "\n" for title in ("Before:", "After:"))
    return before, after


def outcome(text: str, ids: list[str]) -> str:
    chosen = recipe.Recipe("", "", {id_: {} for id_ in ids}) if ids else recipe.load([])
    source = pipeline.Source("example.yaml", text.encode, may_change=True)
    found = pipeline.run(pipeline.Root("-", (source,), EXAMPLE, is_stream=True), chosen)
    assert not found.problems, found.problems
    return found.changes[0].new if found.changes else text


@pytest.mark.parametrize("id_", EVERY)
def test_example_is_what_happens(id_: str) -> None:
    before, after = shown(id_)
    assert before == EVERY[id_].example[0]
    assert before != after
    assert after in (outcome(before, [id_]), outcome(before, []))
    assert all(document is not None for document in yaml.safe_load_all(after))


@pytest.mark.parametrize("id_", EVERY)
def test_example_is_done_once(id_: str) -> None:
    _, after = shown(id_)
    assert outcome(after, [id_]) == after


@pytest.mark.parametrize("id_", CHANGES)
def test_example_shows_its_point(id_: str) -> None:
    before, after = shown(id_)
    found = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))
    for line in CHANGES[id_]:
        assert any(one.rstrip() == line or one.startswith(line) for one in found), "\n".join(found)


@pytest.mark.parametrize("id_", EVERY)
def test_rules_and_links(id_: str) -> None:
    """A transform names the rules it follows and the page that proves it right."""
    assert EVERY[id_].rules
    assert EVERY[id_].links
    assert all(link.startswith("https://") for link in EVERY[id_].links)
