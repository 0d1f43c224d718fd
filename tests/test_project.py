"""What others join by: pages that lead somewhere, commands that are there, a version in the changelog."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import dev
import samigrate

HOME = Path(__file__).parent.parent
PAGES = [*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_files_that_contributing_names_are_there() -> None:
    named = re.findall(r"`((?:samigrate|tests|docs|golden|recipes)/[a-z_/.-]+\.(?:py|md|yaml))`", (HOME / "CONTRIBUTING.md").read_text())
    assert len(named) > 5
    examples = {"samigrate/transforms/my_change.py", "tests/transforms/test_my_change.py"}
    assert not [name for name in named if name not in examples and not (HOME / name).exists()]


def test_commands_that_are_named_are_there() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in HOME.glob("*.md"))
    assert set(re.findall(r"dev\.py ([a-z]+)", text)) <= dev.COMMANDS.keys()
    assert set(re.findall(r"python3 dev\.py ([a-z]+)", dev.__doc__ or "")) == dev.COMMANDS.keys()


def test_the_version_has_a_place_in_the_changelog() -> None:
    assert re.search(rf"^## {re.escape(samigrate.__version__)}\b", (HOME / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", [*(HOME / ".github").rglob("*.yml")], ids=lambda path: path.name)
def test_the_forges_files_are_read(path: Path) -> None:
    found = yaml.safe_load(path.read_text())
    assert {"name"} <= found.keys()
    assert {"jobs", "body"} & found.keys()
