"""Whole documents that go: what was put in comes out, and nothing else moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samigrate.yamltext import CannotEdit, insert_documents, remove_documents, split

NEW = "kind: New\nname: x\n"
STREAMS = [
    pytest.param("a: 1\n", id="one document"),
    pytest.param("---\na: 1\n", id="with a marker"),
    pytest.param("# head\n\na: 1\n", id="a comment block that stays first"),
    pytest.param("# head\na: 1\n---\nb: 2\n", id="a comment that belongs to its document"),
    pytest.param("a: 1\n---\nb: 2", id="no final newline"),
    pytest.param("a: 1\r\n---\r\nb: 2\r\n", id="CRLF"),
    pytest.param("\ufeffa: 1\n", id="byte order mark"),
    pytest.param("--- # first\na: 1\n--- # second\nb: 2\n", id="comments on the markers"),
    pytest.param("%YAML 1.1\n---\na: 1\n", id="directives"),
    pytest.param("a: 1\n---\n# nothing here\n---\nb: 2\n", id="a document of comments"),
    pytest.param("a: 1\n---\nb: |\n  text\n\n---\nc: 3\n", id="a block scalar at the end"),
]


@pytest.mark.parametrize("text", STREAMS)
def test_what_was_put_in_comes_out(text: str) -> None:
    for place in range(len(split(text))):
        grown = insert_documents(text, [(place, NEW)])
        added = [index for index, chunk in enumerate(split(grown)) if "kind: New" in grown[chunk.start : chunk.end]]
        assert remove_documents(grown, added) == text


@given(st.lists(st.sampled_from(["a: 1\n", "b: [1, 2]\n", "# c\nd: x\n", "e: |\n  t\n"]), min_size=2, max_size=6), st.data())
def test_the_others_stay_as_they_are(documents: list[str], data: st.DataObject) -> None:
    text = "---\n".join(documents)
    gone = data.draw(st.sets(st.integers(0, len(documents) - 1), min_size=1, max_size=len(documents) - 1))
    kept = [one for index, one in enumerate(documents) if index not in gone]
    assert remove_documents(text, gone) == "---\n".join(kept)


@pytest.mark.parametrize(
    ("text", "index", "said"),
    [
        pytest.param("a: 1\n", 0, "nothing else is in the file", id="the only document"),
        pytest.param("a: 1\n---\n# only a comment\n", 0, "nothing else is in the file", id="the only one with content"),
        pytest.param("a: 1\n---\nb: 2\n...\nc: 3\n", 1, "run together", id="the marker of its neighbour"),
        pytest.param("# head\n\na: 1\n--- # second\nb: 2\n", 0, "would lose their place", id="a head that has nowhere to go"),
    ],
)
def test_what_cannot_go_is_refused(text: str, index: int, said: str) -> None:
    with pytest.raises(CannotEdit, match=said):
        remove_documents(text, [index])


def test_an_index_that_is_no_documents() -> None:
    with pytest.raises(IndexError):
        remove_documents("a: 1\n---\nb: 2\n", [2])
