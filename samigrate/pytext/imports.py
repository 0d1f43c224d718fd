"""Imports that new expressions need, in the program's own style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .edit import Draft, Slot
from .node import Entry, Node
from .splice import Edit, edits
from .write import WIDTH, Bare, Style

if TYPE_CHECKING:
    import libcst

    from .source import SourceText


_WORD = re.compile(r"\w+")


def needed(source: SourceText, called: Sequence[tuple[Node, list[str]]], new: str, style: Style) -> Iterator[Edit]:
    """Edits that import the classes which containers call by their bare names and the program does not know yet, each
    beside the class that its container is; and that take out what nothing uses any more in the new text."""
    imports: dict[int, tuple[libcst.ImportFrom, list[str]]] = {}
    for node, names in called:
        missing = [name for name in dict.fromkeys(names) if name not in source.bound]
        if not missing or (node.callee and "." in node.callee):
            continue
        holder = _import_of(source, node.callee)
        if holder is not None:
            existing = imports.setdefault(id(holder), (holder, []))[1]
            existing += [name for name in missing if name not in existing]
    unused = frozenset(_unused(source, new))
    for name in sorted(unused):
        if (holder := _import_of(source, name)) is not None:
            imports.setdefault(id(holder), (holder, []))
    for holder, names in imports.values():
        yield from _changed(source, holder, names, unused, style)


def _unused(source: SourceText, new: str) -> Iterator[str]:
    """Names that the program has imported and used, and does no more but import."""
    import libcst

    before, after = Counter(_WORD.findall(source.text)), Counter(_WORD.findall(new))
    for node in source.walk():
        if isinstance(node, libcst.ImportFrom) and not isinstance(node.names, libcst.ImportStar):
            for alias in node.names:
                name = alias.evaluated_alias or alias.evaluated_name
                if before[name] > 1 and after[name] == 1:
                    yield name


def _import_of(source: SourceText, name: str) -> libcst.ImportFrom | None:
    """The statement that imports a name; where a list has no class of its own, any that imports a model."""
    import libcst

    for node in source.walk():
        if isinstance(node, libcst.ImportFrom) and not isinstance(node.names, libcst.ImportStar):
            names = [alias.evaluated_alias or alias.evaluated_name for alias in node.names]
            if name in names:
                return node
    return None


def _changed(source: SourceText, node: libcst.ImportFrom, names: Sequence[str], unused: frozenset[str], style: Style) -> Iterator[Edit]:
    import libcst

    if isinstance(node.names, libcst.ImportStar):
        return
    present = [alias.evaluated_name for alias in node.names]
    entries = [Entry(None, Node("opaque"), source.span(alias), source.span(alias)) for alias in node.names]
    first, last = entries[0].span or (0, 0), entries[-1].span or (0, 0)
    inner = (source.text.index("(", source.span(node)[0]) + 1, source.span(node)[1] - 1) if node.lpar else (first[0], last[1])
    holder = Node("sequence", source.span(node), None, entries, inner, "names")
    draft = Draft(None)
    slots = draft.of(holder)
    is_sorted = present == sorted(present)
    for name in sorted(names):
        index = next((at for at, one in enumerate(_named(slots, present)) if is_sorted and one > name), len(slots))
        slots.insert(index, Slot(name, None, Bare(name), is_fresh=True))
    bound = dict(zip(_old(slots), (alias.evaluated_alias or alias.evaluated_name for alias in node.names), strict=True))
    if names or not unused.issuperset(bound.values()):  # a statement keeps at least one
        for position, name in bound.items():
            slots[position].is_gone = name in unused
    expected = [name for name, slot in zip(_named(slots, present), slots, strict=True) if not slot.is_gone]
    column = source.span(node)[0] - max(source.text.rfind("\n", 0, source.span(node)[0]), -1) - 1
    is_short = column + len(source.cut(node)) + sum(len(name) + 2 for name in names) <= WIDTH
    if node.lpar or is_short or any(alias.asname for alias in node.names):
        yield from edits(draft, source.text, style)[0]
        return
    indent = " " * column
    lines = [f"{indent}{style.step}{name}," for name in expected]
    yield Edit(*inner, style.newline.join(["(", *lines, f"{indent})"]))


def _old(slots: Sequence[Slot]) -> list[int]:
    """The places of what stood there before."""
    return [at for at, slot in enumerate(slots) if slot.old is not None]


def _named(slots: Sequence[Slot], present: Sequence[str]) -> list[str]:
    old = iter(present)
    return [slot.key or "" if slot.old is None else next(old) for slot in slots]


def modules(source: SourceText, statements: Sequence[str], style: Style) -> Iterator[Edit]:
    """Edits that add whole import statements behind the last import at the top, unless the program binds the name."""
    import libcst

    expected = [one for one in dict.fromkeys(statements) if one.rpartition(" ")[2] not in source.bound]
    last = None
    for statement in source.root.body:
        if isinstance(statement, libcst.SimpleStatementLine) and isinstance(statement.body[0], libcst.Import | libcst.ImportFrom):
            last = statement
    if expected and last is not None:
        end = source.span(last)[1]
        yield Edit(end, end, "".join(style.newline + one for one in expected))
