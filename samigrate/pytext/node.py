"""What a Python expression says as a value, and where in the text it says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Span = tuple[int, int]


@dataclass(slots=True, eq=False)
class Node:
    """One value. `span` is where it is written (parentheses included), None for what nobody wrote: a synthetic part.

    A mapping is a call with keyword arguments, a dict, or synthetic; a sequence is a list or a tuple. `inner` is the
    span between the brackets. A scalar holds `value`; an opaque node holds a placeholder there. `fixed` says why
    nothing below the node may be edited, "" where nothing forbids it. `klass` is the class a call makes, as its
    dialect knows it; `callee` its text. `holder` is the call whose arguments a synthetic mapping's keys are,
    `names` which; `inside` is the one argument that would hold the whole mapping. `is_snake`: a dict writes its keys in
    snake case.
    """

    kind: str  # mapping | sequence | scalar | opaque
    span: Span | None = None
    value: Any = None
    entries: list[Entry] = field(default_factory=list)
    inner: Span = (0, 0)
    style: str = ""  # call | dict | list | tuple | ""
    fixed: str = ""
    klass: str = ""
    callee: str = ""
    line: int = 1
    holder: Node | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""
    is_snake: bool = False

    def entry(self, key: str) -> Entry | None:
        """A mapping's entry; the last of that key, as Python has it."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def plain(self) -> Any:
        """The value as plain data; an opaque part is its placeholder."""
        if self.kind == "mapping":
            return {entry.key: entry.node.plain() for entry in self.entries if entry.key is not None}
        if self.kind == "sequence":
            return [entry.node.plain() for entry in self.entries]
        return self.value


@dataclass(slots=True, eq=False)
class Entry:
    """One argument, dict entry or list item. `span` is that of the whole entry without its comma, `use` that of its
    value where it is used (a variable's name, while the node is what the variable holds). `key` is None in a list."""

    key: str | None
    node: Node
    span: Span | None = None
    use: Span | None = None


class Unit(NamedTuple):
    """A piece of a string literal: a character, an escape, or what is filled in when the program runs, for which `value`
    is a word that stands nowhere else."""

    raw: str
    value: str
    is_filled: bool = False


class Block(NamedTuple):
    """A string literal whose text is a document of its own: `span` of what is written between its quotes, the `text` it
    says, and the `indent` that all its lines have in common. `fixed` says why it must not be edited. `opening` is its
    prefix and quote, `style` how it is filled in: `f`, `format`, `%` or not at all; `filled` has a placeholder for each
    word that stands for what is. `counted` says why there must be no more documents than there are."""

    span: Span
    text: str
    indent: str
    fixed: str
    several: bool
    units: tuple[Unit, ...] = ()
    opening: str = ""
    style: str = ""
    filled: Mapping[str, str] = {}
    counted: str = ""

    def lines_before(self, line: int) -> int:
        """How many line breaks of the program stand in the literal before a line of its text, which is 1-based."""
        count_so_far = breaks = 0
        for unit in self.units:
            if count_so_far >= line - 1 and unit.value:
                break
            count_so_far += unit.value.count("\n")
            breaks += unit.raw.count("\n")
        return breaks if self.units else line - 1


class Declaration(NamedTuple):
    """One object that a program declares: `node` is its value, or `block` the text that holds it. `role` is `object`,
    `fragment` or `text`; `statement` the span of the statement it stands in, None where it is nested in another;
    `name` is the function or variable it stands in; `listed` is the list of dicts that it is an item of."""

    role: str
    line: int
    name: str
    dialect: str
    node: Node | None = None
    block: Block | None = None
    statement: Span | None = None
    listed: Node | None = None


class Dialect(NamedTuple):
    """How one library spells values. `modules` are where its classes lie (`*` matches one part), `objects` maps a class
    to the constant parts of the value it makes, `fragments` the same for parts of objects, `flat` a class to pointers by
    parameter. `fields` says which class a new value of a field wants; `renamed` maps spellings to keys where they are
    not the camel case of each other; `own` are parameters that are none of the value's. `defaults` are what a class says
    by itself; `named` are parameters that take an object where the value holds its name, `wraps` methods that only wrap a
    value, each with the place of that among its arguments; `adders` are methods that add to a list."""

    id: str
    about: str
    modules: tuple[str, ...]
    objects: Mapping[str, Mapping[str, Any]]
    fragments: Mapping[str, Mapping[str, Any]]
    flat: Mapping[str, Mapping[str, str]]
    renamed: Mapping[str, str]
    fields: Mapping[str, Mapping[str, str]]
    open_by: frozenset[str]
    own: frozenset[str]
    suffix: str
    positional: tuple[str, ...]
    spells_dicts: bool
    verbatim: frozenset[str]
    account: Mapping[str, str]
    defaults: Mapping[str, Mapping[str, Any]]
    named: frozenset[str]
    wraps: Mapping[str, int]
    adders: Mapping[str, tuple[str, ...]]
    signs: tuple[bytes, ...]

    def key(self, spelled: str) -> str:
        """The key that an attribute's name stands for."""
        if spelled in self.renamed:
            return self.renamed[spelled]
        head, *remainder = spelled.split("_")
        return head + "".join(part[:1].upper() + part[1:] for part in remainder)

    def spell(self, key: str) -> str:
        """The attribute's name for a key."""
        for spelled, other_name in self.renamed.items():
            if other_name == key:
                return spelled
        return "".join("_" + char.lower() if char.isupper() else char for char in key)
