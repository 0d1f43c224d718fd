"""Texts that stand in a YAML document as a block (`|`): edited line by line, with all other lines as they were."""

from __future__ import annotations

import re
from collections.abc import Callable

from samigrate import yamltext
from samigrate.base.values import resolve

_BLOCK = re.compile(r":\s+\|[-+]?\s*(#.*)?$")


def with_block(document: str, place: str, change: Callable[[str], str]) -> str:
    """A document in which the text at a JSON Pointer is changed. Raises yamltext.CannotEdit where it is no block."""
    [(first, last)] = yamltext.line_ranges(document, [place])
    lines = document.splitlines(keepends=True)
    body = lines[first:last]
    indent = min((len(line) - len(line.lstrip(" ")) for line in body if line.strip()), default=0)
    old = "".join(line[indent:] if line.strip() else line.lstrip(" ") for line in body)
    said = resolve(yamltext.load(document).value, place)
    is_block = bool(body) and _BLOCK.search(lines[first - 1].rstrip("\r\n"))
    if not is_block or said.strip() != old.replace("\r\n", "\n").strip():
        raise yamltext.CannotEdit(place, "is a text in quotes", first)
    new = (" " * indent + line if line.strip() else line for line in change(old).splitlines(keepends=True))
    return "".join([*lines[:first], *new, *lines[last:]])
