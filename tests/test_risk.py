"""docs/risk.md lists every reason that the source gives a change its risk for (domain G.3)."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from samigrate import kinds
from samigrate.domain.model import Risk

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "risk.md"
HEAD = """\
# Risk

Every part of a change (identity, automount, each volume or variable) has a risk, the highest of its reasons. A part above
`--max-risk` (default L3) is left out, together with what needs it; the finding `above-max-risk` names the reasons. The report
gives them for what is done, too: `audit -v --workload KIND/NAME`, and `risks` in JSON.

| level | in short |
|---|---|
| L0 | the same meaning in other words |
| L1 | a token goes that the image is known not to need; what an earlier run did is taken back |
| L2 | an account of its own; a token goes that nothing declares a use of; a token that expires instead of one that does not |
| L3 | others are touched (a binding gains a subject), or the way to the pods is rough (one replica, every node, made anew) |
| L4 | something outside the cluster's own rules names the account: cloud, mesh, Vault; hooks and negative waves; one-shot kinds |
| L5 | never by itself: what will be refused, or breaks by design |

The reasons, from the source (`…` stands for names), then the kinds whose every change carries one. SAMIGRATE_BLESS=1 on
`tests/test_risk.py` writes this page anew.
"""


def test_the_page_is_fresh() -> None:
    made = HEAD + "".join(line + "\n" for line in (*_reasons(), *_kinds()))
    if os.environ.get("SAMIGRATE_BLESS"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def test_reasons_are_found() -> None:
    found = {reason for _, reason, _ in _pairs()}
    assert {"leaves the default account", "a single replica", "… enforces mountable secrets"} <= found


def _reasons() -> Iterator[str]:
    yield from ("", "| level | reason | where |", "|---|---|---|")
    yield from (f"| {level} | {reason} | `{where}` |" for level, reason, where in sorted(set(_pairs())))


def _pairs() -> Iterator[tuple[str, str, str]]:
    """(level, reason, module) of every `Risk.L…, "reason"` in the source."""
    for path in sorted((ROOT / "samigrate").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple) and len(node.elts) == 2:
                level, reason = node.elts
                if (
                    isinstance(level, ast.Attribute)
                    and isinstance(level.value, ast.Name)
                    and level.value.id == "Risk"
                    and (said := _text(reason))
                ):
                    yield level.attr, said, str(path.relative_to(ROOT / "samigrate"))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def _kinds() -> Iterator[str]:
    yield from ("", "| level | kinds | what it takes for a change to reach the pods |", "|---|---|---|")
    rows: dict[tuple[Risk, str], set[str]] = {}
    for rule in kinds.load().rules.values():
        if rule.risk != "L0" and not rule.report_only:
            rows.setdefault((Risk[rule.risk], rule.one_shot), set()).add(f"{rule.kind} ({rule.group})" if rule.group else rule.kind)
    for (level, one_shot), names in sorted(rows.items()):
        yield f"| {level} | {', '.join(sorted(names))} | {one_shot or 'nothing more'} |"
