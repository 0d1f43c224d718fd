"""The report for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from samigrate import pipeline
from samigrate.domain.model import Finding, Location, Problem, Severity, Skip
from samigrate.domain.outcome import Outcome
from samigrate.plan import recipe
from samigrate.report.formats import Look, load, names, text
from samigrate.settings.config import Settings

SHOP = Path(__file__).parent.parent.parent / "examples" / "shop"
NOTHING = Outcome((), (), 0, 0, (), (), (), (), ())


@pytest.fixture(scope="module")
def shop() -> Outcome:
    sources = tuple(pipeline.Source(f"shop/{path.name}", path.read_bytes, may_change=True) for path in sorted(SHOP.glob("*.yaml")))
    return pipeline.run(pipeline.Root("shop", sources, Settings()), recipe.load([]), with_lines=True)


def audited(outcome: Outcome, look: Look) -> str:
    return "".join(text.render(outcome, look))


def summed(outcome: Outcome, look: Look, written: tuple[str, ...] | None = None) -> list[str]:
    return list(text.summary(outcome, look, written))


def findings(number: int) -> tuple[Finding, ...]:
    severities = (Severity.NOTE, Severity.ERROR, Severity.WARNING)
    return tuple(
        Finding(f"id-{index}", "R-X1", severities[index % 3], f"message {index}", "do something", Location("a.yaml", line=index + 1))
        for index in range(number)
    )


def test_every_reporter_loads() -> None:
    assert {"diff", "json", "markdown", "text"} <= set(names())
    assert all(load(name).summary for name in names())


def test_who_holds_a_token_and_why(shop: Outcome) -> None:
    told = audited(shop, Look())
    assert "Deployment shop/storefront" in told
    assert re.search(r"why   image nginxinc/nginx-unprivileged.*  shop/storefront.yaml:\d+", told)
    assert re.search(r"RoleBinding shop/stock-operator grants.*  shop/stock-operator.yaml:28", told)
    assert "then  account storefront, automount false, no token (risk L2)" in told
    assert "\033" not in told


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_terminal_wraps_nothing(shop: Outcome, width: int) -> None:
    told = audited(shop._replace(findings=(*shop.findings, *findings(3)), skipped=(Skip("x.yaml", 1, "long " * 50),)), Look(width=width))
    too_long = [line for line in told.splitlines() if len(line) > width]
    assert all("kubectl auth" in line or "Not seen here" in line for line in too_long), too_long
    assert not [line for line in told.splitlines() if line != line.rstrip()]


def test_a_place_is_never_cut() -> None:
    place = "a/" * 40 + "b.yaml"
    outcome = NOTHING._replace(findings=(Finding("x", "", Severity.NOTE, "m" * 100, at=Location(place, line=7)),))
    assert f"            {place}:7" in summed(outcome, Look(width=80))


def test_color(shop: Outcome) -> None:
    assert re.sub(r"\033\[\d*m", "", audited(shop, Look(color=True))) == audited(shop, Look())


def test_findings_are_grouped_worst_first() -> None:
    outcome = NOTHING._replace(findings=(*findings(3), *findings(3)))
    assert summed(outcome, Look())[:5] == [
        "findings (2 errors, 2 warnings, 2 notes)",
        "  error id-1 message 1  a.yaml:2 (and 1 more)",
        "  warning id-2 message 2  a.yaml:3 (and 1 more)",
        "  note id-0 message 0  a.yaml:1 (and 1 more)",
        "  -v shows all, `samigrate explain ID` says why",
    ]


def test_a_screenful_unless_asked() -> None:
    outcome = NOTHING._replace(findings=findings(40), skipped=tuple(Skip("a.yaml", 1, "r") for _ in range(40)))
    assert len(summed(outcome, Look())) < 40
    assert "  and 28 more kinds; -v shows all, `samigrate explain ID` says why" in summed(outcome, Look())
    everything = summed(outcome, Look(verbosity=1))
    assert len(everything) > 120
    assert "  a.yaml:2: error id-1 R-X1: message 1" in everything
    assert "      do something" in everything


def test_control_characters_are_spelled_out() -> None:
    outcome = NOTHING._replace(findings=(Finding("x", "", Severity.NOTE, "a\x1b[31m\u202eb\nc\udce9", at=Location("d\x07.yaml")),))
    assert summed(outcome, Look())[1] == "  note x a\\x1b[31m\\u202eb c\\udce9  d\\x07.yaml:1"
    assert text.clean("héllo 日本 🙂") == "héllo 日本 🙂"


def test_one_workloads_chain(shop: Outcome) -> None:
    one = shop._replace(workloads=tuple(report for report in shop.workloads if report.workload.id.name == "payments"))
    told = audited(one, Look(workload=True, verbosity=1))
    assert re.search(r"shop/payments.yaml:\d+: proof: RoleBinding shop/payments grants", told)
    assert "(projected-token)" in told or "volume api-token" in told


def test_summaries_name_the_next_step(shop: Outcome) -> None:
    assert "--write" in summed(shop, Look())[-1]
    *_, changed, back = summed(shop, Look(), ("shop/a.yaml",))
    assert "Changed 1 file (7 read)" in changed
    assert "--recipe rollback" in back, "accounts have changed, and `git revert` is no way back (R-G23)"
    stays = shop._replace(workloads=tuple(report._replace(account_after=report.account_before) for report in shop.workloads))
    assert "Changed 1 file" in summed(stays, Look(), ("shop/a.yaml",))[-1]
    assert summed(NOTHING, Look()) == ["Nothing to change: 0 files read, 0 workloads."]


def test_problems_are_in_the_json_report() -> None:
    told = "".join(load("json").render(NOTHING._replace(problems=(Problem("a.yaml", 3, "broken"),)), Look()))
    assert '"id": "unreadable"' in told
    assert '"line": 3' in told
