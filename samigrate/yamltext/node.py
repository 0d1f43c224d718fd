"""What a document consists of, and where in its text: spans, never a copy of the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["scalar", "mapping", "sequence", "alias"]


@dataclass(slots=True, eq=False)
class Node:
    """One node; read-only. All offsets are characters into the text that was composed.

    `start` is where its tag or anchor begins, `body` where its content does (for a block collection its first key
    or dash), `end` is behind its last character: collections end with their last child, and a block scalar with its
    last line's break. `children` are alternately keys and values in a mapping, the items in a sequence.
    `style` is "" for plain, else the first character (`'`, `"`, `|`, `>`, `{`, `[`); "" for block collections.
    `value` is that of a scalar, as Kubernetes reads it. `target` is what an alias refers to.
    `column` is that of a block collection's `body`, or of a scalar's `start`.
    """

    kind: Kind
    start: int
    body: int
    end: int
    style: str = ""
    value: Any = None
    children: tuple[Node, ...] = ()
    anchor: str | None = None
    target: Node | None = None
    column: int = 0

    @property
    def keys(self) -> tuple[Node, ...]:
        return self.children[::2]

    @property
    def values(self) -> tuple[Node, ...]:
        return self.children[1::2]


def parts(pointer: str) -> list[str]:
    """The unescaped parts of a JSON Pointer (RFC 6901); [] for the whole document."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def is_index(part: str) -> bool:
    """Whether a pointer's part is an array index as RFC 6901 spells it."""
    return part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")
