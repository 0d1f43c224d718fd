"""Operations on declared values to edits of the text: every byte that is not edited stays as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .node import Dialect, Entry, Node, Span
from .write import Class, Style, classes, entry, expression

FIRST = "^"


class Op(NamedTuple):
    """One RFC 6902 `add`, `remove` or `replace`. `after` names sibling keys: a new key goes behind the first of them
    that is there; FIRST puts it first."""

    op: str
    pointer: str
    value: Any = None
    after: tuple[str, ...] = ()


class CannotEdit(ValueError):
    """The program's text cannot take an operation; `line` is 1-based."""

    def __init__(self, pointer: str, reason: str, line: int) -> None:
        super().__init__(reason)
        self.pointer, self.reason, self.line = pointer, reason, line


@dataclass(slots=True, eq=False)
class Slot:
    """One place of a container's draft: what stood there (`old`), what is to (`value`, where it is fresh)."""

    key: str | None
    old: Entry | None = None
    value: Any = None
    is_fresh: bool = False
    is_gone: bool = False


@dataclass(slots=True)
class Draft:
    """The containers of one declaration that operations touch, each with its slots, in the order they were touched."""

    dialect: Dialect | None
    slots: dict[int, list[Slot]] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)

    def of(self, node: Node) -> list[Slot]:
        if id(node) not in self.slots:
            self.nodes[id(node)] = node
            self.slots[id(node)] = [Slot(one.key, one) for one in node.entries if one.span is not None]
        return self.slots[id(node)]


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


# ---------------------------------------------------------------- operations on the draft


def apply(draft: Draft, root: Node, op: Op) -> None:
    """Take one operation into the draft. Raises CannotEdit."""
    steps = _parts(op.pointer)
    if not steps:
        raise CannotEdit(op.pointer, "a whole object cannot be replaced", root.line)
    node = root
    for depth, step in enumerate(steps[:-1]):
        _allow(node, op)
        slot = _slot(draft, node, step)
        if slot is not None and slot.is_fresh:
            slot.value = _plainly(slot.value, steps[depth + 1 :], op, node)
            return
        below = slot.old.node if slot and slot.old else _synthetic(node, step)
        if below is None:
            raise CannotEdit(op.pointer, f"there is no {step}", node.line)
        node = below
    _allow(node, op)
    if node.kind == "sequence":
        _edit_sequence(draft, node, steps[-1], op)
    elif node.kind == "mapping":
        _edit_mapping(draft, node, steps[-1], op)
    else:
        raise CannotEdit(op.pointer, node.fixed or "it holds neither keys nor items", node.line)


def _allow(node: Node, op: Op) -> None:
    if node.fixed:
        raise CannotEdit(op.pointer, node.fixed, node.line)


def _live(draft: Draft, node: Node) -> list[Slot]:
    return [slot for slot in draft.of(node) if not slot.is_gone]


def _slot(draft: Draft, node: Node, step: str) -> Slot | None:
    if node.holder is not None and node.kind == "mapping":
        wanted = node.names.get(step)
        return next((slot for slot in _live(draft, node.holder) if wanted and slot.key == wanted), None)
    live = _live(draft, node)
    if node.kind == "sequence":
        return live[int(step)] if step.isdigit() and int(step) < len(live) else None
    return next((slot for slot in reversed(live) if slot.key == step), None)


def _synthetic(node: Node, step: str) -> Node | None:
    """A part that nobody wrote, which leads to parts that somebody did."""
    if node.kind == "sequence":
        return (
            node.entries[int(step)].node
            if step.isdigit() and int(step) < len(node.entries) and node.entries[int(step)].span is None
            else None
        )
    found = node.entry(step)
    return found.node if found is not None and found.span is None else None


def _edit_mapping(draft: Draft, node: Node, key: str, op: Op) -> None:
    target, name, after = node, key, op.after
    if node.holder is not None:
        if key not in node.names:
            raise CannotEdit(op.pointer, f"{node.holder.klass} has no parameter for {key}", node.line)
        target, name = node.holder, node.names[key]
        after = tuple(node.names[one] for one in op.after if one in node.names)
        _allow(target, op)
    elif node.span is None:
        raise CannotEdit(op.pointer, node.fixed or "nobody wrote it here", node.line)
    slots = draft.of(target)
    found = next((slot for slot in reversed(slots) if slot.key == name and not slot.is_gone), None)
    if op.op == "remove" or found is not None:
        _change(found, slots, op, node)
        return
    if op.op == "replace":
        raise CannotEdit(op.pointer, f"there is no {key}", node.line)
    place = len(slots)
    if after[:1] == (FIRST,):
        place = next((at for at, slot in enumerate(slots) if not (slot.key or "").startswith("=")), place)
    else:
        behind = next((at for one in after for at, slot in enumerate(slots) if slot.key == one), None)
        if behind is not None:
            place = behind + 1
            while place < len(slots) and slots[place].is_fresh and slots[place].old is None:
                place += 1
    slots.insert(place, Slot(name, None, op.value, is_fresh=True))


def _change(found: Slot | None, slots: list[Slot], op: Op, node: Node) -> None:
    if found is None:
        raise CannotEdit(op.pointer, "there is no such key", node.line)
    if found.old is not None and found.old.node.kind == "opaque":
        raise CannotEdit(op.pointer, found.old.node.fixed, found.old.node.line)
    if op.op != "remove":
        found.is_fresh, found.value = True, op.value
    elif found.old is None:
        slots.remove(found)
    else:
        found.is_gone, found.is_fresh = True, False


def _edit_sequence(draft: Draft, node: Node, step: str, op: Op) -> None:
    if node.span is None or not node.style:
        raise CannotEdit(op.pointer, "it is written in another form", node.line)
    slots, live = draft.of(node), _live(draft, node)
    if op.op == "add":
        if step != "-" and (not step.isdigit() or int(step) > len(live)):
            raise CannotEdit(op.pointer, f"there is no item {step}", node.line)
        at = len(live) if step == "-" else int(step)
        slots.insert(slots.index(live[at]) if at < len(live) else len(slots), Slot(None, None, op.value, is_fresh=True))
        return
    found = live[int(step)] if step.isdigit() and int(step) < len(live) else None
    _change(found, slots, op, node)


def _plainly(value: Any, steps: list[str], op: Op, node: Node) -> Any:
    """A fresh value after an operation inside it."""
    key, rest = steps[0], steps[1:]
    if isinstance(value, dict) and (rest or op.op != "add") and key not in value:
        raise CannotEdit(op.pointer, f"there is no {key}", node.line)
    if isinstance(value, dict):
        made: Any = {name: item for name, item in value.items() if name != key or rest or op.op != "remove"}
        if rest or op.op != "remove":
            made[key] = _plainly(value[key], rest, op, node) if rest else op.value
        return made
    if isinstance(value, list) and (key.isdigit() or key == "-"):
        made, at = list(value), len(value) if key == "-" else int(key)
        if rest:
            made[at] = _plainly(value[at], rest, op, node)
        elif op.op == "add":
            made.insert(at, op.value)
        elif op.op == "remove":
            del made[at]
        else:
            made[at] = op.value
        return made
    raise CannotEdit(op.pointer, "it holds neither keys nor items", node.line)


# ---------------------------------------------------------------- the draft as edits


class Edit(NamedTuple):
    start: int
    end: int
    text: str


def edits(draft: Draft, text: str, style: Style) -> tuple[list[Edit], list[tuple[Node, list[str]]]]:
    """Edits of the text, and the classes that containers now call, with each container."""
    found: list[Edit] = []
    called = []
    covered = list(_covered(draft))
    for key, slots in draft.slots.items():
        node = draft.nodes[key]
        if all(not slot.is_gone and not slot.is_fresh for slot in slots) or _is_in(node, covered):
            continue
        writer = _Writer(text, style, node, draft.dialect)
        found += writer.edits(slots)
        called.append((node, [name for slot in slots if slot.is_fresh for name in writer.classes(slot)]))
    return found, called


def _covered(draft: Draft) -> Iterator[Span]:
    """Spans that are replaced or taken out whole: what was edited in them before does not matter any more."""
    for slots in draft.slots.values():
        for slot in slots:
            if slot.old is not None and slot.old.span is not None and (slot.is_gone or slot.is_fresh):
                yield slot.old.span


def _is_in(node: Node, covered: Sequence[Span]) -> bool:
    return node.span is not None and any(start <= node.span[0] and node.span[1] <= end for start, end in covered)


class _Writer:
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
        for one in self.node.entries:
            if one.node.style == "call" and dialect:
                return Class(one.node.klass, one.node.callee.rpartition(".")[0] + "." * ("." in one.node.callee), dialect)
        return None

    def classes(self, slot: Slot) -> list[str]:
        inner = self.klass if self.node.kind == "sequence" else self.klass.of(slot.key or "") if self.klass else None
        return classes(slot.value, inner)

    def _entry(self, slot: Slot, indent: str) -> str:
        if self.node.kind == "sequence":
            return expression(slot.value, self.klass, self.style, indent, len(indent))
        key = slot.key or ""
        if key.startswith("="):
            head = f"{key[1:]}="
            return head + expression(slot.value, None, self.style, indent, len(indent) + len(head))
        if self.node.is_snake and self.dialect:
            key = self.dialect.spell(key)
        return entry(key, slot.value, self.klass if self.node.style == "call" else None, self.style, indent)

    def _value(self, slot: Slot, indent: str) -> str:
        if self.node.kind == "sequence":
            return expression(slot.value, self.klass, self.style, indent, len(indent))
        inner = self.klass.of(slot.key or "") if self.klass and self.node.style == "call" else None
        return expression(slot.value, inner, self.style, indent, len(indent) + len(slot.key or "") + 1)

    def edits(self, slots: Sequence[Slot]) -> Iterator[Edit]:
        kept = [slot for slot in slots if slot.old is not None and not slot.is_gone]
        if not any(slot.old for slot in slots) or not kept:
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
                yield Edit(*slot.old.use, self._value(slot, self._indent(slot.old)))
        if pending and before is not None:
            yield from self._insert_behind(pending, before, None)
        yield from self._removals(slots)

    def _fill(self, slots: list[Slot]) -> Edit:
        """All of the content anew: there was none, or nothing of it is left."""
        start, end = self.node.inner
        indent = re.match(r"[ \t]*", self.text[self._line_start(start) :])
        base = indent[0] if indent else ""
        flat = ", ".join(self._entry(slot, base) for slot in slots)
        if "\n" not in self.text[start:end] and "\n" not in flat:
            return Edit(start, end, flat)
        inner = base + self.style.step
        lines = "".join(f"{self.style.newline}{inner}{self._entry(slot, inner)}," for slot in slots)
        return Edit(start, end, lines + self.style.newline + base)

    # ---- insertions

    def _insert_first(self, new: list[Slot], following: Slot) -> Iterator[Edit]:
        assert following.old is not None and following.old.span is not None
        start = following.old.span[0]
        if self._starts_line(start):
            indent = self._indent(following.old)
            opening = self._line_end(self.node.inner[0])
            yield Edit(opening, opening, "".join(f"{self.style.newline}{indent}{self._entry(slot, indent)}," for slot in new))
        else:
            yield Edit(start, start, "".join(f"{self._entry(slot, self._indent(following.old))}, " for slot in new))

    def _insert_behind(self, new: list[Slot], before: Slot, following: Slot | None) -> Iterator[Edit]:
        assert before.old is not None and before.old.span is not None
        start, end = before.old.span
        limit = following.old.span[0] if following and following.old and following.old.span else self.node.inner[1]
        comma = self._comma(end, limit)
        if before.is_gone:
            own = self._indent(before.old)
            glue = f",{self.style.newline}{own}" if self._starts_line(start) else ", "
            yield Edit(start, end, glue.join(self._entry(slot, own) for slot in new))
            return
        anchor = before.old if self._starts_line(start) else following.old if following else None
        if anchor is None or anchor.span is None or not self._starts_line(anchor.span[0]):
            yield Edit(end, end, "".join(f", {self._entry(slot, self._indent(before.old))}" for slot in new))
            return
        indent, tail = self._indent(anchor), comma + 1 if comma >= 0 else end
        texts = [f"{self.style.newline}{indent}{self._entry(slot, indent)}" for slot in new]
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
        for place, slot in enumerate(olds):
            at = slots.index(slot)
            is_replaced = at + 1 < len(slots) and slots[at + 1].old is None
            if not slot.is_gone or is_replaced or slot.old is None or slot.old.span is None:
                continue
            start, end = slot.old.span
            following = olds[place + 1].old if place + 1 < len(olds) else None
            limit = following.span[0] if following and following.span else self.node.inner[1]
            comma = self._comma(end, limit)
            tail = comma + 1 if comma >= 0 else end
            line_end = self._line_end(tail)
            rest = self.text[tail:line_end]
            if self._starts_line(start) and line_end <= limit and re.fullmatch(r"[ \t]*(?:#[^\r\n]*)?", rest):
                after = re.match(r"\r\n|\n|\r", self.text[line_end:])
                comment = self._indent(slot.old) + rest.strip() + self.style.newline if rest.strip() else ""
                yield Edit(self._line_start(start), line_end + (len(after[0]) if after else 0), comment)
            elif comma >= 0:
                yield Edit(start, comma + 1 + len(self.text[comma + 1 : limit]) - len(self.text[comma + 1 : limit].lstrip(" \t")), "")
            else:
                before = olds[place - 1] if place else None
                takes_comma = before is not None and not before.is_gone and slots[at - 1] is before
                yield Edit(before.old.span[1] if before and takes_comma and before.old and before.old.span else start, end, "")

    # ---- places

    def _comma(self, start: int, end: int) -> int:
        """Where the comma behind an entry is, -1 where there is none."""
        found = re.match(r"(?:[ \t\r\n]|\\\r?\n|#[^\r\n]*)*,", self.text[start:end])
        return start + found.end() - 1 if found else -1

    def _line_start(self, place: int) -> int:
        return max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1

    def _line_end(self, place: int) -> int:
        found = re.compile(r"[\r\n]|\Z").search(self.text, place)
        return found.start() if found else len(self.text)

    def _starts_line(self, place: int) -> bool:
        return not self.text[self._line_start(place) : place].strip(" \t")

    def _indent(self, one: Entry) -> str:
        start = one.span[0] if one.span else self.node.inner[0]
        found = re.match(r"[ \t]*", self.text[self._line_start(start) :])
        return found[0] if found else ""


def spliced(text: str, found: Sequence[Edit]) -> str:
    """The text after the edits. Edits at one place come in their order; where two overlap, AssertionError: our bug."""
    pieces, at = [], 0
    for edit in sorted(found, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise AssertionError(f"two edits of one text overlap at character {edit.start}")
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])
