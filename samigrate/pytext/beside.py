"""New objects beside those that need them: an item of the same list, or a statement of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count
from typing import Any

from .edit import Draft, Slot
from .layout import laid_out
from .node import Declaration, Dialect, Entry, Node, Span
from .splice import Edit, edits
from .write import Bare, Class, Style, expression, string

_NAME = re.compile(r"[A-Za-z_][\w.]*(?:\[(?:\d+|'[^'\\]*'|\"[^\"\\]*\")\])*")
"""An expression that gives the same when it is asked again."""


class Beside:
    """Gathers what is to be declared in one text. `imports` are statements that the new code needs, `variables` what
    the program calls the new objects, by name, where their users say so."""

    def __init__(self, text: str, style: Style) -> None:
        self.text, self.style = text, style
        self.imports: list[str] = []
        self.variables: dict[str, str] = {}
        self._new: set[str] = set()
        self._lists: dict[Span, tuple[Node, Draft]] = {}
        self._statements: list[Edit] = []

    def declare(self, declaration: Declaration, value: Any, dialect: Dialect | None) -> str:
        """Declare an object right before another. Returns why that cannot be done, or ""."""
        if declaration.node is None or declaration.node.span is None:
            return "nothing can be declared beside it"
        value, unknown = _as_written(value, declaration.node, self.text)
        if unknown:
            return f"its {unknown} is known only when the program runs"
        if declaration.listed is not None and declaration.listed.span is not None:
            if declaration.listed.fixed:
                return declaration.listed.fixed
            node, draft = self._lists.setdefault(declaration.listed.span, (declaration.listed, Draft(None)))
            draft.of(node).insert(_place(draft.of(node), declaration.node.span), Slot(None, None, value, is_fresh=True))
            return ""
        if declaration.statement is None or dialect is None or not dialect.account or declaration.node.fixed:
            return "nothing can be declared beside it"
        start = declaration.statement[0]
        indent = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        if indent.strip():
            return "it shares its line with other code"
        parameters = dialect.flat.get(dialect.account["class"], {}).values()
        if parameters and (extra := next((key for key in value if f"/{key}" not in parameters and key not in ("apiVersion", "kind")), "")):
            return f"{dialect.account['class']} has no parameter for {extra}"
        above, newline = self._above_comments(start, indent), self.style.newline
        result = self._statement(declaration.node, value, dialect, indent) + newline * (1 if above == start else 2)
        self._statements.append(Edit(above, above, result + indent))
        return ""

    def _above_comments(self, start: int, indent: str) -> int:
        """Where the comments begin that stand right above a statement, and speak of it."""
        line = start - len(indent)
        while comment := re.search(rf"(?:^|(?<=[\r\n])){indent}#[^\r\n]*(?:\r\n|\n|\r)\Z", self.text[:line]):
            if comment.start() == 0:
                break  # a file's own head, or what Python itself reads there
            line = comment.start()
        return line + len(indent)

    def edits(self) -> Iterator[Edit]:
        yield from self._statements
        for node, draft in self._lists.values():
            yield from laid_out(edits(draft, self.text, self.style)[0], node, draft, self.text, self.style)

    def _statement(self, node: Node, value: Any, dialect: Dialect, indent: str) -> str:
        """A call that makes an account, as the program would spell it."""
        facts, name = dialect.account, value["metadata"]["name"]
        head = self._head(node, dialect)
        call = node.holder or node
        supplied = [self.text[slice(*entry.span)] for entry in call.entries if entry.key in ("=0", "=1") and entry.span]
        new_name = string(facts["name"].format(name=name), self.style)
        remaining = [new_name if which == "name" else spelled for which, spelled in zip(dialect.positional, supplied, strict=False)]
        inner, klass = indent + self.style.step, Class(facts["class"], head, dialect)
        lines = [f"{inner}{each}," for each in remaining]
        parameters = {where[1:]: parameter for parameter, where in dialect.flat.get(facts["class"], {}).items()}
        for key, item in value.items():
            if key not in ("apiVersion", "kind"):
                start = f"{parameters.get(key) or dialect.spell(key)}="
                below = klass.of(key) or _class_of(node.entry(key), dialect)
                lines.append(f"{inner}{start}{expression(item, below, self.style, inner, len(inner) + len(start) + 1)},")
        target = f"{self._variable(name, facts['variable'], facts.get('reference', '{variable}'))} = " if "variable" in facts else ""
        return self.style.newline.join([f"{target}{head}{facts['class']}(", *lines, f"{indent})"])

    def _variable(self, name: str, pattern: str, reference: str) -> str:
        """A new variable for the object, which occurs nowhere in the program."""
        expected = re.sub(r"\W", "_", pattern.format(name=name))
        expected = expected if expected.isidentifier() else f"_{expected}"
        used = set(re.findall(r"\w+", self.text)) | self._new
        chosen = next(one for one in chain([expected], (f"{expected}_{number}" for number in count(2))) if one not in used)
        self._new.add(chosen)
        self.variables[name] = reference.format(variable=chosen).replace('"', self.style.quote)
        return chosen

    def _head(self, node: Node, dialect: Dialect) -> str:
        """How the program calls the module that the account's class lies in, with its dot; "" for a class it imports."""
        facts, parts = dialect.account, node.callee.split(".")
        if not facts["module"]:
            return "".join(f"{part}." for part in parts[:-1])
        if len(parts) == facts["module"].count(".") + 3:
            return f"{parts[0]}.{facts['module']}."
        self.imports.append(f"from {dialect.modules[0].split('.')[0]}.{facts['module']} import {facts['class']}")
        return ""


def _as_written(value: Any, node: Node, text: str) -> tuple[Any, str]:
    """The object in the namespace of its neighbour, by the same name where that has one; and what of it cannot be written,
    "" for nothing."""
    metadata = node.entry("metadata")
    stated = metadata.node.entry("namespace") if metadata is not None else None
    if stated is not None and stated.use:
        spelled = text[slice(*stated.use)]
        if _NAME.fullmatch(spelled):
            value = {**value, "metadata": {**value["metadata"], "namespace": Bare(spelled)}}
        elif stated.node.kind == "opaque":
            return value, "namespace"
    return value, "name" if "${" in str(value["metadata"]["name"]) else ""


def _class_of(entry: Entry | None, dialect: Dialect) -> Class | None:
    """The class that a workload writes a part of it as."""
    if entry is None or entry.node.style != "call" or not entry.node.klass:
        return None
    return Class(entry.node.klass, entry.node.callee.rpartition(".")[0] + "." * ("." in entry.node.callee), dialect)


def _place(slots: list[Slot], span: Span) -> int:
    for index, slot in enumerate(slots):
        if slot.old and slot.old.span and slot.old.span[0] <= span[0] < span[1] <= slot.old.span[1]:
            return index
    raise AssertionError("an item of a list lies outside of it")
