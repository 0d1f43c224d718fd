"""String literals that hold documents of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .node import Block

if TYPE_CHECKING:
    import libcst

    from .source import Source

_TEXT = re.compile(r"^[ \t]*[\"']?(?:apiVersion|kind)[\"']?[ \t]*:", re.MULTILINE)
_LOADS_ALL = re.compile(r"\b(?:safe_load_all|load_all|full_load_all|create_from_yaml|from_yaml_all|load_all_yaml|ConfigGroup)\s*\($")


def block(source: Source, node: libcst.SimpleString | libcst.FormattedString) -> Block | None:
    """A string literal that holds documents; None for what is none (a docstring)."""
    import libcst

    if len(set(_TEXT.findall(source.cut(node)))) < 2 or source.is_bare(node):
        return None
    start, end = source.span(node)
    if isinstance(node, libcst.FormattedString):
        return Block((start, end), "", "", "an f-string: its text is known only when the program runs", False)
    quote, prefix = len(node.quote), len(node.prefix)
    span = start + prefix + quote, end - quote
    raw, value = source.text[span[0] : span[1]], node.evaluated_value
    if not isinstance(value, str):
        return None
    if raw.startswith("\\\n") and value == raw[2:]:
        span, raw = (span[0] + 2, span[1]), raw[2:]
    fixed = "" if raw == value and quote == 3 else "its text is written with escapes" if quote == 3 else "it stands on one line"
    lines = [line for line in raw.split("\n") if line.strip()]
    indent = min((line[: len(line) - len(line.lstrip(" "))] for line in lines), key=len, default="")
    if lines and raw and not raw.startswith(("\n", indent)) and len(lines) > 1:
        fixed = fixed or "its first line is indented in another way"
    parent = source.parent(source.parent(node))
    before = source.text[max(0, start - 60) : start]
    return Block(span, value, indent, fixed, _LOADS_ALL.search(before.rstrip()) is not None or parent is None)
