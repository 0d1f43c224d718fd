"""What a program imports, calls and spells out, by qualified names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .parse import parse
from .source import held

if TYPE_CHECKING:
    import libcst
    from libcst.metadata import MetadataWrapper


class Use(NamedTuple):
    """One thing a program does. `what` is `import`, `call` or `text`; `name` the qualified name, or the text that
    was looked for; `line` is 1-based; `is_typing`: it stands under `if TYPE_CHECKING`."""

    what: str
    name: str
    line: int
    is_typing: bool


def uses(text: str, modules: Iterable[str], regex: re.Pattern[str]) -> tuple[Use, ...]:
    """Imports of the modules and calls of what they hold, and string literals in which `regex` is found (docstrings
    are none), in the order of the text. Raises PyError and MissingLibrary."""
    wrapper = parse(text)
    result = _Search(wrapper, tuple(modules), regex).run()
    return tuple(sorted(dict.fromkeys(result), key=lambda use: use.line))


def is_below(name: str, modules: Iterable[str]) -> bool:
    """Whether a qualified name is one of the modules or lies in one."""
    return any(name == module or name.startswith(module + ".") for module in modules)


class _Search:
    """One walk over one tree."""

    def __init__(self, wrapper: MetadataWrapper, modules: tuple[str, ...], regex: re.Pattern[str]) -> None:
        from libcst.metadata import PositionProvider, ScopeProvider

        self.root, self.modules, self.wanted = wrapper.module, modules, regex
        self.scopes = wrapper.resolve(ScopeProvider)
        self.positions = wrapper.resolve(PositionProvider)

    def run(self) -> Iterator[Use]:
        """Every node once, with whether it stands under `if TYPE_CHECKING`; no recursion, however deep the tree."""
        stack: list[tuple[libcst.CSTNode, bool]] = [(self.root, False)]
        while stack:
            node, is_typing = stack.pop()
            yield from self._read(node, is_typing)
            for child in held(node):
                if not self._is_docstring(child):
                    stack.append((child, is_typing or self._is_typing_body(node, child)))

    def _read(self, node: libcst.CSTNode, is_typing: bool) -> Iterator[Use]:
        import libcst

        if isinstance(node, libcst.Import | libcst.ImportFrom):
            yield from (Use("import", name, self._line(node), is_typing) for name in _imported(node) if is_below(name, self.modules))
        elif isinstance(node, libcst.Call):
            called = {name for name in self._names(node.func) if is_below(name, self.modules)}
            yield from (Use("call", name, self._line(node), is_typing) for name in sorted(called))
        elif isinstance(node, libcst.SimpleString | libcst.FormattedStringText) and (hit := self.wanted.search(node.value)):
            yield Use("text", hit[0], self._line(node) + node.value.count("\n", 0, hit.start()), is_typing)

    def _line(self, node: libcst.CSTNode) -> int:
        return int(self.positions[node].start.line)

    def _is_typing_body(self, node: libcst.CSTNode, child: libcst.CSTNode) -> bool:
        import libcst

        if not isinstance(node, libcst.If) or child is not node.body:
            return False
        return not self._names(node.test).isdisjoint(("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"))

    def _names(self, node: libcst.CSTNode) -> set[str]:
        """The qualified names an expression may have."""
        scope = self.scopes.get(node)
        return {qualified_name.name for qualified_name in scope.get_qualified_names_for(node)} if scope is not None else set()

    def _is_docstring(self, node: libcst.CSTNode) -> bool:
        """A statement that is nothing but a string."""
        import libcst

        return isinstance(node, libcst.Expr) and isinstance(node.value, libcst.SimpleString | libcst.ConcatenatedString)


def _imported(node: libcst.Import | libcst.ImportFrom) -> Iterator[str]:
    """The full names an import statement binds or loads; those of relative imports are the program's own."""
    import libcst
    from libcst.helpers import get_full_name_for_node

    if isinstance(node, libcst.Import):
        yield from (get_full_name_for_node(alias.name) or "" for alias in node.names)
    elif not node.relative and node.module is not None:
        base = get_full_name_for_node(node.module) or ""
        if isinstance(node.names, libcst.ImportStar):
            yield base
        else:
            yield from (f"{base}.{get_full_name_for_node(alias.name)}" for alias in node.names)
