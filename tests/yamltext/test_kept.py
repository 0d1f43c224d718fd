"""A document that is read to be edited says what any other says, and its edits are the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samigrate.yamltext import Op, YamlError, keeping, kept, load, load_to_edit, rewrite

from .generate import document

TEXTS = [
    "a: 1\nb: {c: [x, 'y']}\n",
    "--- # comment\n\n  a: |\n    text\n  b:\n  - - 1\n",
    "a: 1\na: 2\n",
    "? [x]\n: 1\n8080: web\nyes: 1\n~: 2\n",
    "a: &x {b: 1}\nc: *x\n",
    "a: !!str 1\n",
    "<<: {a: 1}\nb: 2\n",
    "plain",
    "# nothing\n",
    "",
    "\ufeffa: 1\n",
    "[a: 1, b]\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_is_read(text: str) -> None:
    with keeping():
        assert repr(load_to_edit(text)) == repr(load(text))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1 << 32))
def test_the_same_is_read_in_any_layout(seed: int) -> None:
    text = document(random.Random(seed))
    with keeping():
        try:
            expected = load(text)
        except YamlError:
            with pytest.raises(YamlError):
                load_to_edit(text)
            return
        assert repr(load_to_edit(text)) == repr(expected)


def test_nodes_are_kept_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = "a: {b: 1}\n", "a: {c: 1}\n"
    monkeypatch.setattr(kept, "ROOM", len(first))
    with keeping():
        load_to_edit(first)
        load_to_edit(second)
        assert kept.nodes(first) is not None
        assert kept.nodes(second) is None
        add = [Op("add", "/a/d", True)]
        inside = rewrite(first, add), rewrite(second, add)
    assert kept.nodes(first) is None
    assert inside == (rewrite(first, add), rewrite(second, add)) == ("a: {b: 1, d: true}\n", "a: {c: 1, d: true}\n")


def test_nothing_is_kept_unasked() -> None:
    load_to_edit("a: {b: 1}\n")
    assert kept.nodes("a: {b: 1}\n") is None
