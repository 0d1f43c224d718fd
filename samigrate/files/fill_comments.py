"""Values that stand in comments, since a tool reads them there before the manifest is applied (R-J7).

Octopus and similar tools fill in `key: #{Name}`, ytt runs what stands behind `#@`, and kpt writes a value again by the setter
in the comment behind it. YAML sees an empty value, or a plain one.
Sources: https://octopus.com/docs/projects/variables/variable-substitutions, https://carvel.dev/ytt/docs/latest/lang/,
https://catalog.kpt.dev/apply-setters/v0.2/
"""

from __future__ import annotations

import re
from typing import NamedTuple

from samigrate.domain.model import ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD

MARKS = ("#{", "#@", "kpt-set")
_OCTOPUS = re.compile(
    r"^(?P<head>[ \t]*(?:-[ \t]+)*(?P<key>[\"']?[\w./-]+[\"']?)[ \t]*:)[ \t]+(?P<word>#\{[^\n\r]*?|#@[^\n\r]*?)[ \t]*(?=\r?$)", re.MULTILINE
)
_YTT = re.compile(r"^[ \t]*#@|[ \t]#@[ \t]", re.MULTILINE)
_SETTER = re.compile(r"^[ \t]*(?:-[ \t]+)*[\"']?(?P<key>[\w./-]+)[\"']?[ \t]*:[^\n#]*#[^\n]*kpt-set", re.MULTILINE)
_IDENTITY = frozenset(("name", "namespace", ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD, "kind"))
"""What must be known, and stay, for an edit to mean what it says."""


class Filled(NamedTuple):
    """A text with its values out of their comments. `frozen` says why it must not be edited, "" where it may be; `line`
    is the 1-based line of that."""

    text: str
    frozen: str
    line: int


def has_any(fragment: str) -> bool:
    return any(mark in fragment for mark in MARKS)


def read(fragment: str) -> Filled:
    """The text as it would be read if the tools' comments were values."""
    text = _OCTOPUS.sub(lambda found: f"{found['head']} {_quoted(found['word'])}", fragment)
    if ytt := _YTT.search(fragment):
        return Filled(text, "ytt fills it in (#@)", _line(fragment, ytt))
    for pattern, words in ((_OCTOPUS, "is filled in by a tool ({word})"), (_SETTER, "is written by a kpt setter")):
        for match in pattern.finditer(fragment):
            key = match["key"].strip("\"'")
            if key in _IDENTITY:
                return Filled(text, f"its {key} {words.format(**match.groupdict())}", _line(fragment, match))
    return Filled(text, "", 0)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _line(fragment: str, match: re.Match[str]) -> int:
    return fragment.count("\n", 0, match.end()) + 1
