"""Operations on declared values: a draft of the containers that they touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .node import Dialect, Entry, Node
from .write import Bare

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
    """The containers of one declaration that operations touch, each with its slots, in the order they were touched.
    `variables` hold the objects that are declared along with it, by name."""

    dialect: Dialect | None
    variables: Mapping[str, str] = field(default_factory=dict)
    slots: dict[int, list[Slot]] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)

    def of(self, node: Node) -> list[Slot]:
        if id(node) not in self.slots:
            self.nodes[id(node)] = node
            self.slots[id(node)] = [Slot(entry.key, entry) for entry in node.entries if entry.span is not None]
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
        expected = node.names.get(step)
        return next((slot for slot in _live(draft, node.holder) if expected and slot.key == expected), None)
    live = _live(draft, node)
    if node.kind == "sequence":
        return live[int(step)] if step.isdigit() and int(step) < len(live) else None
    return next((slot for slot in reversed(live) if slot.key == step), None)


def _synthetic(node: Node, step: str) -> Node | None:
    """A node that is not in the source, which leads to nodes that are."""
    if node.kind == "sequence":
        return (
            node.entries[int(step)].node
            if step.isdigit() and int(step) < len(node.entries) and node.entries[int(step)].span is None
            else None
        )
    entry = node.entry(step)
    return entry.node if entry is not None and entry.span is None else None


def _edit_mapping(draft: Draft, node: Node, key: str, op: Op) -> None:
    target, name, after, value = node, key, op.after, op.value
    if draft.dialect is not None and key == draft.dialect.account.get("user") and op.op != "remove" and value in draft.variables:
        op = op._replace(value=Bare(draft.variables[value]))
        value = op.value
    if node.inside and node.holder is not None and op.op == "add":
        _add_inside(draft, node, node.holder, key, op)
        return
    if node.holder is not None:
        if key not in node.names:
            raise CannotEdit(op.pointer, f"{node.holder.klass} has no parameter for {key}", node.line)
        target, name = node.holder, node.names[key]
        after = tuple(node.names[one] for one in op.after if one in node.names)
        value = _object(draft, name, op, node)
        _allow(target, op)
    elif node.span is None:
        raise CannotEdit(op.pointer, node.fixed or "nobody wrote it here", node.line)
    slots = draft.of(target)
    result = next((slot for slot in reversed(slots) if slot.key == name and not slot.is_gone), None)
    if op.op == "remove" or result is not None:
        _change(result, slots, op, node)
        return
    by_itself = target.entry(name)
    if op.op == "replace" and (by_itself is None or by_itself.span is not None):
        raise CannotEdit(op.pointer, f"there is no {key}", node.line)
    slots.insert(_behind(slots, after), Slot(name, None, value, is_fresh=True))


def _behind(slots: list[Slot], after: tuple[str, ...]) -> int:
    """Where a new key goes: behind the first of the siblings that is there, and what is new behind that."""
    if after[:1] == (FIRST,):
        return _first(slots)
    behind = next((at for one in after for at, slot in enumerate(slots) if slot.key == one), None)
    if behind is None:
        return len(slots)
    index = behind + 1
    while index < len(slots) and slots[index].is_fresh and slots[index].old is None:
        index += 1
    return index


def _first(slots: list[Slot]) -> int:
    """The first place behind positional arguments."""
    return next(
        (at for at, slot in enumerate(slots) if not (slot.key or "").startswith("=") or not (slot.key or "")[1:].isdigit()), len(slots)
    )


def _add_inside(draft: Draft, node: Node, holder: Node, key: str, op: Op) -> None:
    """A key of a mapping that nobody wrote, for which its holder takes one argument."""
    _allow(holder, op)
    slots = draft.of(holder)
    result = next((slot for slot in slots if slot.key == node.inside and slot.is_fresh), None)
    if result is not None:
        result.value = {**result.value, key: op.value}
    else:
        lines = [entry.node.line for entry in holder.entries if entry.span is not None]
        hangs = bool(lines) and lines[0] == holder.line < lines[-1]  # its first line is no place for a mapping
        slots.insert(len(slots) if hangs else _first(slots), Slot(node.inside, None, {key: op.value}, is_fresh=True))


def _object(draft: Draft, name: str, op: Op, node: Node) -> Any:
    """What an argument is to be: the variable of the object that is meant, where it takes no name."""
    if draft.dialect is None or name.removeprefix("=") not in draft.dialect.named or op.op == "remove":
        return op.value
    if op.value not in draft.variables:
        raise CannotEdit(op.pointer, f"{name.removeprefix('=')} takes an object of the program: pass it {op.value}", node.line)
    return Bare(draft.variables[op.value])


def _change(slot: Slot | None, slots: list[Slot], op: Op, node: Node) -> None:
    if slot is None:
        raise CannotEdit(op.pointer, "there is no such key", node.line)
    if slot.old is not None and slot.old.node.fixed and slot.old.node.kind in ("opaque", "scalar"):
        raise CannotEdit(op.pointer, slot.old.node.fixed, slot.old.node.line)
    if op.op != "remove":
        slot.is_fresh, slot.value = True, op.value
    elif slot.old is None:
        slots.remove(slot)
    else:
        slot.is_gone, slot.is_fresh = True, False


def _edit_sequence(draft: Draft, node: Node, step: str, op: Op) -> None:
    if node.span is None or not node.style:
        raise CannotEdit(op.pointer, "it is written in another form", node.line)
    slots, live = draft.of(node), _live(draft, node)
    if op.op == "add":
        if step != "-" and (not step.isdigit() or int(step) > len(live)):
            raise CannotEdit(op.pointer, f"there is no item {step}", node.line)
        position = len(live) if step == "-" else int(step)
        slots.insert(slots.index(live[position]) if position < len(live) else len(slots), Slot(None, None, op.value, is_fresh=True))
        return
    slot = live[int(step)] if step.isdigit() and int(step) < len(live) else None
    _change(slot, slots, op, node)


def _plainly(value: Any, steps: list[str], op: Op, node: Node) -> Any:
    """A fresh value after an operation inside it."""
    key, remainder = steps[0], steps[1:]
    if isinstance(value, dict) and (remainder or op.op != "add") and key not in value:
        raise CannotEdit(op.pointer, f"there is no {key}", node.line)
    if isinstance(value, dict):
        result: Any = {name: item for name, item in value.items() if name != key or remainder or op.op != "remove"}
        if remainder or op.op != "remove":
            result[key] = _plainly(value[key], remainder, op, node) if remainder else op.value
        return result
    if isinstance(value, list) and (key.isdigit() or key == "-"):
        result, position = list(value), len(value) if key == "-" else int(key)
        if remainder:
            result[position] = _plainly(value[position], remainder, op, node)
        elif op.op == "add":
            result.insert(position, op.value)
        elif op.op == "remove":
            del result[position]
        else:
            result[position] = op.value
        return result
    raise CannotEdit(op.pointer, "it holds neither keys nor items", node.line)
