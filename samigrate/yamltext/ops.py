"""Operations on a document, and the draft they leave: what of the old document stays, goes, changes or is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .node import Node, is_index, parts
from .page import Page
from .parse import node_key

FIRST = "^"
"""In `Op.after`: write the new key before all others."""


class Op(NamedTuple):
    """One RFC 6902 operation: `add`, `remove` or `replace` at a JSON Pointer into the document.

    A new mapping key is written after the first key of `after` that is there, `("^",)` means first, and else last.
    """

    op: str
    pointer: str
    value: Any = None
    after: tuple[str, ...] = ()


class CannotEdit(ValueError):
    """An operation that this library cannot write down safely. `line` is 1-based in the chunk."""

    def __init__(self, pointer: str, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {pointer or 'the document'}: {reason}")
        self.pointer = pointer
        self.reason = reason
        self.line = line


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one value: the root, a mapping's entry or a sequence's item.

    `old` is the node it had, None if the place is new. `is_fresh` says that `value` replaces it. `inner` is the draft
    of its collection once something in there has changed, `has_gone` whether anything of it may be gone. `behind` is the
    slot a new entry was asked to follow.
    """

    key: str = ""
    key_node: Node | None = None
    old: Node | None = None
    is_fresh: bool = False
    value: Any = None
    inner: list[Slot] = field(default_factory=list)
    has_gone: bool = False
    is_gone: bool = False
    behind: Slot | None = None
    pointer: str = ""
    is_merge: bool = False


def draft(page: Page, root: Node | None, ops: Sequence[Op]) -> Slot:
    """The document after `ops`, each seeing those before it. Raises CannotEdit."""
    slot = Slot(old=root)
    shared = {id(node.target) for node in _all(root) if node.kind == "alias"} if root and "*" in page.text else set()
    for op in ops:
        _Step(page, shared, op).apply(slot)
    return slot


def _all(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


class _Step(NamedTuple):
    """One operation on its way down the draft."""

    page: Page
    shared: set[int]
    op: Op

    def refuse(self, reason: str, node: Node | None = None) -> CannotEdit:
        return CannotEdit(self.op.pointer, reason, self.page.line(node.start if node else 0))

    def apply(self, root: Slot) -> None:
        if self.op.op not in ("add", "remove", "replace"):
            raise self.refuse(f"unknown operation {self.op.op!r}")
        steps = parts(self.op.pointer)
        if not steps:
            self._apply_to_root(root)
            return
        slot = root
        for depth, step in enumerate(steps[:-1]):
            if slot.is_fresh:
                slot.value = _apply_plain(self, slot.value, steps[depth:])
                return
            slot = self._child(slot, step)
        if slot.is_fresh:
            slot.value = _apply_plain(self, slot.value, steps[-1:])
            return
        self._apply_in(slot, steps[-1])

    def _apply_to_root(self, root: Slot) -> None:
        if self.op.op == "remove":
            raise self.refuse("the whole document cannot be removed", root.old)
        root.is_fresh, root.value, root.pointer = True, copied(self.op.value), self.op.pointer

    def _apply_in(self, slot: Slot, step: str) -> None:
        node = self._open(slot)
        if node.kind == "scalar" or (node.style and not node.children):
            self._fill(slot, node, step)
        elif node.kind == "mapping":
            self._edit_mapping(slot, node, step)
        else:
            self._edit_sequence(slot, node, step)

    def _open(self, slot: Slot) -> Node:
        """The node of a slot whose content is to be changed, with its draft begun."""
        node = slot.old
        if node is None:
            raise self.refuse("the document is empty")
        if node.kind == "alias":
            name = self.page.text[node.start + 1 : node.end]
            raise self.refuse(f"it lies behind the alias *{name}: the edit would reach every user of the anchor", node)
        if id(node) in self.shared:
            raise self.refuse(f"it lies in the anchor &{node.anchor}: the edit would reach every user of it", node)
        if node.style == "?":
            raise self.refuse("it lies in a mapping without braces inside a list", node)
        if not slot.inner:
            slot.inner = _slots(self.page.text, node)
        return node

    def _child(self, slot: Slot, step: str) -> Slot:
        node = self._open(slot)
        if node.kind == "mapping":
            child = self._entry(slot, node, step)
            if child is None:
                if step in _inherited(slot):
                    raise self.refuse(f"{step!r} is merged from an anchor: the edit would reach every user of it", node)
                raise self.refuse(f"there is no {step!r}", node)
            return child
        if node.kind == "sequence":
            return self._item(slot, node, step)
        raise self.refuse("it lies below a value that is neither mapping nor list", node)

    def _fill(self, slot: Slot, node: Node, step: str) -> None:
        """Add to a mapping or list that is empty, or to nothing at all."""
        if self.op.op != "add":
            raise self.refuse("there is no such entry", node)
        if node.kind == "scalar" and (node.value is not None or is_index(step)):
            raise self.refuse("it lies below a value that is neither mapping nor list", node)
        empty: Any = None if node.kind == "scalar" else [] if node.kind == "sequence" else {}
        slot.is_fresh, slot.value, slot.inner, slot.pointer = True, _apply_plain(self, empty, [step]), [], self.op.pointer

    def _entry(self, slot: Slot, node: Node, key: str) -> Slot | None:
        slots = [inner for inner in slot.inner if inner.key == key and not inner.is_gone and not inner.is_merge]
        if len(slots) > 1:
            raise self.refuse(f"the key {key!r} stands here twice", slots[1].key_node)
        if slots and _is_explicit(node, slots[0]):
            raise self.refuse("the key is written with `?`", slots[0].key_node)
        return slots[0] if slots else None

    def _item(self, slot: Slot, node: Node, step: str) -> Slot:
        live = [inner for inner in slot.inner if not inner.is_gone] if slot.has_gone else slot.inner
        if not is_index(step) or int(step) >= len(live):
            raise self.refuse(f"there is no item {step}", node)
        return live[int(step)]

    def _edit_mapping(self, slot: Slot, node: Node, key: str) -> None:
        keys = [inner.key for inner in slot.inner if not inner.is_gone]
        if len(set(keys)) != len(keys):
            raise self.refuse("a key stands twice in this mapping", node)
        result = self._entry(slot, node, key)
        inherited = _inherited(slot)
        is_new = result is None and (self.op.op == "add" or key in inherited)
        if (is_new or self.op.op == "remove") and any(_is_explicit(node, inner) for inner in slot.inner):
            raise self.refuse("a key of this mapping is written with `?`", node)
        if self.op.op == "remove":
            if key in inherited:
                raise self.refuse(f"{key!r} is merged from an anchor and cannot be removed here", node)
            if result is None:
                raise self.refuse("there is no such key", node)
            slot.has_gone = True
            _remove(result, slot.inner, self.op.pointer)
        elif result is not None:
            _replace(result, self.op)
        elif self.op.op == "replace" and key not in inherited:
            raise self.refuse("there is no such key", node)
        else:
            self._add_key(slot, key, is_override=key in inherited)

    def _add_key(self, slot: Slot, key: str, *, is_override: bool) -> None:
        gone = next((inner for inner in slot.inner if inner.key == key and inner.is_gone and inner.old), None)
        if gone is not None:
            gone.is_gone = False
            _replace(gone, self.op)
            return
        new = Slot(key=key, is_fresh=True, value=copied(self.op.value), pointer=self.op.pointer)
        position = len(slot.inner)
        if self.op.after[:1] == (FIRST,):
            position = 0
        else:
            new.behind = next((inner for name in self.op.after for inner in slot.inner if inner.key == name and not inner.is_merge), None)
        if new.behind is not None:
            position = slot.inner.index(new.behind) + 1
            followers = {id(new.behind)}
            while position < len(slot.inner) and id(slot.inner[position].behind) in followers:
                followers.add(id(slot.inner[position]))
                position += 1
        if is_override:
            # go-yaml v2 lets a merge key override what stands before it.
            position = max(position, 1 + max(index for index, inner in enumerate(slot.inner) if inner.is_merge))
        slot.inner.insert(position, new)

    def _edit_sequence(self, slot: Slot, node: Node, step: str) -> None:
        if self.op.op == "add":
            live: Sequence[int] = range(len(slot.inner))
            if slot.has_gone:
                live = [index for index in live if not slot.inner[index].is_gone]
            if step != "-" and (not is_index(step) or int(step) > len(live)):
                raise self.refuse(f"there is no item {step}", node)
            index = len(live) if step == "-" else int(step)
            new = Slot(is_fresh=True, value=copied(self.op.value), pointer=self.op.pointer)
            slot.inner.insert(live[index] if index < len(live) else len(slot.inner), new)
            return
        result = self._item(slot, node, step)
        if self.op.op == "remove":
            slot.has_gone = True
            _remove(result, slot.inner, self.op.pointer)
        else:
            _replace(result, self.op)


def _slots(text: str, node: Node) -> list[Slot]:
    if node.kind == "mapping":
        pairs = zip(node.keys, node.values, strict=True)
        return [Slot(node_key(key), key, value, is_merge=_is_merge(text, key)) for key, value in pairs]
    if node.kind == "sequence":
        return [Slot(old=item) for item in node.children]
    return []


def _is_merge(text: str, key: Node) -> bool:
    if key.kind != "scalar" or key.style or text[key.body : key.end] != "<<":
        return False
    return "!" not in text[key.start : key.body] or "merge" in text[key.start : key.body]


def _is_explicit(node: Node, slot: Slot) -> bool:
    """Whether a block entry is written `? key`, or without a key."""
    if node.style or slot.key_node is None:
        return False
    key = slot.key_node
    is_block = key.kind in ("mapping", "sequence") and not key.style
    return is_block or key.start == key.end or key.column != node.column


def _inherited(slot: Slot) -> set[str]:
    """The keys that a mapping has by its merge keys."""
    names: set[str] = set()
    for inner in slot.inner:
        if inner.is_merge and inner.old is not None:
            names |= _merged_keys(inner.old)
    return names


def _merged_keys(node: Node) -> set[str]:
    if node.kind == "alias":
        return _merged_keys(node.target) if node.target else set()
    if node.kind == "sequence":
        return set().union(*(_merged_keys(item) for item in node.children))
    names: set[str] = set()
    for key, value in zip(node.keys, node.values, strict=True):
        names |= _merged_keys(value) if node_key(key) == "<<" else {node_key(key)}
    return names


def _remove(slot: Slot, siblings: list[Slot], pointer: str) -> None:
    if slot.old is None:
        siblings.remove(slot)
    slot.is_gone, slot.is_fresh, slot.value, slot.inner, slot.pointer = True, False, None, [], pointer


def _replace(slot: Slot, op: Op) -> None:
    slot.is_fresh, slot.value, slot.inner, slot.pointer = True, copied(op.value), [], op.pointer


def copied(value: Any) -> Any:
    """A plain value with containers of its own."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(inner) for inner in value]
    return value


# ---------------------------------------------------------------- operations inside values that are new


def _apply_plain(step: _Step, value: Any, steps: list[str]) -> Any:
    """`value`, changed in place or made where it was null, after the operation at `steps` below it."""
    key, remainder = steps[0], steps[1:]
    if remainder and isinstance(value, dict) and key in value:
        value[key] = _apply_plain(step, value[key], remainder)
    elif remainder and isinstance(value, list) and is_index(key) and int(key) < len(value):
        value[int(key)] = _apply_plain(step, value[int(key)], remainder)
    elif remainder and isinstance(value, (dict, list)):
        raise step.refuse(f"there is no {key!r}")
    elif value is None and step.op.op == "add" and not remainder and not is_index(key):
        value = [copied(step.op.value)] if key == "-" else {key: copied(step.op.value)}
    elif isinstance(value, dict):
        _apply_to_dict(step, value, key)
    elif isinstance(value, list):
        _apply_to_list(step, value, key)
    else:
        raise step.refuse("it lies below a value that is neither mapping nor list")
    return value


def _apply_to_dict(step: _Step, container: dict[str, Any], key: str) -> None:
    op = step.op
    if op.op != "add" and key not in container:
        raise step.refuse("there is no such key")
    if op.op == "remove":
        del container[key]
        return
    is_new = key not in container
    container[key] = copied(op.value)
    before = next((name for name in op.after if name in container and name != key), None)
    if is_new and (before is not None or op.after[:1] == (FIRST,)):
        order = [name for name in container if name != key]
        order.insert(0 if op.after[:1] == (FIRST,) or before is None else order.index(before) + 1, key)
        entries = {name: container[name] for name in order}
        container.clear()
        container.update(entries)


def _apply_to_list(step: _Step, container: list[Any], part: str) -> None:
    op = step.op
    if op.op == "add" and part == "-":
        container.append(copied(op.value))
        return
    if not is_index(part) or int(part) > len(container) - (op.op != "add"):
        raise step.refuse(f"there is no item {part}")
    if op.op == "add":
        container.insert(int(part), copied(op.value))
    elif op.op == "remove":
        del container[int(part)]
    else:
        container[int(part)] = copied(op.value)
