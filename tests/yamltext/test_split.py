"""Cutting streams into documents, and looking into them without parsing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samigrate.yamltext import Lines, insert_before, is_flow, peek, split

STREAMS = {
    "nothing has no documents": ("", []),
    "no marker": ("a: 1\n", ["a: 1\n"]),
    "a marker first": ("---\na: 1\n", ["---\na: 1\n"]),
    "two documents": ("a: 1\n---\nb: 1\n", ["a: 1\n", "---\nb: 1\n"]),
    "comments before the first marker are a piece": ("# c\n---\na: 1\n", ["# c\n", "---\na: 1\n"]),
    "directives belong to their marker": ("%YAML 1.1\n---\na: 1\n", ["%YAML 1.1\n---\na: 1\n"]),
    "comments and directives": ("# c\n%YAML 1.1\n# d\n---\na: 1\n", ["# c\n%YAML 1.1\n# d\n---\na: 1\n"]),
    "an end marker closes its own document": ("a: 1\n...\n---\nb: 1\n", ["a: 1\n...\n", "---\nb: 1\n"]),
    "directives after an end marker": ("a: 1\n... # e\n%YAML 1.1\n---\nb: 1\n", ["a: 1\n... # e\n", "%YAML 1.1\n---\nb: 1\n"]),
    "no marker after an end marker": ("a: 1\n...\nb: 1\n", ["a: 1\n...\n", "b: 1\n"]),
    "a marker with a comment": ("--- # c\na: 1\n--- # d\n", ["--- # c\na: 1\n", "--- # d\n"]),
    "a marker with content": ("--- {a: 1}\n--- !!map\nb: 1\n", ["--- {a: 1}\n", "--- !!map\nb: 1\n"]),
    "a marker within a block scalar ends it": ("a: |\n  x\n---\nb: 1\n", ["a: |\n  x\n", "---\nb: 1\n"]),
    "an indented marker is text": ("a: |\n  ---\n", ["a: |\n  ---\n"]),
    "four dashes are no marker": ("a: 1\n----\n---foo\n", ["a: 1\n----\n---foo\n"]),
    "trailing spaces": ("a: 1\n---  \nb: 1\n", ["a: 1\n", "---  \nb: 1\n"]),
    "CR LF": ("---\r\na: 1\r\n---\r\nb: 1\r\n", ["---\r\na: 1\r\n", "---\r\nb: 1\r\n"]),
    "lone CR": ("a: 1\r---\rb: 1\r", ["a: 1\r", "---\rb: 1\r"]),
    "a byte order mark": ("\ufeff---\na: 1\n---\n", ["\ufeff---\na: 1\n", "---\n"]),
    "a marker at the very end": ("a: 1\n---", ["a: 1\n", "---"]),
    "a marker and a rare break": ("a: 1\n---\u2028\nb: 1\n---\x85\nc: 1\n", ["a: 1\n", "---\u2028\nb: 1\n", "---\x85\nc: 1\n"]),
    "JSON": ('{\n"a": 1}\n', ['{\n"a": 1}\n']),
}


@pytest.mark.parametrize(("text", "pieces"), STREAMS.values(), ids=STREAMS.keys())
def test_split(text: str, pieces: list[str]) -> None:
    chunks = split(text)
    assert [text[chunk.start : chunk.end] for chunk in chunks] == pieces


def test_lines_are_counted_as_an_editor_counts() -> None:
    text = "a: 1\r\n---\r\nb: 1\rc: 1\n---\n"
    lines, starts = Lines(text), [chunk.start for chunk in split(text)]
    assert [lines.of(start) for start in starts] == [1, 2, 5]
    assert [lines.of(start) for start in reversed(starts)] == [5, 2, 1]


@given(st.lists(st.sampled_from(["---", "...", "\n", "\r\n", "\r", " ", "a: 1", "%YAML 1.1", "# c", "\ufeff", "  - x"])).map("".join))
def test_nothing_is_lost(text: str) -> None:
    chunks = split(text)
    assert "".join(text[chunk.start : chunk.end] for chunk in chunks) == text
    assert all(chunk.end > chunk.start for chunk in chunks)


PEEKS = {
    "plain": ("kind: Pod\n", "Pod"),
    "not on the first line": ("a: 1\nkind: Pod\n", "Pod"),
    "double quotes": ('kind: "Pod"\n', "Pod"),
    "single quotes and a comment": ("kind: 'Pod' # c\n", "Pod"),
    "a comment": ("kind: Pod  # c\n", "Pod"),
    "a quoted key": ('"kind": Pod\n', "Pod"),
    "a single-quoted key": ("'kind' : Pod\n", "Pod"),
    "CR LF": ("kind: Pod\r\n", "Pod"),
    "behind a byte order mark": ("\ufeffkind: Pod\na: 1\n", "Pod"),
    "behind a lone CR": ("a: 1\rkind: Pod\nb: 1\n", "Pod"),
    "a lone CR behind it": ("kind: Pod\ra: 1\n", "Pod"),
    "no value": ("kind:\n", ""),
    "only a comment": ("kind: # c\n", ""),
    "a hash within": ("kind: a#b\n", "a#b"),
    "indented": ("a:\n  kind: Pod\n", None),
    "another key": ("kinds: Pod\nkind:x\n", None),
}


@pytest.mark.parametrize(("text", "value"), PEEKS.values(), ids=PEEKS.keys())
def test_peek(text: str, value: str | None) -> None:
    assert peek(text, 0, len(text), "kind") == value


def test_peek_stays_in_its_chunk() -> None:
    text = "kind: A\n---\nkind: B\n---\nc: 1\n"
    assert [peek(text, chunk.start, chunk.end, "kind") for chunk in split(text)] == ["A", "B", None]


FLOWS = {
    "JSON": ('{"a": 1}', True),
    "a list": ("\n  [1]", True),
    "below a marker": ("---\n# c\n{}", True),
    "beside a marker": ("--- {a: 1}\n", True),
    "below a directive": ("%YAML 1.1\n---\n[]", True),
    "a byte order mark": ("\ufeff{}", True),
    "block": ("a: {}\n", False),
    "nothing": ("# {\n", False),
    "a template": ("a\n{", False),
}


@pytest.mark.parametrize(("text", "answer"), FLOWS.values(), ids=FLOWS.keys())
def test_is_flow(text: str, answer: bool) -> None:
    assert is_flow(text, 0, len(text)) is answer


def test_splitting_is_fast() -> None:
    text = "---\n" + "a: 1\nlonger-key: some more text here\n" * 50_000
    started = time.perf_counter()
    split(text)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("line", ["# a licence", "", "  "])
def test_a_long_head_takes_no_longer_than_a_long_body(line: str, newline: str) -> None:
    """CR LF is one break: read as CR and LF besides, every line doubles the ways to read the head."""
    text = f"{line}{newline}" * 3_000
    started = time.perf_counter()
    for end in ("---", "a: 1", "%YAML 1.1", "{}"):
        whole = text + end + newline
        split(whole)
        is_flow(whole, 0, len(whole))
        insert_before(whole, ["b: 1\n"], newline)
    assert time.perf_counter() - started < 1
