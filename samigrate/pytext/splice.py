"""A draft as edits of the text, in the layout of what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .edit import Draft, Slot
from .node import Dialect, Entry, Node, Span
from .write import Class, Style, classes, entry, expression


class Edit(NamedTuple):
    start: int
    end: int
    text: str


def edits(draft: Draft, text: str, style: Style) -> tuple[list[Edit], list[tuple[Node, list[str]]]]:
    """Edits of the text, and the classes that containers now call, with each container."""
    result: list[Edit] = []
    called = []
    covered = list(_covered(draft))
    for key, slots in draft.slots.items():
        node = draft.nodes[key]
        if all(not slot.is_gone and not slot.is_fresh for slot in slots) or _is_in(node, covered):
            continue
        writer = Writer(text, style, node, draft.dialect)
        result += writer.edits(slots)
        called.append((node, [name for slot in slots if slot.is_fresh for name in writer.classes(slot)]))
    return result, called


def _covered(draft: Draft) -> Iterator[Span]:
    """Spans that are replaced or taken out whole: what was edited in them before does not matter any more."""
    for slots in draft.slots.values():
        for slot in slots:
            if slot.old is not None and slot.old.span is not None and (slot.is_gone or slot.is_fresh):
                yield slot.old.span


def _is_in(node: Node, covered: Sequence[Span]) -> bool:
    return node.span is not None and any(start <= node.span[0] and node.span[1] <= end for start, end in covered)


class Writer:
    """Writes one container."""

    def __init__(self, text: str, style: Style, node: Node, dialect: Dialect | None) -> None:
        self.text, self.style, self.node, self.dialect = text, style, node, dialect
        self.klass = (
            Class(node.klass, node.callee.rpartition(".")[0] + "." * ("." in node.callee), dialect) if dialect and node.klass else None
        )
        if node.kind == "sequence":
            self.klass = self._class_of_items(dialect)

    def _class_of_items(self, dialect: Dialect | None) -> Class | None:
        """That of the neighbours; a list whose neighbours are dicts takes dicts."""
        for candidate in self.node.entries:
            if candidate.node.style == "call" and dialect:
                return Class(candidate.node.klass, candidate.node.callee.rpartition(".")[0] + "." * ("." in candidate.node.callee), dialect)
        return None

    def classes(self, slot: Slot) -> list[str]:
        inner = self.klass if self.node.kind == "sequence" else self.klass.of(slot.key or "") if self.klass else None
        return classes(slot.value, inner)

    def entry(self, slot: Slot, indent: str) -> str:
        if self.node.kind == "sequence":
            return expression(slot.value, self.klass, self.style, indent, len(indent))
        key = slot.key or ""
        if key.startswith("="):
            head = f"{key[1:]}="
            return head + expression(slot.value, None, self.style, indent, len(indent) + len(head))
        if self.node.is_snake and self.dialect:
            key = self.dialect.spell(key)
        return entry(key, slot.value, self.klass if self.node.style == "call" else None, self.style, indent)

    def value(self, slot: Slot, indent: str) -> str:
        if self.node.kind == "sequence":
            return expression(slot.value, self.klass, self.style, indent, len(indent))
        inner = self.klass.of(slot.key or "") if self.klass and self.node.style == "call" else None
        return expression(slot.value, inner, self.style, indent, len(indent) + len(slot.key or "") + 1)

    def edits(self, slots: Sequence[Slot]) -> Iterator[Edit]:
        remaining = [slot for slot in slots if slot.old is not None and not slot.is_gone]
        if not any(slot.old for slot in slots) or not remaining:
            yield self._fill([slot for slot in slots if not slot.is_gone])
            return
        pending: list[Slot] = []
        before: Slot | None = None
        for slot in slots:
            if slot.old is None:
                pending.append(slot)
                continue
            if pending and before is None:
                yield from self._insert_first(pending, slot)
            elif pending and before is not None:
                yield from self._insert_behind(pending, before, slot)
            pending, before = [], slot
            if slot.is_fresh and slot.old.use and not slot.is_gone:
                yield Edit(*slot.old.use, self.value(slot, self._indent(slot.old)))
        if pending and before is not None:
            yield from self._insert_behind(pending, before, None)
        yield from self._removals(slots)

    def _fill(self, slots: list[Slot]) -> Edit:
        """All of the content anew: there was none, or nothing of it is left."""
        start, end = self.node.inner
        indent = re.match(r"[ \t]*", self.text[self._line_start(start) :])
        base = indent[0] if indent else ""
        flat = ", ".join(self.entry(slot, base) for slot in slots)
        if "\n" not in self.text[start:end] and "\n" not in flat:
            return Edit(start, end, flat)
        inner = base + self.style.step
        lines = "".join(f"{self.style.newline}{inner}{self.entry(slot, inner)}," for slot in slots)
        return Edit(start, end, lines + self.style.newline + base)

    # ---- insertions

    def _insert_first(self, new: list[Slot], following: Slot) -> Iterator[Edit]:
        assert following.old is not None and following.old.span is not None
        start = following.old.span[0]
        if self._starts_line(start):
            indent = self._indent(following.old)
            opening = self._line_end(self.node.inner[0])
            yield Edit(opening, opening, "".join(f"{self.style.newline}{indent}{self.entry(slot, indent)}," for slot in new))
        else:
            yield Edit(start, start, "".join(f"{self.entry(slot, self._indent(following.old))}, " for slot in new))

    def _insert_behind(self, new: list[Slot], before: Slot, following: Slot | None) -> Iterator[Edit]:
        assert before.old is not None and before.old.span is not None
        start, end = before.old.span
        limit = following.old.span[0] if following and following.old and following.old.span else self.node.inner[1]
        comma = self._comma(end, limit)
        if before.is_gone:
            indent = self._indent(before.old)
            glue = f",{self.style.newline}{indent}" if self._starts_line(start) else ", "
            yield Edit(start, end, glue.join(self.entry(slot, indent) for slot in new))
            return
        anchor = before.old if self._starts_line(start) else following.old if following else None
        if anchor is None or anchor.span is None or not self._starts_line(anchor.span[0]):
            yield Edit(end, end, "".join(f", {self.entry(slot, self._indent(before.old))}" for slot in new))
            return
        indent, tail = self._indent(anchor), comma + 1 if comma >= 0 else end
        texts = [f"{self.style.newline}{indent}{self.entry(slot, indent)}" for slot in new]
        line_end = self._line_end(tail)
        is_free = line_end <= limit and re.fullmatch(r"[ \t]*(?:#[^\r\n]*)?", self.text[tail:line_end]) is not None
        if not is_free:
            yield Edit(end, end, "," + ",".join(texts))
        elif comma >= 0:
            yield Edit(line_end, line_end, "".join(f"{each}," for each in texts))
        else:
            yield Edit(end, end, ",")
            yield Edit(line_end, line_end, ",".join(texts))

    # ---- removals

    def _removals(self, slots: Sequence[Slot]) -> Iterator[Edit]:
        olds = [slot for slot in slots if slot.old is not None]
        for index, slot in enumerate(olds):
            position = slots.index(slot)
            is_replaced = position + 1 < len(slots) and slots[position + 1].old is None
            if not slot.is_gone or is_replaced or slot.old is None or slot.old.span is None:
                continue
            start, end = slot.old.span
            following = olds[index + 1].old if index + 1 < len(olds) else None
            limit = following.span[0] if following and following.span else self.node.inner[1]
            comma = self._comma(end, limit)
            tail = comma + 1 if comma >= 0 else end
            line_end = self._line_end(tail)
            remainder = self.text[tail:line_end]
            if self._starts_line(start) and line_end <= limit and re.fullmatch(r"[ \t]*(?:#[^\r\n]*)?", remainder):
                after = re.match(r"\r\n|\n|\r", self.text[line_end:])
                comment = self._indent(slot.old) + remainder.strip() + self.style.newline if remainder.strip() else ""
                yield Edit(self._line_start(start), line_end + (len(after[0]) if after else 0), comment)
            elif comma >= 0:
                yield Edit(start, comma + 1 + len(self.text[comma + 1 : limit]) - len(self.text[comma + 1 : limit].lstrip(" \t")), "")
            else:
                before = olds[index - 1] if index else None
                takes_comma = before is not None and not before.is_gone and slots[position - 1] is before
                yield Edit(before.old.span[1] if before and takes_comma and before.old and before.old.span else start, end, "")

    # ---- places

    def _comma(self, start: int, end: int) -> int:
        """Where the comma behind an entry is, -1 where there is none."""
        match = re.match(r"(?:[ \t\r\n]|\\\r?\n|#[^\r\n]*)*,", self.text[start:end])
        return start + match.end() - 1 if match else -1

    def _line_start(self, index: int) -> int:
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def _line_end(self, index: int) -> int:
        match = re.compile(r"[\r\n]|\Z").search(self.text, index)
        return match.start() if match else len(self.text)

    def _starts_line(self, index: int) -> bool:
        return not self.text[self._line_start(index) : index].strip(" \t")

    def _indent(self, one: Entry) -> str:
        start = one.span[0] if one.span else self.node.inner[0]
        match = re.match(r"[ \t]*", self.text[self._line_start(start) :])
        return match[0] if match else ""


def spliced(text: str, result: Sequence[Edit]) -> str:
    """The text after the edits. Edits at one place come in their order; where two overlap, AssertionError: our bug."""
    fragments, position = [], 0
    for edit in sorted(result, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position:
            raise AssertionError(f"two edits of one text overlap at character {edit.start}")
        fragments += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*fragments, text[position:]])
