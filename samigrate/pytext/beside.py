"""New objects beside those that need them: an item of the same list, or a statement of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .edit import Draft, Slot
from .node import Declaration, Dialect, Node, Span
from .splice import Edit, edits
from .write import Class, Style, entry, string


class Beside:
    """Gathers what is to be declared in one text. `imports` are statements that the new code needs."""

    def __init__(self, text: str, style: Style) -> None:
        self.text, self.style = text, style
        self.imports: list[str] = []
        self._lists: dict[Span, tuple[Node, Draft]] = {}
        self._statements: list[Edit] = []

    def declare(self, one: Declaration, value: Any, dialect: Dialect | None) -> str:
        """Declare an object right before another. Returns why that cannot be done, or ""."""
        if one.node is None or one.node.span is None:
            return "nothing can be declared beside it"
        if one.listed is not None and one.listed.span is not None:
            node, draft = self._lists.setdefault(one.listed.span, (one.listed, Draft(None)))
            draft.of(node).insert(_place(draft.of(node), one.node.span), Slot(None, None, value, is_fresh=True))
            return ""
        if one.statement is None or dialect is None or not dialect.account or one.node.fixed:
            return "nothing can be declared beside it"
        start = one.statement[0]
        indent = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        if indent.strip():
            return "it shares its line with other code"
        self._statements.append(Edit(start, start, self._statement(one.node, value, dialect, indent) + self.style.newline + indent))
        return ""

    def edits(self) -> Iterator[Edit]:
        yield from self._statements
        for _, draft in self._lists.values():
            yield from edits(draft, self.text, self.style)[0]

    def _statement(self, node: Node, value: Any, dialect: Dialect, indent: str) -> str:
        """A call that makes an account, as the program would spell it."""
        facts, name = dialect.account, value["metadata"]["name"]
        head = self._head(node, dialect)
        given = [self.text[slice(*one.span)] for one in node.entries if one.key in ("=0", "=1") and one.span]
        own = string(facts["name"].format(name=name), self.style)
        kept = [own if which == "name" else spelled for which, spelled in zip(dialect.positional, given, strict=False)]
        inner, klass = indent + self.style.step, Class(facts["class"], head, dialect)
        lines = [f"{inner}{each}," for each in kept]
        for key, item in value.items():
            if key not in ("apiVersion", "kind"):
                lines.append(f"{inner}{entry(key, item, klass, self.style, inner)},")
        return self.style.newline.join([f"{head}{facts['class']}(", *lines, f"{indent})"])

    def _head(self, node: Node, dialect: Dialect) -> str:
        """How the program calls the module that the account's class lies in, with its dot; "" for a class it imports."""
        facts, parts = dialect.account, node.callee.split(".")
        if not facts["module"]:
            return "".join(f"{part}." for part in parts[:-1])
        if len(parts) == facts["module"].count(".") + 3:
            return f"{parts[0]}.{facts['module']}."
        self.imports.append(f"from {dialect.modules[0].split('.')[0]}.{facts['module']} import {facts['class']}")
        return ""


def _place(slots: list[Slot], span: Span) -> int:
    for place, slot in enumerate(slots):
        if slot.old and slot.old.span and slot.old.span[0] <= span[0] < span[1] <= slot.old.span[1]:
            return place
    raise AssertionError("an item of a list lies outside of it")
