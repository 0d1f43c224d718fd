"""Every finding is described once: in findings.yaml, and from there in docs/findings.md."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from samigrate import transforms
from samigrate.domain.model import Severity
from samigrate.findings.catalogue import findings
from tests.raised import raised

PAGE = Path(__file__).parent.parent / "docs" / "findings.md"
RAISED = raised()


def test_every_id_in_the_source_is_described_and_every_description_is_of_one() -> None:
    assert findings().keys() == RAISED.keys()


def test_ids_are_in_order_and_no_transforms() -> None:
    assert list(findings()) == sorted(findings())
    assert not findings().keys() & transforms.discover().keys(), "an opt-out could not tell them apart"


@pytest.mark.parametrize("id_", findings())
def test_a_finding_says_what_it_is_and_the_way_out(id_: str) -> None:
    entry = findings()[id_]
    assert entry.keys() - {"from"} == {"rule", "severity", "summary", "action"}
    assert entry["severity"] in list(Severity)
    assert entry["summary"].endswith(".")
    assert entry["action"].endswith(".")


@pytest.mark.parametrize("id_", findings())
def test_a_finding_names_the_transforms_that_raise_it(id_: str) -> None:
    """What only they raise cannot be missed where they do not run: an unused opt-out is told by it."""
    modules = {user for module in RAISED[id_] for user in _users(module.removeprefix("transforms."))}
    only_transforms = all(module.startswith("transforms.") for module in RAISED[id_])
    assert findings()[id_].get("from", []) == (sorted(modules) if only_transforms else [])


def _users(module: str) -> Iterator[str]:
    """The transform, or those that share the module."""
    if not module.startswith("_"):
        yield module.replace("_", "-")
        return
    for id_, transform in transforms.discover().items():
        if f"._{module[1:]} import" in Path(inspect.getfile(transform.propose)).read_text(encoding="utf-8"):
            yield id_


def test_the_page_is_fresh() -> None:
    """SAMIGRATE_BLESS=1 writes it anew."""
    made = "".join(line + "\n" for line in _page())
    if os.environ.get("SAMIGRATE_BLESS"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def _page() -> Iterator[str]:
    yield from ("# Findings", "")
    yield "What a run says besides its changes. Made from `samigrate/findings.yaml`; `samigrate explain ID` tells the same."
    yield 'Each can be silenced on one object, by the annotation `samigrate.dev/ignore: "ID: reason"` or the comment'
    yield "`# samigrate: ignore[ID] reason`; an opt-out that silences nothing is a finding itself."
    for level in (Severity.ERROR, Severity.WARNING, Severity.NOTE):
        yield from ("", f"## {level.value.capitalize()}s", "", "| id | rule | what it means | the way out |", "|---|---|---|---|")
        for id_, entry in findings().items():
            if entry["severity"] == level:
                yield f"| `{id_}` | {entry['rule']} | {entry['summary']} | {entry['action']} |"
