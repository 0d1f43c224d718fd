"""Every rule of the domain leads to code or to the reason why there is none, and to a test."""

from __future__ import annotations

import pytest

from tests.support import rules


def test_page_is_fresh() -> None:
    assert rules.PAGE.read_text(encoding="utf-8") == rules.page(), "stale: run python -m tests.support.rules"


def test_every_rule_says_something_in_one_sentence() -> None:
    facts = rules.facts()
    assert list(facts["rules"]) == rules.every()
    for rule, stated in facts["rules"].items():
        assert stated["says"].endswith("."), rule
        assert stated.get("source", "https://").startswith("https://"), rule


def test_every_rule_is_followed_or_set_aside_with_a_reason() -> None:
    code, _ = rules.mentions()
    assert [rule for rule in rules.every() if rule not in code and rule not in rules.facts()["unnamed"]] == []


def test_every_rule_that_is_followed_is_tested_by_its_number() -> None:
    code, tests = rules.mentions()
    assert [rule for rule in rules.every() if rule in code and rule not in tests] == []


def test_no_rule_is_made_up() -> None:
    code, tests = rules.mentions()
    known = set(rules.every())
    assert {rule: [*code.get(rule, []), *tests.get(rule, [])] for rule in {*code, *tests} - known} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(R-B12)", {"R-B12"}),
        ("R-A7 to R-A9", {"R-A7", "R-A8", "R-A9"}),
        ("R-B5–B7", {"R-B5", "R-B6", "R-B7"}),
        ("R-D6, D8, D9", {"R-D6", "R-D8", "R-D9"}),
        ("R-E11 and R-E14", {"R-E11", "R-E14"}),
        ("R-F3, R-G1", {"R-F3", "R-G1"}),
        ("nothing", set()),
    ],
)
def test_how_rules_are_named(text: str, found: set[str]) -> None:
    assert rules.named(text) == found
