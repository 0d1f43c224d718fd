"""A chart's version, raised as chart-testing and registries want it for each change."""

from __future__ import annotations

import re

from samigrate import yamltext
from samigrate.base.values import at, pointer
from samigrate.helm.blocks import with_block

_VERSION = re.compile(r"(v?)(\d+)\.(\d+)\.(\d+)")
_CHANGES = "artifacthub.io/changes"


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
    if not isinstance(at(value, "annotations", _CHANGES), str):
        return text
    try:
        return with_block(text, pointer("annotations", _CHANGES), lambda old: _changes(old, said))
    except yamltext.CannotEdit:
        return text


def _changes(old: str, said: str) -> str:
    """The list of changes with one entry, as it tells of the newest version."""
    newline = "\r\n" if "\r\n" in old else "\n"
    new = newline.join(["- kind: changed", f"  description: {said}", ""])
    return new if old.endswith("\n") else new.removesuffix(newline)
