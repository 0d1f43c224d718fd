"""Words for people: text from manifests made fit to show, numbers with their nouns."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTROL = r"[^ -~\xa0-\ud7ff\ue000-\ufeff\uff00-\U0010ffff]|[\u200b-\u200f\u2028-\u202e\u2066-\u2069]"

_PAINT = re.compile(r"(\033\[(?:0|1|2|31|32|33|36)m)")
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)

USES_API = {"required": "yes", "likely": "likely", "unknown": "unknown", "none": "no sign of it"}
"""What a verdict says to those who do not know the word."""


def clean(text: str) -> str:
    """Text from a manifest, fit for a terminal: on one line, control characters spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_CONTROL, lambda hit: " " if hit[0] in "\n\t" else ascii(hit[0])[1:-1], text)


def inert(text: str) -> str:
    """Lines as they may be shown, whatever stands in them: no control character but the line ends and our own colours,
    and nothing that a CI runner takes for a command to itself (GitHub's `::error::` and `##[error]`)."""
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        parts = _PAINT.split(text)
        parts[::2] = ["\n".join(clean(line) for line in part.split("\n")) for part in parts[::2]]
        text = "".join(parts)
    if "::" in text or "##[" in text:
        text = _COMMAND.sub(lambda hit: f"{hit[1]}\\x3a" if hit[0].endswith(":") else "\\x23", text)
    return text


def cut(text: str, width: int | None) -> str:
    """What fits a terminal of that width; all of it where there is none."""
    return text if width is None or len(text) <= width else text[: max(width - 1, 0)] + "…"


def count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def scopes(names: Sequence[str], few: int = 3) -> str:
    """The scopes of some workloads as a heading."""
    suffix = f" and {count(len(names) - few, 'more build')}" if len(names) > few else ""
    return ", ".join(name or "." for name in names[:few]) + suffix
