"""docs/rules.md: what each rule says, its source, the code that follows it and the tests that hold it.

`python -m tests.support.rules` writes it; tests/test_rules.py fails while it is stale. A rule is named by `R-B12`, a
run of them by `R-B5 to R-B20` or `R-B5-B20`, in a docstring, a string or a value of a data file, or as `r_b12` in the
name of a test. A comment does not count: nothing would fail without it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
PAGE, FACTS = ROOT / "docs" / "rules.md", ROOT / "docs" / "rules.yaml"
CODE, TESTS = ("samigrate", "recipes"), ("tests",)
ABOUT_NAMES = ("tests/support/", "tests/test_rules.py")
"""They name rules to show how rules are named, and hold none."""
_NAMED = re.compile(r"R-([A-J])(\d+)(?:(?: to |[-–])(?:R-)?\1?(\d+))?(?P<more>(?:,? (?:and )?\1\d+\b)*)")
HEAD = """\
# Rules

What Kubernetes and the systems around it do, and what follows for a migration: each rule in one sentence, with its public source
(none where it is a choice of this project), the code that follows it and the tests that hold it. That a test notices when the code is
not there, `python -m tests.support.switch_off` shows for each transform, source of evidence and data file.

Made by `python -m tests.support.rules` from docs/rules.yaml and from the numbers that docstrings, data files and tests name; do not edit.
"""


def facts() -> Mapping[str, Any]:
    found = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def every() -> list[str]:
    """All rules, in order."""
    return [f"R-{section}{number}" for section, (count, _) in facts()["sections"].items() for number in range(1, count + 1)]


def named(text: str) -> set[str]:
    """The rules that a text names."""
    found = set()
    for hit in _NAMED.finditer(text):
        section, first, last = hit[1], int(hit[2]), int(hit[3] or hit[2])
        found |= {f"R-{section}{number}" for number in range(first, max(first, last) + 1)}
        found |= {f"R-{one}" for one in re.findall(r"[A-J]\d+", hit["more"])}
    return found


def mentions() -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """(files of code, files of tests and golden cases) by rule."""
    code, tests = defaultdict(list), defaultdict(list)
    for path, text in _files(CODE):
        for rule in named(text):
            code[rule].append(path)
    for path, text in _files(TESTS):
        for rule in named(text) | {f"R-{match.upper()}" for match in re.findall(r"(?<=_)r([a-j]\d+)(?=_)", text)}:
            tests[rule].append(path)
    for case in sorted(ROOT.glob("golden/*/case.yaml")):
        for rule in named(_said(case)):
            tests[rule].append(f"golden/{case.parent.name}")
    return code, tests


def _said(path: Path) -> str:
    """The text of a file without its comments: strings and names of functions, or the values of a data file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".yaml":
        return "\n".join(map(str, yaml.safe_load_all(text)))
    nodes = list(ast.walk(ast.parse(text)))
    strings = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join([*strings, *(f"_{node.name}_" for node in nodes if isinstance(node, ast.FunctionDef))])


def _files(roots: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for root in roots:
        for path in sorted((ROOT / root).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in (".py", ".yaml") and path.is_file() and not name.startswith(ABOUT_NAMES):
                yield name, _said(path)


def page() -> str:
    code, tests = mentions()
    lines = [HEAD]
    for section, (count, title) in facts()["sections"].items():
        lines += [f"## {section}. {title}", "", "| rule | | code | tests |", "|---|---|---|---|"]
        for rule in [f"R-{section}{number}" for number in range(1, count + 1)]:
            followed = _links(code[rule]) if rule in code else f"none: {facts()['unnamed'].get(rule, 'not followed yet')}"
            lines.append(f"| {rule} | {_sentence(rule)} | {followed} | {_links(tests[rule]) if rule in tests else ''} |")
        lines.append("")
    return "\n".join(lines)


def _sentence(rule: str) -> str:
    stated = facts()["rules"][rule]
    return str(stated["says"]) + (f" [Source]({stated['source']})" if "source" in stated else "")


def _links(paths: list[str]) -> str:
    return ", ".join(f"[{path.removeprefix('samigrate/').removeprefix('tests/')}](../{path})" for path in sorted(set(paths)))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
