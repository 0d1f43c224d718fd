"""Lays one and the same objects out in random styles: what people write, and what the format allows besides."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

COMMENTS = ("# c", "#", "# why: é\tx", "# - a: {", "#x: 'q", '# "', "# --- no")
ABOVE = ("# head", "# Source: chart/templates/x.yaml", "# licence\n\n# head", "")


class Layout:
    """The style of one document, chosen at random and then mostly kept."""

    def __init__(self, rng: random.Random, *, plain: bool = False) -> None:
        self.rng = rng
        self.plain = plain
        self.step = rng.choice([1, 2, 2, 2, 3, 4, 5])
        self.offset = rng.choice([0, 0, self.step, 2])
        self.dash = rng.choice([2, 2, 2, 3, 4])
        self.noise = rng.choice([0.0, 0.05, 0.25])
        self.flow = rng.choice([0.0, 0.0, 0.15])
        self.quotes = rng.choice([0.0, 0.3])
        self.anchors = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def document(self, value: Mapping[str, Any]) -> list[str]:
        if self.chance(0.06):
            return [json.dumps(value, indent=self.rng.choice([None, 2, 4]))]
        return self.mapping(value, 0)

    def tail(self) -> str:
        """What follows on a line: nothing, spaces, or a comment."""
        if self.chance(self.noise):
            return self.rng.choice([" ", "  ", "\t"]) + self.rng.choice(COMMENTS)
        return " " if self.chance(self.noise / 2) else ""

    def between(self, column: int) -> list[str]:
        lines = []
        while self.chance(self.noise / 2):
            lines.append(" " * self.rng.choice([column, column, max(0, column - 1), column + 2]) + self.rng.choice(COMMENTS))
        while self.chance(self.noise / 3):
            lines.append(self.rng.choice(["", "", " "]))
        return lines

    def key(self, name: str) -> str:
        if self.chance(self.quotes / 3) or not name.replace("-", "").replace(".", "").replace("/", "").replace("_", "").isalnum():
            return self.rng.choice([f'"{name}"', f"'{name}'"])
        return name

    def mapping(self, value: Mapping[str, Any], column: int) -> list[str]:
        lines: list[str] = []
        for name, inner in value.items():
            if lines or column == 0:
                lines += self.between(column)
            lines += self.entry(" " * column + self.key(name) + ":", inner, column, is_item=False)
        return lines

    def sequence(self, value: Sequence[Any], column: int) -> list[str]:
        lines: list[str] = []
        for inner in value:
            lines += self.between(column) if lines else []
            lines += self.entry(" " * column + "-", inner, column, is_item=True)
        return lines

    def entry(self, head: str, value: Any, column: int, *, is_item: bool) -> list[str]:
        if value is None:
            return [head + self.rng.choice(["", " null", " ~"]) + self.tail()]
        if not isinstance(value, (dict, list)):
            return self.scalar(head, value, column)
        if not value or self.chance(self.flow):
            return [f"{head} {self.flowed(value)}{self.tail()}"]
        properties = self.properties(value)
        if is_item and not properties and self.chance(0.85):
            inner = column + self.dash
            lines = self.mapping(value, inner) if isinstance(value, dict) else self.sequence(value, inner)
            return [head + " " * (self.dash - 1) + lines[0].lstrip(" "), *lines[1:]]
        step = self.step if self.chance(0.9) else self.rng.choice([1, 2, 3, 4, 5])
        if isinstance(value, dict):
            tail = self.tail() if not is_item else self.tail().replace("\t", " ", 1)  # libyaml takes no tab behind a dash
            return [head + properties + tail, *self.between(column + step), *self.mapping(value, column + step)]
        offset = max(self.offset, 1) if is_item else self.offset if self.chance(0.9) else self.rng.choice([0, 2])
        tail = self.tail() if not is_item else self.tail().replace("\t", " ", 1)
        return [head + properties + tail, *self.between(column + offset), *self.sequence(value, column + offset)]

    def properties(self, value: Any) -> str:
        if self.plain or not self.chance(0.04):
            return ""
        self.anchors += 1
        return self.rng.choice([f" &a{self.rng.randint(1, 2)}", " !!map" if isinstance(value, dict) else " !!seq"])

    def scalar(self, head: str, value: Any, column: int) -> list[str]:
        if isinstance(value, str) and "\n" in value:
            return self.block(head, value, column)
        return [f"{head} {self.word(value)}{self.tail()}"]

    def block(self, head: str, value: str, column: int) -> list[str]:
        body = value.split("\n")
        keep = "" if value.endswith("\n") and not value.endswith("\n\n") else "-" if not value.endswith("\n") else "+"
        indent = " " * (column + self.step)
        lines = body[:-1] if value.endswith("\n") else body
        return [f"{head} |{keep}{self.tail()}", *(indent + line if line else line for line in lines)]

    def word(self, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        if not value.isascii() or not value or not value[0].isalpha() or set(value) & set(':#{}[],"\\') or value in ("on", "yes", "y"):
            folds = "\u2028" in value or "\x85" in value  # as they stand, they would be line breaks
            return json.dumps(value, ensure_ascii=folds or self.chance(0.5))
        return self.rng.choice([f'"{value}"', f"'{value}'"]) if self.chance(self.quotes) else value

    def flowed(self, value: Any) -> str:
        pad = self.rng.choice(["", " "])
        if isinstance(value, dict):
            inside = ", ".join(f"{self.key(name)}: {self.flowed(inner)}" for name, inner in value.items())
            return "{" + pad + inside + pad + "}" if inside else "{}"
        if isinstance(value, list):
            return "[" + pad + ", ".join(self.flowed(inner) for inner in value) + pad + "]" if value else "[]"
        return json.dumps(value) if isinstance(value, str) and "\n" in value else self.word(value)


def stream(objects: Sequence[Mapping[str, Any]], rng: random.Random, *, plain: bool = False) -> str:
    """The objects as one file. `plain`: without anchors and tags, which other parsers may read otherwise."""
    text = ""
    for place, value in enumerate(objects):
        layout = Layout(rng, plain=plain)
        text += _separator(rng, is_first=place == 0)
        above = rng.choice(ABOVE) if rng.random() < 0.4 else ""
        text += above + "\n" if above else ""
        text += "\n".join(layout.document(value)) + "\n"
        if rng.random() < 0.15:
            text += rng.choice(["# end\n", "\n", "\n\n# end\n", " \n"])
    if rng.random() < 0.1:
        text += rng.choice(["...\n", "---\n", "---\n# nothing\n"])
    if rng.random() < 0.25:
        text = text.rstrip("\n")
    ends = rng.choice(["\n", "\n", "\n", "\r\n", "mixed"])
    lines = text.split("\n")
    text = "".join(line + rng.choice(["\n", "\r\n"]) for line in lines[:-1]) + lines[-1] if ends == "mixed" else text.replace("\n", ends)
    return "\ufeff" + text if rng.random() < 0.1 else text


def _separator(rng: random.Random, *, is_first: bool) -> str:
    if is_first:
        return rng.choice(["", "", "", "---\n", "--- # first\n", "# top\n\n", "%YAML 1.1\n---\n", "# only a comment\n---\n"])
    return rng.choice(["---\n", "---\n", "---\n", "--- # next\n", "---   \n", "...\n---\n", "---\n# empty\n---\n", "...\n%YAML 1.1\n---\n"])
