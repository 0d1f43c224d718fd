"""docs/cli.md names every command with every option, as the command line itself has them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from samigrate.cli.main import cli
from tests.command import invoke

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """\
# The command line

Every command and its options; `samigrate COMMAND --help` says the same. Made from the commands themselves, but for this part.

- A PATH is a folder or a file and says what may change; what is decided rests on everything that is applied together with it. `-` is
  standard input, for `migrate`, `audit` and `enforce`.
- stdout carries the result, stderr everything else. `post-render`, `krm` and `migrate -` print all or nothing.
- On a terminal, what takes longer than a second says how far it is; not with `-q`, nor where `CI` is set.
- Exit codes: 0 done · 1 `--check` and something would change, or `audit --fail-on` met · 2 the input could not be read, or an option is
  wrong · 3 our own proof failed, and nothing of it was written · 130 interrupted. The highest wins.
- Environment: `SAMIGRATE_LOG` names the log of `post-render` and `krm` where `--log-file` does not (Helm 4 hides stderr);
  `SAMIGRATE_DEBUG=1` shows where a failure of ours comes from; `NO_COLOR` is honoured.
- The report for programs (`--format json`): [json.md](json.md). What hosts call: [hosts](hosts/README.md).
"""


def test_the_page_is_fresh() -> None:
    """SAMIGRATE_BLESS=1 writes it anew."""
    made = HEAD + "".join(line + "\n" for line in _commands(cli, "samigrate"))
    if os.environ.get("SAMIGRATE_BLESS"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made


def _commands(group: click.Group, path: str) -> Iterator[str]:
    outer = click.Context(group)
    for name in sorted(group.list_commands(outer)):
        command = group.get_command(outer, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
            continue
        context = click.Context(command, info_name=f"{path} {name}")
        arguments = " ".join(each for each in command.collect_usage_pieces(context) if each != "[OPTIONS]")
        yield from ("", f"## `{path} {name}{f' {arguments}' if arguments else ''}`", "", *_help(command))
        options = [found for one in command.params if isinstance(one, click.Option) and (found := one.get_help_record(context))]
        if options:
            yield from ("", "| option | |", "|---|---|")
        for names, told in options:
            yield f"| `{_cell(names)}` | {_cell(told)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _help(command: click.Command) -> Iterator[str]:
    """The help's paragraphs; what must not be wrapped is a block of code."""
    for number, paragraph in enumerate((command.help or "").strip().split("\n\n")):
        yield from ("",) if number else ()
        if paragraph.startswith("\b"):
            yield from ("```", *(line.strip() for line in paragraph.splitlines()[1:]), "```")
        else:
            yield " ".join(line.strip() for line in paragraph.splitlines())


@pytest.mark.parametrize("name", ["post-render", "krm"])
@pytest.mark.parametrize("word", ["--namespace", "--log-file", "SAMIGRATE_LOG", "docs/hosts"])
def test_what_a_host_needs_to_know_is_in_the_help(name: str, word: str) -> None:
    assert word in invoke([name, "--help"]).stdout.decode()


def test_no_line_of_an_example_is_wrapped() -> None:
    shown = invoke(["post-render", "--help"]).stdout.decode()
    example = re.search(r"^( *helm template.*\\\n.*)$", shown, re.MULTILINE)
    assert example
    assert example[1].endswith("--log-file=samigrate.log")


def test_every_key_of_the_report_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    described = set(re.findall(r"`([a-z_]+)`", (PAGE.parent / "json.md").read_text(encoding="utf-8")))
    golden = PAGE.parent.parent / "golden"
    for case in ("audit-a-base-of-several-builds", "overlays-share-a-base", "bad-yaml"):
        monkeypatch.chdir(golden / case / "input")
        report = json.loads(invoke(["audit", "--format", "json", "."]).stdout)
        assert set(_keys(report)) <= described


def _keys(value: Any) -> Iterator[str]:
    for key, inside in value.items() if isinstance(value, dict) else ():
        yield key
        if key not in ("before", "after"):  # what stands in a manifest
            yield from _keys(inside)
    for item in value if isinstance(value, list) else ():
        yield from _keys(item)
