"""Random YAML documents in every layout people use, and some they don't."""

from __future__ import annotations

import random
from typing import Any

from samigrate.yamltext import Number, Op

from .oracle import pointer, walk

KEYS = ["name", "spec", "metadata", "containers", "volumes", "env", "on", "app.io/x", "a b", "8080", "data", "image", "é", "items", "k"]
PLAIN = [
    "x",
    "web",
    "yes",
    "n",
    "~",
    "null",
    "12",
    "0440",
    "0x1F",
    "1_000",
    "1.5",
    "a b c",
    "http://x:80/y",
    "v1",
    "true",
    "'s",
    "é ü",
    "a#b",
    "-x",
    "2001-01-01",
]
COMMENTS = ["# c", "# why: x", "#", "# - name: b", "#x: {", "# 'q", '# "', "# é\t|"]
NEW: list[Any] = [
    False,
    True,
    None,
    3,
    0.5,
    "web",
    "on",
    "",
    "kube-root-ca.crt",
    "a: b # c",
    "two\nlines",
    "é\t",
    "- x",
    "'",
    '"',
    "a" * 300,
    " x ",
    "12",
    "{x}",
    "\u2028",
    {},
    [],
    {"a": 1},
    ["x"],
    [[1, 2], {"b": []}],
    [{"n": {"m": [{"o": 1}]}}],
    {"name": "p", "sources": [{"path": "t", "mode": Number(288, "0440")}, {"items": ["k", {"q": "y"}]}]},
]


class Writer:
    """Writes one random document; `nl` is its line break."""

    def __init__(self, rng: random.Random, *, with_anchors: bool = True) -> None:
        self.rng = rng
        self.nl = rng.choice(["\n", "\n", "\n", "\r\n"])
        self.comments = rng.choice([0.0, 0.1, 0.4])
        self.with_anchors = with_anchors
        self.anchors: list[tuple[str, bool]] = []
        self.count = 0
        self.layout = self.pick_layout()

    def pick_layout(self) -> tuple[int, int, int]:
        step = self.rng.choice([1, 2, 2, 2, 3, 4, 8])
        return step, self.rng.choice([0, 0, step, 2]), self.rng.choice([2, 2, 2, 4])

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def document(self) -> str:
        rng = self.rng
        text = rng.choice(["", "", "---\n", "--- # top\n", "%YAML 1.1\n---\n", "# licence\n\n", "# head\n", "--- !!map\n"])
        lines = self.mapping(0, 0) if "!!map" in text or not self.chance(0.1) else self.sequence(0, 0)
        text += "\n".join(lines) + "\n"
        text += rng.choice(["", "", "", "# end\n", "\n\n", "...\n", "\n# end\n"])
        if self.chance(0.25):
            text = text.rstrip("\n")
        text = text.replace("\n", self.nl)
        return "\ufeff" + text if self.chance(0.05) else text

    def noise(self, column: int) -> list[str]:
        lines = []
        while self.chance(self.comments / 2):
            lines.append(" " * self.rng.choice([column, column, column + 2, max(0, column - 1)]) + self.rng.choice(COMMENTS))
        while self.chance(self.comments / 2):
            lines.append(self.rng.choice(["", "", "  "]))
        return lines

    def inline(self) -> str:
        if self.chance(self.comments):
            return self.rng.choice([" ", "  ", "\t"]) + self.rng.choice(COMMENTS)
        return self.rng.choice(["", "", "", "", " "])

    def key(self, used: set[str]) -> str:
        name = self.rng.choice([key for key in KEYS if key not in used] or [f"k{len(used)}"])
        used.add(name)
        return self.rng.choice([name, name, name, f'"{name}"', f"'{name}'"])

    def mapping(self, column: int, depth: int) -> list[str]:
        lines: list[str] = []
        used: set[str] = set()
        if self.anchors and self.chance(0.15):
            names = [name for name, is_mapping in self.anchors if is_mapping]
            if names:
                lines.append(" " * column + f"<<: *{self.rng.choice(names)}")
        for _ in range(self.rng.randint(1, 4)):
            if lines or depth == 0:
                lines += self.noise(column)
            name = " " * column + self.key(used)
            if self.chance(0.01):
                lines += [" " * column + f"? q{len(used)}", " " * column + ": v"]
                continue
            lines += self.value(name + ":", column, depth, is_item=False)
        return lines

    def sequence(self, column: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.rng.randint(1, 3)):
            lines += self.noise(column)
            lines += self.value(" " * column + "-", column, depth, is_item=True)
        return lines

    def anchor(self, *, is_mapping: bool) -> str:
        if not self.with_anchors or not self.chance(0.07):
            return ""
        self.count += 1
        name = f"a{self.rng.randint(1, 3)}"
        self.anchors = [one for one in self.anchors if one[0] != name] + [(name, is_mapping)]
        return f" &{name}"

    def value(self, head: str, column: int, depth: int, *, is_item: bool) -> list[str]:
        rng = self.rng
        kind = rng.random()
        step, offset, dash = self.layout if self.chance(0.8) else self.pick_layout()
        if depth >= 4:
            kind *= 0.55
        if kind < 0.3:
            return [head + self.scalar(column) + self.inline()]
        if kind < 0.36:
            return [head + self.inline()]
        if kind < 0.42:
            return [head + " " + rng.choice(["{}", "[]", "{ }", "[ ]"]) + self.inline()]
        if kind < 0.48:
            return self.block_scalar(head, column, step)
        if kind < 0.51:
            quote = rng.choice("'\"")
            return [head + f" {quote}one", "", " " * (column + 1) + "two", " " * (column + 3) + f"three{quote}" + self.inline()]
        if kind < 0.54:
            return [head + " plain", " " * (column + 1) + "goes on"]
        if kind < 0.55 and self.anchors:
            return [head + f" *{rng.choice(self.anchors)[0]}" + self.inline()]
        if kind < 0.63:
            return self.flow(head, column)
        is_mapping = kind < 0.85
        before = self.anchors
        if is_item and self.chance(0.8):
            inner = column + dash
            lines = self.mapping(inner, depth + 1) if is_mapping else self.sequence(inner, depth + 1)
            first = lines[0].lstrip(" ")
            if not first or first.startswith("#"):
                return [head + self.inline(), *lines]
            return [head + " " * (dash - 1) + first, *lines[1:]]
        name = self.anchor(is_mapping=is_mapping)
        if name:
            # Inside itself an anchor has no value yet.
            after, self.anchors = self.anchors, [one for one in before if f" &{one[0]}" != name]
        tag = rng.choice(["", "", "", "", "", " !!map" if is_mapping else " !!seq"])
        if is_mapping:
            lines = self.mapping(column + step, depth + 1)
        else:
            lines = self.sequence(column + (offset or int(is_item)), depth + 1)
        if name:
            inside = [one for one in self.anchors if f" &{one[0]}" != name]
            self.anchors = inside + [one for one in after if f" &{one[0]}" == name]
        return [head + name + tag + self.inline(), *lines]

    def scalar(self, column: int) -> str:
        rng = self.rng
        word = rng.choice(PLAIN)
        quoted = rng.choice([word, word, "'" + word.replace("'", "''") + "'", f'"{word}"', '"a\\n\\u00e9 b"', "!!str 12", "!x y", "! 'z'"])
        return self.anchor(is_mapping=False) + " " + ("q" + quoted if quoted.startswith("'s") else quoted)

    def block_scalar(self, head: str, column: int, step: int) -> list[str]:
        rng = self.rng
        digit = rng.choice(["", "", "", str(step)])
        header = rng.choice("|>") + digit + rng.choice(["", "", "-", "+"])
        indent = " " * (column + step)
        body = [indent + rng.choice(["text", "# no comment", "--- x", "a: b", "- z", "é"]) for _ in range(rng.randint(0, 3))]
        if body and self.chance(0.3):
            body.insert(rng.randint(1, len(body)), rng.choice(["", indent, indent + "  ", indent + "   more"]))
        tail = [""] * rng.choice([0, 0, 0, 1, 2])
        comment = rng.choice(["", "", " # c"])
        return [f"{head} {header}{comment}", *body, *tail]

    def flow(self, head: str, column: int) -> list[str]:
        text = self.flow_value(0, self.rng.choice([False, True]), self.rng.choice(["", " "]), " " * (column + 2))
        return (head + " " + text + (self.inline() if text[-1] in "]}" else "")).split("\n")

    def flow_value(self, depth: int, is_json: bool, pad: str, indent: str) -> str:
        rng = self.rng
        kind = rng.random()
        if depth and (depth > 2 or kind < 0.5):
            if is_json:
                return rng.choice(['"x"', "1", "true", "null", '"a b"', '"y"'])
            return rng.choice(["x", "1", "yes", "'q'", '"r"', "a b", "0440", "'{'", "{}", "[]"])
        is_broken = self.chance(0.4)
        count = rng.randint(0 if depth else 1, 3)
        entries = []
        for index in range(count):
            key = f"k{index}"
            name = f'"{key}"' if is_json else rng.choice([key, f"'{key}'"])
            value = self.flow_value(depth + 1, is_json, pad, indent + "  ")
            entries.append((f"{name}: " if kind < 0.8 or not depth else "") + value)
        begin, end = "{}" if kind < 0.8 or not depth else "[]"
        if not entries:
            return begin + end
        comma = "," if not is_json and self.chance(0.3) else ""
        if is_broken:
            lines = []
            for index, entry in enumerate(entries):
                if not is_json and self.chance(self.comments):
                    lines.append(indent + "  # above")
                comment = " # side" if not is_json and self.chance(self.comments) else ""
                lines.append(indent + "  " + entry + ("," if index + 1 < count else comma) + comment)
            return begin + "\n" + "\n".join(lines) + "\n" + indent + end
        return begin + pad + ", ".join(entries) + comma + pad + end


def document(rng: random.Random, *, with_anchors: bool = True) -> str:
    return Writer(rng, with_anchors=with_anchors).document()


def json_document(rng: random.Random) -> str:
    writer = Writer(rng)
    text = writer.flow_value(0, True, rng.choice(["", " "]), "") + rng.choice(["", "\n"])
    return text.replace("\n", writer.nl)


def operation(rng: random.Random, value: Any) -> Op | None:
    """A random operation that `value` allows."""
    paths = list(walk(value))
    for _ in range(20):
        path, inner = rng.choice(paths)
        new, chance = rng.choice(NEW), rng.random()
        if isinstance(inner, dict) and chance < 0.5:
            after = tuple(rng.sample(list(inner), min(len(inner), rng.randint(0, 2)))) if rng.random() < 0.8 else ("^",)
            return Op("add", pointer(*path, rng.choice(["new", "app.io/new", "on", *KEYS])), new, after)
        if isinstance(inner, list) and chance < 0.5:
            return Op("add", pointer(*path, rng.choice(["-", *range(len(inner) + 1)])), new)
        if inner is None and path and chance < 0.3:
            return Op("add", pointer(*path, rng.choice(["new", "-"])), new)
        if path:
            return Op("remove", pointer(*path)) if chance < 0.75 else Op("replace", pointer(*path), new)
    return None
