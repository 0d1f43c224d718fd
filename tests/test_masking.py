"""Which lines hold values of Secrets, where the text is not as it should be."""

from __future__ import annotations

import pytest

from samigrate.files.secret_lines import secret_lines

HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param(HEAD + "stringData:\n  a: one\n---\n  b: two\n", {4, 5, 6, 7}, id="a stray marker within the values"),
        pytest.param(HEAD + "stringData:\n  a: one\n...\n  b: two\n---\n  c: three\n", {4, 5, 7, 8, 9}, id="two of them"),
        pytest.param(HEAD + "stringData: {a: one\n---\n  b: two}\n", {1, 2, 3, 4, 5, 6}, id="a marker within braces"),
        pytest.param(HEAD + "data: {a: b25l}\n---\n# the shop\n---\nkind: Pod\nmetadata: {}\n", {4}, id="a comment and another object"),
        pytest.param(HEAD + "data: {a: b25l}\n---\nkind: Pod\n---\nloose: true\n", {4}, id="what follows another object"),
    ],
)
def test_what_a_stray_marker_cuts_off_is_a_secret_too(text: str, lines: set[int]) -> None:
    assert {line for first, last in secret_lines(text) for line in range(first, last + 1)} == lines
