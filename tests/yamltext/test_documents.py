"""Whole new documents, and where they go."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samigrate.yamltext import Layout, YamlError, insert_documents, load, render, split, style_of

from .generate import document
from .oracle import same

PLACES: dict[str, tuple[str, list[tuple[int, str]], str]] = {
    "no marker at all": ("a: 1\n", [(0, "n: 1\n")], "n: 1\n---\na: 1\n"),
    "a file that begins with a marker keeps doing so": ("---\na: 1\n", [(0, "n: 1\n")], "---\nn: 1\n---\na: 1\n"),
    "a marker before a rare break": ("---\u2028\na: 1\n", [(0, "n: 1\n")], "---\nn: 1\n---\u2028\na: 1\n"),
    "before the second": ("a: 1\n---\nb: 1\n", [(1, "n: 1\n")], "a: 1\n---\nn: 1\n---\nb: 1\n"),
    "two keep their order": ("a: 1\n", [(0, "n: 1\n"), (0, "o: 1\n")], "n: 1\n---\no: 1\n---\na: 1\n"),
    "two below a marker": ("---\na: 1\n", [(0, "n: 1\n"), (0, "o: 1\n")], "---\nn: 1\n---\no: 1\n---\na: 1\n"),
    "at several places": ("a: 1\n---\nb: 1", [(1, "n: 1\n"), (0, "o: 1\n")], "o: 1\n---\na: 1\n---\nn: 1\n---\nb: 1"),
    "a licence stays first": ("# licence\n# more\n\n# of a\na: 1\n", [(0, "n: 1\n")], "# licence\n# more\n\nn: 1\n---\n# of a\na: 1\n"),
    "a licence above a marker stays first": ("# licence\n---\na: 1\n", [(1, "n: 1\n")], "# licence\n---\nn: 1\n---\na: 1\n"),
    "a comment right above the document goes with it": ("# of a\na: 1\n", [(0, "n: 1\n")], "n: 1\n---\n# of a\na: 1\n"),
    "a comment beside the marker stays there": ("--- # of a\na: 1\n", [(0, "n: 1\n")], "---\nn: 1\n--- # of a\na: 1\n"),
    "comments at the end of the previous document stay there": (
        "a: 1\n# end of a\n---\nb: 1\n",
        [(1, "n: 1\n")],
        "a: 1\n# end of a\n---\nn: 1\n---\nb: 1\n",
    ),
    "directives stay with their document": ("%YAML 1.1\n---\na: 1\n", [(0, "n: 1\n")], "---\nn: 1\n...\n%YAML 1.1\n---\na: 1\n"),
    "behind an end marker": ("a: 1\n...\nb: 1\n", [(1, "n: 1\n")], "a: 1\n...\nn: 1\n---\nb: 1\n"),
    "behind an end marker, before a marker": ("a: 1\n...\n---\nb: 1\n", [(1, "n: 1\n")], "a: 1\n...\n---\nn: 1\n---\nb: 1\n"),
    "a byte order mark stays first": ("\ufeffa: 1\n", [(0, "n: 1\n")], "\ufeffn: 1\n---\na: 1\n"),
    "a byte order mark before a marker": ("\ufeff---\na: 1\n", [(0, "n: 1\n")], "\ufeff---\nn: 1\n---\na: 1\n"),
    "CR LF": ("a: 1\r\n---\r\nb: 1\r\n", [(1, "n:\n  o: 1\n")], "a: 1\r\n---\r\nn:\r\n  o: 1\r\n---\r\nb: 1\r\n"),
    "a document without its final line break": ("a: 1\n", [(0, "n: 1")], "n: 1\n---\na: 1\n"),
    "JSON": ('{"a": 1}', [(0, "n: 1\n")], 'n: 1\n---\n{"a": 1}'),
    "a licence stays first without a blank line": (
        "# Copyright 2024 Me\n# SPDX-License-Identifier: MIT\na: 1\n",
        [(0, "n: 1\n")],
        "# Copyright 2024 Me\n# SPDX-License-Identifier: MIT\nn: 1\n---\na: 1\n",
    ),
    "a longer licence": (
        "# Licensed under the Apache License\n#\n# you may not\na: 1\n",
        [(0, "n: 1\n")],
        "# Licensed under the Apache License\n#\n# you may not\nn: 1\n---\na: 1\n",
    ),
    "blank lines behind a marker": ("---\n\na: 1\n", [(0, "n: 1\n")], "---\n\nn: 1\n\n---\n\na: 1\n"),
    "blank lines around a marker": (
        "a: 1\n\n---\n\nb: 1\n",
        [(1, "n: 1\n")],
        "a: 1\n\n---\n\nn: 1\n\n---\n\nb: 1\n",
    ),
    "nothing": ("a: 1", [], "a: 1"),
}


@pytest.mark.parametrize(("old", "inserts", "new"), PLACES.values(), ids=PLACES.keys())
def test_insert_documents(old: str, inserts: list[tuple[int, str]], new: str) -> None:
    assert insert_documents(old, inserts) == new


def test_there_is_no_such_place() -> None:
    with pytest.raises(IndexError, match="no document 1"):
        insert_documents("a: 1\n", [(1, "n: 1\n")])


@given(st.integers(0, 10**9))
def test_all_other_documents_stay_as_they_were(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join((document(rng).removeprefix("\ufeff") + "\n---\n") for _ in range(2)) + document(rng).removeprefix("\ufeff")
    chunks = split(text)
    index = rng.randrange(len(chunks))
    old, new = _values(text), _values(insert_documents(text, [(index, "inserted: 1\n")]))
    assert {"inserted": 1} in new
    new.remove({"inserted": 1})
    assert same(new, old)


def _values(text: str) -> list[Any]:
    found = []
    for chunk in split(text):
        try:
            parsed = load(text[chunk.start : chunk.end])
        except YamlError as error:
            found.append(error.problem)
            continue
        if not parsed.empty:
            found.append(parsed.value)
    return found


VALUE = {"kind": "X", "metadata": {"name": "on", "labels": {}}, "rules": [{"verbs": ["get", "y"]}, {}]}

RENDERED: dict[str, tuple[dict[str, Any], str]] = {
    "flush lists": ({}, 'kind: X\nmetadata:\n  name: "on"\n  labels: {}\nrules:\n- verbs:\n  - get\n  - "y"\n- {}\n'),
    "indented lists": (
        {"indented_sequences": True},
        'kind: X\nmetadata:\n  name: "on"\n  labels: {}\nrules:\n  - verbs:\n      - get\n      - "y"\n  - {}\n',
    ),
    "four spaces and CR LF": (
        {"indent": 4, "newline": "\r\n"},
        'kind: X\r\nmetadata:\r\n    name: "on"\r\n    labels: {}\r\nrules:\r\n- verbs:\r\n  - get\r\n  - "y"\r\n- {}\r\n',
    ),
}


@pytest.mark.parametrize(("options", "text"), RENDERED.values(), ids=RENDERED.keys())
def test_render(options: dict[str, Any], text: str) -> None:
    assert render(VALUE, **options) == text
    assert same(load(text).value, VALUE)


STYLES = {
    "nothing to see": ("a: 1\n", Layout(newline="\n", indented_sequences=False, indent=2)),
    "flush": ("a:\n- 1\nb:\n    c: 1\n", Layout(newline="\n", indented_sequences=False, indent=4)),
    "indented": ("a:\r\n  - 1\r\n", Layout(newline="\r\n", indented_sequences=True, indent=2)),
    "most count": ("a:\n- 1\nb:\n  - 1\nc:\n  - 1\n", Layout(newline="\n", indented_sequences=True, indent=2)),
    "JSON": ('{"a": {"b": []}}', Layout(newline="\n", indented_sequences=False, indent=2)),
    "empty": ("# c\n", Layout(newline="\n", indented_sequences=False, indent=2)),
}


@pytest.mark.parametrize(("text", "layout"), STYLES.values(), ids=STYLES.keys())
def test_style_of(text: str, layout: Layout) -> None:
    assert style_of(text) == layout
    render(VALUE, **style_of(text))
