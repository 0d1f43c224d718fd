"""Calls whose parameters are the parts of an object, wherever in it they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .node import Dialect, Entry, Node

if TYPE_CHECKING:
    import libcst

    from .read import Reader


_NAME = re.compile(r"[^\W\d]\w*(?:\.metadata|\[[\"']metadata[\"']\])(?:\.name|\[[\"']name[\"']\])")


def flat(reader: Reader, node: libcst.Call, dialect: Dialect, klass: str) -> Node:
    """The object that the call makes; its parts know which parameter they are."""
    call = reader.call(node, dialect, klass, 0)
    if hidden := next((one.key for one in call.entries if one.key and one.key[1:] in dialect.open_by), None):
        call.fixed = f"{hidden[1:]} may say something else"
    entries = {one.key[1:]: one for one in call.entries if one.key}
    entries |= _added_later(reader, node, dialect, entries)
    root = Node("mapping", call.span, fixed=call.fixed, line=call.line, style="call", callee=call.callee, holder=call)
    for parameter, pointer in dialect.flat[klass].items():
        *above, last = pointer.split("/")[1:]
        holder = _synthetic(root, above, call)
        holder.names = {**holder.names, last: f"={parameter}"}
        if (entry := entries.get(parameter)) is not None:
            holder.entries = [one for one in holder.entries if one.key != last]
            holder.entries.append(Entry(last, as_variables(entry.node) if last == "env" else entry.node, entry.span, entry.use))
    return root


def _added_later(reader: Reader, node: libcst.Call, dialect: Dialect, entries_by_key: Mapping[str, Entry]) -> dict[str, Entry]:
    """Lists that must have items, and that methods of the object add to: each with a placeholder for what they add."""
    entries = {}
    for parameter, methods in dialect.adders.items():
        line = reader.source.changed_at(node, frozenset(methods))
        if not line and parameter in entries_by_key:
            continue
        entry, line = entries_by_key.get(parameter), line or reader.source.line(node)
        placeholder = Entry(None, Node("opaque", value=f"${{what {methods[0]} adds}}", fixed="it is added later", line=line))
        before = entry.node.entries if entry is not None and entry.node.kind == "sequence" else []
        if entry is None or entry.node.kind == "sequence":
            entries[parameter] = Entry(None, Node("sequence", entries=[*before, placeholder], fixed=f"line {line} adds to it", line=line))
    return entries


def _synthetic(root: Node, above: list[str], call: Node) -> Node:
    """The mapping at a path of keys below the root, made where it is not there."""
    node = root
    for part in above:
        if part.isdigit():
            if not node.entries:
                node.kind = "sequence"
                node.entries.append(Entry(None, Node("mapping", holder=call, line=call.line)))
            node = node.entries[int(part)].node
            continue
        entry = node.entry(part)
        if entry is None:
            entry = Entry(part, Node("mapping", holder=call, line=call.line))
            node.entries.append(entry)
        node = entry.node
    return node


def as_variables(node: Node) -> Node:
    """Environment variables written as a dict, as the list that they become."""
    if node.kind != "mapping" or node.style != "dict":
        return node
    items = [
        Entry(
            None,
            Node(
                "mapping",
                entry.span,
                entries=[Entry("name", Node("scalar", value=entry.key)), Entry("value", entry.node)],
                line=entry.node.line,
            ),
        )
        for entry in node.entries
    ]
    return Node("sequence", node.span, entries=items, fixed="it is written as a dict", line=node.line)


def named(reader: Reader, node: libcst.BaseExpression, dialect: Dialect) -> Node:
    """The name of the object that an argument takes, where the program spells it."""
    import libcst

    expression = reader.source.assigned(node) if isinstance(node, libcst.Name) else node
    name: object = None
    if expression is not None and (inner := reader.source.wrapped(expression, [dialect])) is not None:
        name = reader.literal(inner)
    elif isinstance(expression, libcst.Call):
        name = _own_name(reader, expression)
    if not isinstance(name, str):
        return reader.opaque(node)
    reason = "it takes an object of the program, not a name"
    return Node("scalar", reader.source.span(node), name, fixed=reason, line=reader.source.line(node))


def name_of_another(reader: Reader, node: libcst.BaseExpression) -> str | None:
    """The literal name of another object of the program, asked of it: `x.metadata.name` or `x.metadata["name"]`."""
    import libcst

    match = _NAME.fullmatch(reader.source.cut(node)) if isinstance(node, libcst.Attribute | libcst.Subscript) else None
    top = node.value.value if match and isinstance(node.value, libcst.Attribute | libcst.Subscript) else None  # type: ignore[attr-defined]
    expression = reader.source.assigned(top) if isinstance(top, libcst.Name) else None
    if not isinstance(expression, libcst.Call):
        return None
    result = reader.made(expression)
    metadata = result.entry("metadata") if result is not None else None
    name = metadata.node.entry("name") if metadata is not None else None
    return name.node.value if name is not None and name.node.kind == "scalar" and isinstance(name.node.value, str) else None


def _own_name(reader: Reader, node: libcst.Call) -> str | None:
    """What the object is called that a call makes."""
    result = reader.made(node)
    metadata = result.plain().get("metadata") if result is not None else None
    if not isinstance(metadata, dict):
        return None
    name = metadata.get("name") or str(metadata.get("generateName", "")).rstrip("-")
    return name if isinstance(name, str) and name and "${" not in name else None
