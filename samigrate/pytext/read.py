"""From Python source to what it declares: whole objects, parts of objects, and texts that hold documents.

A value is followed through a variable that is assigned once. Whatever only running the program would tell is an opaque
placeholder; whatever may be changed behind our back is `fixed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .flat import as_variables, flat, name_of_another, named
from .node import Declaration, Dialect, Entry, Node
from .parse import parse
from .source import SourceText, held
from .texts import block

if TYPE_CHECKING:
    import libcst

DEEPEST = 60
_CHANGERS = frozenset(("append", "extend", "insert", "update", "setdefault", "pop", "popitem", "clear", "remove", "__setitem__"))
NOT_SPELLED = object()


def read(text: str, dialects: Sequence[Dialect]) -> list[Declaration]:
    """Everything the program declares, in the order of the text. Raises PyError and MissingLibrary."""
    reader = Reader(source_of(text), dialects)
    declarations = list(reader.objects())
    declarations += reader.fragments()
    return sorted(
        declarations,
        key=lambda declaration: (
            declaration.node.span if declaration.node and declaration.node.span else declaration.block.span if declaration.block else (0, 0)
        ),
    )


@lru_cache(maxsize=4)
def source_of(text: str) -> SourceText:
    """The text's tree, which its readers and its editors share. Raises PyError and MissingLibrary."""
    return SourceText(text, parse(text))


class Reader:
    """Reads the values of one program. `taken` are the expressions that some declaration is made of."""

    def __init__(self, source: SourceText, dialects: Sequence[Dialect]) -> None:
        self.source, self.dialects = source, dialects
        self.taken: set[int] = set()

    def objects(self) -> Iterator[Declaration]:
        """Whole objects: calls that make one, dicts with `apiVersion` and `kind`, texts."""
        import libcst

        for node in self.source.walk():
            if id(node) in self.taken:
                continue
            if isinstance(node, libcst.Call) and (existing := self.source.known_class(node, self.dialects)):
                dialect, klass = existing
                if klass in dialect.objects:
                    yield self._object(node, dialect, klass)
            elif isinstance(node, libcst.Dict) and self._is_manifest(node):
                value = self.value(node, None, 0)
                value.fixed = value.fixed or self._changed_later(node)
                yield Declaration("object", value.line, self.source.home(node), "", value, None, None, self._list_of(node))
            elif isinstance(node, libcst.BaseString) and (result := block(self.source, node)):
                self.taken.update(id(part) for part in (node, *held(node)))
                yield Declaration("text", self.source.line(node), self.source.home(node), "", None, result)

    def fragments(self) -> Iterator[Declaration]:
        """Parts of objects that no object of this program is made of."""
        import libcst

        for node in self.source.walk():
            if isinstance(node, libcst.Call) and id(node) not in self.taken and (existing := self.source.known_class(node, self.dialects)):
                dialect, klass = existing
                if klass in dialect.fragments:
                    yield self._fragment(node, dialect, dialect.fragments[klass], klass)

    def _object(self, node: libcst.Call, dialect: Dialect, klass: str) -> Declaration:
        value = flat(self, node, dialect, klass) if klass in dialect.flat else self.value(node, None, 0)
        value.fixed = value.fixed or self._changed_later(node)
        value.entries = [*_constants(value, dialect.objects[klass]), *value.entries]
        if dialect.positional:
            self._name_by_position(value, node, dialect)
        return Declaration("object", value.line, self.source.home(node), dialect.id, value, None, self.source.statement(node))

    def made(self, node: libcst.Call) -> Node | None:
        """The object that a call makes; to read it for another's sake does not make it a part of that."""
        existing = self.source.known_class(node, self.dialects)
        if existing is None or existing[1] not in existing[0].objects:
            return None
        used = set(self.taken)
        result = self._object(node, *existing).node
        self.taken = used
        return result

    def _name_by_position(self, value: Node, node: libcst.Call, dialect: Dialect) -> None:
        """A resource without a name of its own gets one that begins with its first or second argument."""
        index = dialect.positional.index("name") if "name" in dialect.positional else -1
        spelled = self.literal(node.args[index].value) if 0 <= index < len(node.args) and not node.args[index].keyword else None
        metadata = value.entry("metadata")
        if metadata is None and isinstance(spelled, str):
            named = Node("mapping", entries=[Entry("generateName", Node("scalar", value=spelled + "-"))], line=value.line)
            named.holder, named.inside = value.holder or value, value.names.get("metadata", "metadata")
            value.entries.append(Entry("metadata", named))
        elif metadata is not None and isinstance(spelled, str) and metadata.node.kind == "mapping" and not metadata.node.entry("name"):
            metadata.node.entries.append(Entry("generateName", Node("scalar", value=spelled + "-")))

    def _list_of(self, node: libcst.Dict) -> Node | None:
        """The list that a dict is an item of, its items unread."""
        import libcst

        parent = self.source.parent(node)
        above = self.source.parent(parent)
        if not isinstance(parent, libcst.Element) or not isinstance(above, libcst.List):
            return None
        entries = [Entry(None, Node("opaque"), self.source.span(element), self.source.span(element.value)) for element in above.elements]
        counted = self.source.counted(above)
        return Node("sequence", self.source.span(above), None, entries, self.source.inside(above), "list", counted)

    def _fragment(self, node: libcst.Call, dialect: Dialect, facts: Mapping[str, Any], klass: str) -> Declaration:
        part = self.value(node, None, 0)
        part.fixed = part.fixed or self._changed_later(node)
        home = self.source.home(node)
        named = Node("mapping", entries=[Entry("name", Node("scalar", value=home or klass))], fixed="it has no metadata here")
        entries = [
            *_constants(part, {key: facts[key] for key in ("apiVersion", "kind")}),
            Entry("metadata", named),
            Entry(facts["at"], part),
        ]
        full = Node("mapping", part.span, entries=entries, fixed="", line=part.line)
        return Declaration("fragment", part.line, home, dialect.id, full)

    # ---- values

    def value(self, node: libcst.BaseExpression, dialect: Dialect | None, depth: int) -> Node:
        """What an expression says."""
        import libcst

        span, line = self.source.span(node), self.source.line(node)
        literal = self.literal(node)
        if literal is not NOT_SPELLED:
            return Node("scalar", span, literal, line=line)
        if dialect is not None and (inner := self.source.wrapped(node, [dialect])) is not None:
            return replace(self.value(inner, dialect, depth + 1), span=span, fixed="a call makes it")
        if dialect is not None and (name := name_of_another(self, node)) is not None:
            return Node("scalar", span, name, line=line)
        if depth < DEEPEST:
            self.taken.add(id(node))
            if isinstance(node, libcst.Name):
                return self._variable(node, dialect, depth) or self.opaque(node)
            if isinstance(node, libcst.List) or (isinstance(node, libcst.Tuple) and node.lpar):
                return self._sequence(node, dialect, depth)
            if isinstance(node, libcst.Dict):
                return self._dict(node, dialect, depth)
            if isinstance(node, libcst.Call) and (existing := self.source.known_class(node, self.dialects)):
                return self.call(node, *existing, depth)
        return self.opaque(node)

    def literal(self, node: libcst.BaseExpression) -> Any:
        import libcst

        if isinstance(node, libcst.SimpleString | libcst.ConcatenatedString | libcst.Integer | libcst.Float):
            value = node.evaluated_value
            return value if isinstance(value, str | int | float) else NOT_SPELLED
        if isinstance(node, libcst.UnaryOperation) and isinstance(node.operator, libcst.Minus):
            value = self.literal(node.expression)
            return -value if isinstance(value, int | float) else NOT_SPELLED
        if isinstance(node, libcst.Name) and node.value in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[node.value]
        return NOT_SPELLED

    def opaque(self, node: libcst.BaseExpression) -> Node:
        spelled = re.sub(r"[{}\s]+", " ", self.source.cut(node)).strip()
        shown = spelled if len(spelled) <= 60 else spelled[:59] + "…"
        return Node("opaque", self.source.span(node), f"${{{shown}}}", fixed="its value is known only when the program runs",
                    line=self.source.line(node))  # fmt: skip

    def _sequence(self, node: libcst.List | libcst.Tuple, dialect: Dialect | None, depth: int) -> Node:
        import libcst

        entries, fixed = [], ""
        for element in node.elements:
            if isinstance(element, libcst.StarredElement):
                fixed = "it is put together from other lists"
            value = self.value(element.value, dialect, depth + 1)
            entries.append(Entry(None, value, self.source.span(element), self.source.span(element.value)))
        style = "list" if isinstance(node, libcst.List) else "tuple"
        return Node("sequence", self.source.span(node), None, entries, self.source.inside(node), style, fixed, line=self.source.line(node))

    def _dict(self, node: libcst.Dict, dialect: Dialect | None, depth: int) -> Node:
        import libcst

        entries, fixed, is_snake = [], "", False
        for element in node.elements:
            key = self.literal(element.key) if isinstance(element, libcst.DictElement) else None
            if not isinstance(key, str):
                fixed = "other keys may come from elsewhere"
                continue
            is_snake = is_snake or "_" in key
            key = dialect.key(key) if dialect and dialect.spells_dicts else key
            below = dialect if dialect and key not in dialect.verbatim else None
            value = self.value(element.value, below, depth + 1)
            entries.append(Entry(key, value, self.source.span(element), self.source.span(element.value)))
        if len({entry.key for entry in entries}) < len(entries):
            fixed = "a key stands there twice"
        result = Node(
            "mapping", self.source.span(node), None, entries, self.source.inside(node), "dict", fixed, line=self.source.line(node)
        )
        result.is_snake = is_snake and dialect is not None and dialect.spells_dicts
        return result

    def call(self, node: libcst.Call, dialect: Dialect, klass: str, depth: int) -> Node:
        self.taken.add(id(node))
        entries, fixed = [], ""
        for index, arg in enumerate(node.args):
            if arg.keyword is None:
                if arg.star or not (index < len(dialect.positional) and klass in dialect.objects):
                    fixed = "it takes arguments that other code puts together" if arg.star else "it takes positional arguments"
                entries.append(Entry(f"={index}", self.opaque(arg.value), self.source.span(arg), self.source.span(arg.value)))
                continue
            name = arg.keyword.value
            key = f"={name}" if name in dialect.own or klass in dialect.flat else dialect.key(name)
            if name in dialect.named:
                value = named(self, arg.value, dialect)
            else:
                value = self.value(arg.value, None if key in dialect.verbatim else dialect, depth + 1)
            value = as_variables(value) if key == "env" else value
            if value.kind == "sequence":
                value.klass = dialect.fields.get(klass, {}).get(key, "")
            entries.append(Entry(key, value, self.source.span(arg), self.source.span(arg.value)))
        callee = self.source.cut(node.func)
        result = Node("mapping", self.source.span(node), None, entries, self.source.inside(node), "call", fixed, klass, callee)
        result.line, result.entries = self.source.line(node), entries
        result.entries += _constants(result, dialect.defaults.get(klass, {}))
        return result

    # ---- variables

    def _variable(self, node: libcst.Name, dialect: Dialect | None, depth: int) -> Node | None:
        """What a variable holds that is assigned once, where it is used or in the module."""
        expression = self.source.assigned(node)
        if expression is None:
            return None
        result = self.value(expression, dialect, depth + 1)
        if result.kind not in ("scalar", "opaque"):
            result.fixed = result.fixed or self._changed_later(expression) or self.source.used_elsewhere(expression)
        return result

    def _changed_later(self, node: libcst.CSTNode) -> str:
        """Why what an expression makes may be changed after it is made, or ""."""
        line = self.source.changed_at(node, _CHANGERS)
        return f"line {line} changes it later" if line else ""

    # ---- particular shapes

    def _is_manifest(self, node: libcst.Dict) -> bool:
        import libcst

        keys = {
            self.literal(dict_element.key)
            for dict_element in node.elements
            if isinstance(dict_element, libcst.DictElement) and isinstance(dict_element.key, libcst.SimpleString)
        }
        return {"apiVersion", "kind"} <= keys


def _constants(node: Node, facts: Mapping[str, Any]) -> list[Entry]:
    present = {entry.key for entry in node.entries}
    return [Entry(key, Node("scalar", value=value)) for key, value in facts.items() if key not in present]
