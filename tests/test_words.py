"""Numbers with their nouns, and lists, as people write them."""

from __future__ import annotations

import pytest

from samigrate.base.wording import count, listed


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (0, "file", "0 files"),
        (1, "workload", "1 workload"),
        (2, "more file", "2 more files"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "key", "2 keys"),
        (2, "Prometheus", "2 Prometheuses"),
    ],
)
def test_numbers_with_their_nouns(number: int, noun: str, expected: str) -> None:
    assert count(number, noun) == expected


@pytest.mark.parametrize(("parts", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists(parts: list[str], expected: str) -> None:
    assert listed(parts) == expected
