"""Changes of declarations to the program's new text, imports included."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .beside import Beside
from .edit import CannotEdit, Draft, Op, apply
from .imports import modules, needed
from .layout import laid_out
from .node import Declaration, Dialect, Node
from .parse import check
from .read import source_of
from .source import SourceText
from .splice import Edit, edits, spliced
from .texts import CannotSpell, respelled
from .write import Style


class Change(NamedTuple):
    """What is to happen to one declaration: operations on its value, objects to be declared before it, or a new text for
    its block. `document` is the caller's number for it."""

    declaration: Declaration
    ops: Sequence[Op]
    added: Sequence[Any]
    document: int
    text: str | None = None


class RefusedChange(ValueError):
    """A change that the text cannot take."""

    def __init__(self, document: int, pointer: str, reason: str, line: int) -> None:
        super().__init__(reason)
        self.document, self.pointer, self.reason, self.line = document, pointer, reason, line


class NoRoom(RefusedChange):
    """There is no place beside a declaration for another."""


def rewrite(text: str, dialects: Sequence[Dialect], changes: Sequence[Change]) -> str:
    """The new text; it compiles. Raises RefusedChange."""
    source = source_of(text)
    style = _style(source)
    result: list[Edit] = []
    called: list[tuple[Node, list[str]]] = []
    beside = Beside(text, style)
    for change in changes:
        block, dialect = change.declaration.block, _dialect(change.declaration, dialects)
        if change.text is not None and block is not None:
            try:
                result.append(Edit(*block.span, respelled(block, change.text, style.newline)))
            except CannotSpell as error:
                raise RefusedChange(change.document, "", str(error), change.declaration.line) from error
            continue
        for value in change.added:
            if reason := beside.declare(change.declaration, value, dialect):
                raise NoRoom(change.document, "", reason, change.declaration.line)
        try:
            draft = _draft(change, dialect, beside.variables)
        except CannotEdit as error:
            raise RefusedChange(change.document, error.pointer, error.reason, error.line) from error
        output, classes = edits(draft, text, style)
        root = change.declaration.node
        result += laid_out(output, root, draft, text, style) if root is not None else output
        called += classes
    result += beside.edits()
    result += [*needed(source, called, spliced(text, result), style), *modules(source, beside.imports, style)]
    new = spliced(text, result)
    check(new)
    return new


def _dialect(declaration: Declaration, dialects: Sequence[Dialect]) -> Dialect | None:
    """The declaration's own, else that of the models a dict may hold."""
    expected = {"airflow": "kubernetes", "": "kubernetes"}.get(declaration.dialect, declaration.dialect)
    return next((dialect for dialect in dialects if dialect.id == expected), None)


def _draft(change: Change, dialect: Dialect | None, variables: Mapping[str, str]) -> Draft:
    draft, root = Draft(dialect, variables), change.declaration.node
    if root is None:
        raise CannotEdit("", "it is no value", change.declaration.line)
    for op in change.ops:
        apply(draft, root, op)
    return draft


def _style(source: SourceText) -> Style:
    """The quote, the indentation and the line break that the program uses."""
    double, single = len(re.findall(r'(?<!")"(?!")', source.text)), len(re.findall(r"(?<!')'(?!')", source.text))
    step = source.root.default_indent  # that of its blocks: what stands in its strings may be indented otherwise
    newline = re.search(r"\r\n|\n|\r", source.text)
    return Style("'" if single > double else '"', step if len(step) <= 4 else "    ", newline[0] if newline else "\n")


def line_of(declaration: Declaration, pointer: str) -> int:
    """The 1-based line of the nearest thing to a pointer that is written down."""
    node, line = declaration.node, declaration.line
    for step in [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]:
        if node is None:
            break
        entry = (
            node.entry(step)
            if node.kind == "mapping"
            else node.entries[int(step)]
            if step.isdigit() and int(step) < len(node.entries)
            else None
        )
        if entry is None:
            break
        node = entry.node
        line = node.line if node.span or node.entries else line
    return line
