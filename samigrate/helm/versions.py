"""A chart's version, raised as chart-testing and registries want it for each change."""

from __future__ import annotations

import re

from samigrate import yamltext
from samigrate.base.values import at, pointer

_VERSION = re.compile(r"(v?)(\d+)\.(\d+)\.(\d+)")
_CHANGES = "artifacthub.io/changes"
_BLOCK = re.compile(r":\s+\|[-+]?\s*(#.*)?$")


def raised(text: str, part: str, said: str) -> str:
    """A Chart.yaml with that part of its version (patch, minor, major) raised, and with `said` as the change of this version where
    it keeps such a list (https://artifacthub.io/docs/topics/annotations/helm/). The same text where its version is none that can
    be raised: one with a pre-release, or a template."""
    value = yamltext.load(text).value
    match = _VERSION.fullmatch(str(at(value, "version")))
    if not match:
        return text
    numbers = [int(match[place]) for place in (2, 3, 4)]
    place = ("major", "minor", "patch").index(part)
    numbers = [*numbers[:place], numbers[place] + 1, *([0] * (2 - place))]
    [(line, _)] = yamltext.line_ranges(text, ["/version"])
    lines = text.splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(match[0], match[1] + ".".join(map(str, numbers)), 1)
    text = "".join(lines)
    return _with_change(text, said) if isinstance(at(value, "annotations", _CHANGES), str) else text


def _with_change(text: str, said: str) -> str:
    """The list of changes, a block of text, with one entry: it tells of the newest version."""
    lines = text.splitlines(keepends=True)
    [(first, last)] = yamltext.line_ranges(text, [pointer("annotations", _CHANGES)])
    if not _BLOCK.search(lines[first - 1].rstrip("\r\n")) or last == first:
        return text
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip(" "))]
    newline = "\r\n" if lines[first].endswith("\r\n") else "\n"
    end = "" if not lines[last - 1].endswith("\n") else newline
    new = f"{indent}- kind: changed{newline}{indent}  description: {said}{end}"
    return "".join([*lines[:first], new, *lines[last:]])
