"""One program's text with its tree: spans, names, scopes, and what happens to a value elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from .node import Dialect, Span

if TYPE_CHECKING:
    import libcst
    from libcst.metadata import MetadataWrapper

_DULL = re.compile(
    r"whitespace|_lines|lines_after|header|footer|^[lr]par$|bra(?:ce|cket)$|comma|semicolon|indent|newline|_tok$|^equal$|dot$"
)
ALIASES = 3
"""Through how many variables a value is followed."""
_BREAK = re.compile(r"\r\n|\n|\r")


class SourceText:
    def __init__(self, text: str, wrapper: MetadataWrapper) -> None:
        from libcst.metadata import PositionProvider, ScopeProvider

        self.text, self.root = text, wrapper.module
        self._positions = wrapper.resolve(PositionProvider)
        self._scopes = wrapper.resolve(ScopeProvider)
        self._lines = [0, *(match.end() for match in _BREAK.finditer(text))]
        self._parents: dict[libcst.CSTNode, libcst.CSTNode] = {}
        self._nodes = self._walked()

    def walk(self) -> Sequence[libcst.CSTNode]:
        """Every node but punctuation and space, each before what it holds."""
        return self._nodes

    def _walked(self) -> list[libcst.CSTNode]:
        """libcst's own walk spends most of its time on spaces and commas."""
        nodes: list[libcst.CSTNode] = []
        stack: list[libcst.CSTNode] = [self.root]
        while stack:
            node = stack.pop()
            nodes.append(node)
            for child in held(node):
                self._parents[child] = node
                stack.append(child)
        return nodes

    # ---- places

    def _offset(self, position: Any) -> int:
        line, column = int(position.line), int(position.column)
        return self._lines[line - 1] + column

    def span(self, node: libcst.CSTNode) -> Span:
        """From the first to behind the last character, parentheses included."""
        first: libcst.CSTNode = node
        last: libcst.CSTNode = node
        lpar, rpar = getattr(node, "lpar", ()), getattr(node, "rpar", ())  # an import has one, and no list of them
        if isinstance(lpar, Sequence) and isinstance(rpar, Sequence) and lpar and rpar:
            first, last = lpar[0], rpar[-1]
        return self._offset(self._positions[first].start), self._offset(self._positions[last].end)

    def line(self, node: libcst.CSTNode) -> int:
        return int(self._positions[node].start.line)

    def cut(self, node: libcst.CSTNode) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def inside(self, node: libcst.Call | libcst.Dict | libcst.List | libcst.Tuple) -> Span:
        """The span between a node's own brackets."""
        import libcst

        start, end = self._offset(self._positions[node].start), self._offset(self._positions[node].end)
        if isinstance(node, libcst.Call):
            start = self.text.index("(", self.span(node.func)[1])
        elif isinstance(node, libcst.Tuple):
            start, end = self.span(node)
        return start + 1, end - 1

    # ---- names

    def qualified(self, node: libcst.CSTNode) -> set[str]:
        """The names that an expression may have, as they are imported; asking for the few is faster than for all."""
        scope = self._scopes.get(node)
        return {qualified_name.name for qualified_name in scope.get_qualified_names_for(node)} if scope is not None else set()

    def known_class(self, node: libcst.Call, dialects: Sequence[Dialect]) -> tuple[Dialect, str] | None:
        """The class that a call makes an object of, in the dialect that knows it."""
        for name in sorted(self.qualified(node.func)):
            module, _, klass = name.rpartition(".")
            if klass[:1].isupper():
                for dialect in dialects:
                    if any(_fits(module, pattern) for pattern in dialect.modules):
                        is_whole = klass in dialect.objects or not dialect.suffix
                        return dialect, klass if is_whole else klass.removesuffix(dialect.suffix)
        return None

    def wrapped(self, node: libcst.CSTNode, dialects: Sequence[Dialect]) -> libcst.BaseExpression | None:
        """What is in a call that only wraps a value, as a method of a class that some dialect knows."""
        import libcst

        if not isinstance(node, libcst.Call) or not isinstance(node.func, libcst.Attribute):
            return None
        for dialect in dialects:
            index = dialect.wraps.get(node.func.attr.value)
            if index is None or len(node.args) <= index or any(arg.star or arg.keyword for arg in node.args[: index + 1]):
                continue
            modules = {name.rpartition(".")[0].rpartition(".")[0] for name in self.qualified(node.func)}
            if any(_fits(module, pattern) for module in modules for pattern in dialect.modules):
                return node.args[index].value
        return None

    def parent(self, node: libcst.CSTNode | None) -> libcst.CSTNode | None:
        return self._parents.get(node) if node is not None else None

    def above(self, node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    def home(self, node: libcst.CSTNode) -> str:
        """The function, else the variable or class, that an expression stands in; "" at the top."""
        import libcst

        name = ""
        for parent in self.above(node):
            if isinstance(parent, libcst.FunctionDef):
                return parent.name.value
            if isinstance(parent, libcst.Assign) and not name and isinstance(parent.targets[0].target, libcst.Name):
                name = parent.targets[0].target.value
            if isinstance(parent, libcst.ClassDef) and not name:
                name = parent.name.value
        return name

    def statement(self, node: libcst.CSTNode) -> Span | None:
        """The statement that is nothing but the expression, or its assignment to one variable."""
        import libcst

        parent = self.parent(node)
        if not isinstance(parent, libcst.Expr | libcst.Assign | libcst.AnnAssign):
            return None
        line = self.parent(parent)
        return self.span(line) if isinstance(line, libcst.SimpleStatementLine) and len(line.body) == 1 else None

    def is_bare(self, node: libcst.CSTNode) -> bool:
        """Whether an expression is a statement of its own, as a docstring is."""
        import libcst

        return isinstance(self.parent(node), libcst.Expr)

    # ---- variables

    def assigned(self, node: libcst.Name) -> libcst.BaseExpression | None:
        """The expression that a variable holds, where it is assigned exactly once and by nothing else."""
        import libcst
        from libcst.metadata import Assignment, GlobalScope

        scope = self._scopes.get(node)
        assignments = list(scope[node.value]) if scope is not None else []
        if len(assignments) != 1 or not isinstance(assignments[0], Assignment):
            return None
        if assignments[0].scope is not scope and not isinstance(assignments[0].scope, GlobalScope):
            return None
        target = assignments[0].node
        holder = self.parent(target)
        statement = self.parent(holder) if isinstance(holder, libcst.AssignTarget) else holder
        if isinstance(statement, libcst.Assign) and len(statement.targets) == 1:
            return statement.value
        return statement.value if isinstance(statement, libcst.AnnAssign) and statement.target is target else None

    def _uses(self, value: libcst.CSTNode) -> list[libcst.CSTNode]:
        """Where the variable is used that an expression is assigned to; [] where it is assigned to none."""
        import libcst

        statement = self.parent(value)
        target = None
        if isinstance(statement, libcst.Assign) and len(statement.targets) == 1:
            target = statement.targets[0].target
        elif isinstance(statement, libcst.AnnAssign):
            target = statement.target
        scope = self._scopes.get(target) if isinstance(target, libcst.Name) else None
        if scope is None or not isinstance(target, libcst.Name):
            return []
        return [access.node for assignment in scope[target.value] for access in assignment.references]

    def counted(self, value: libcst.CSTNode) -> str:
        """Why what an expression makes must have no more items than it has, or ""."""
        line = self.counted_at(value)
        return f"line {line} counts on their number" if line else ""

    def counted_at(self, value: libcst.CSTNode, depth: int = 0) -> int:
        """The line at which items of what an expression makes are told apart by their places, 0 where none is seen: it
        is unpacked, or taken by an index or by `next`."""
        import libcst

        node, parent = value, self.parent(value)
        while isinstance(parent, libcst.Arg | libcst.Call) and not (isinstance(parent, libcst.Call) and parent.func is node):
            if isinstance(parent, libcst.Call) and isinstance(parent.func, libcst.Name) and parent.func.value == "next":
                return self.line(parent)
            node, parent = parent, self.parent(parent)
        if isinstance(parent, libcst.Subscript) and parent.value is node:
            return self.line(parent)
        if isinstance(parent, libcst.Assign) and any(
            isinstance(assign_target.target, libcst.Tuple | libcst.List) for assign_target in parent.targets
        ):
            return self.line(parent)
        if depth > ALIASES or not isinstance(parent, libcst.Assign | libcst.AnnAssign):
            return 0
        return next((line for use in self._uses(node) if (line := self.counted_at(use, depth + 1))), 0)

    def filled(self, value: libcst.CSTNode, methods: Mapping[str, str], engines: frozenset[str]) -> tuple[str, str]:
        """How a text is filled in where it is used: by a method's style, by `%`, or "" where it is not; and "?" where some
        use fills it in otherwise than another, or by an engine."""
        current = self._filled(value, methods, engines)
        styles = {current} if current else {self._filled(use, methods, engines) for use in self._uses(value)} or {""}
        return ("", "?") if "?" in styles or len(styles) > 1 else (styles.pop(), "")

    def _filled(self, use: libcst.CSTNode, methods: Mapping[str, str], engines: frozenset[str]) -> str:
        import libcst

        parent = self.parent(use)
        if isinstance(parent, libcst.Attribute) and parent.value is use:
            name = parent.attr.value
            return methods.get(name, "?" if name in engines else "")
        if isinstance(parent, libcst.BinaryOperation) and isinstance(parent.operator, libcst.Modulo) and parent.left is use:
            return "%"
        call = self.parent(parent) if isinstance(parent, libcst.Arg) else None
        if isinstance(call, libcst.Call) and self.cut(call.func).rpartition(".")[2] in engines:
            return "?"
        return ""

    def used_elsewhere(self, value: libcst.CSTNode) -> str:
        """Why an edit of a variable's value would reach more than one use, or ""."""
        uses = self._uses(value)
        return "more than one place uses it" if len(uses) > 1 else ""

    def changed_at(self, value: libcst.CSTNode, changers: frozenset[str], depth: int = 0) -> int:
        """The line at which what a variable holds is changed in place, 0 where none is seen. A variable that is given
        it, or a part of it, is followed."""
        import libcst

        for use in self._uses(value):
            node, parent = use, self.parent(use)
            while isinstance(parent, libcst.Attribute | libcst.Subscript) and parent.value is node:
                node, parent = parent, self.parent(parent)
            is_target = isinstance(parent, libcst.AssignTarget | libcst.AugAssign | libcst.Del | libcst.AnnAssign)
            is_target = is_target and getattr(parent, "target", node) is node
            is_change = isinstance(parent, libcst.Call) and parent.func is node and _method(node) in changers
            if node is not use and (is_target or is_change):
                return self.line(use)
            is_alias = isinstance(parent, libcst.Assign | libcst.AnnAssign) and parent.value is node
            if is_alias and depth < ALIASES and (line := self.changed_at(node, changers, depth + 1)):
                return line
        return 0

    # ---- imports

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that the module's own scope binds."""
        from libcst.metadata import GlobalScope

        scopes = {scope for scope in self._scopes.values() if isinstance(scope, GlobalScope)}
        return frozenset(assignment.name for scope in scopes for assignment in scope.assignments)


def _method(node: libcst.CSTNode) -> str:
    """The last name of `a.b.name`; "" for what is no such expression."""
    import libcst

    return node.attr.value if isinstance(node, libcst.Attribute) else ""


def held(node: libcst.CSTNode) -> Iterator[libcst.CSTNode]:
    """The nodes that a node holds, but for punctuation and space."""
    from libcst import CSTNode

    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, CSTNode):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, CSTNode))


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(name for name in kind.__dataclass_fields__ if not _DULL.search(name))  # type: ignore[attr-defined]


def _fits(module: str, pattern: str) -> bool:
    return module == pattern or (
        ("*" in pattern or "[" in pattern) and module.count(".") == pattern.count(".") and fnmatchcase(module, pattern)
    )
