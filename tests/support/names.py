"""How many of the names that functions bind say nothing of what they hold.

    python -m tests.support.names [FOLDER]      # each such name with its count and places, and the share

A binding is a parameter, an assignment, a loop's or comprehension's variable, an `as`. Of a name that is bound several
times in one function, or comprehension, only the first binding counts. Where the scope is three lines long or shorter
what a name holds is in sight: such bindings count as names, and never as saying nothing.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent.parent / "samigrate"
SAYS_NOTHING = frozenset(
    {
        *("one", "ones", "other", "others", "each", "thing", "things", "it", "this", "that", "some", "any_", "both", "all_", "rest"),
        *("found", "made", "told", "said", "says", "given", "wanted", "known", "done", "seen", "held", "kept", "got", "taken", "put"),
        *("place", "places", "at", "where", "here", "there", "what", "who", "why", "how", "which", "whose", "when", "way", "ways"),
        *("own", "mine", "ours", "theirs", "whole", "piece", "pieces", "more", "less", "many", "few", "several"),
        *("info", "tmp", "temp", "obj", "elem", "val", "foo", "stuff", "res", "ret", "x", "y", "a", "b", "c", "d"),
    }
)
SHORT = 3
"""Lines of a scope in which all of a name's life is in sight."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Binding(NamedTuple):
    name: str
    path: Path
    line: int
    is_short: bool

    @property
    def says_nothing(self) -> bool:
        return self.name in SAYS_NOTHING and not self.is_short


def bindings(path: Path) -> Iterator[Binding]:
    """All names that the functions of a module bind."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, _Function):
            yield from _of_function(function, path)


def _of_function(function: _Function, path: Path) -> Iterator[Binding]:
    first = function.body[1] if len(function.body) > 1 and ast.get_docstring(function) else function.body[0]
    is_short = (function.end_lineno or 0) - first.lineno < SHORT
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    names = {argument.arg: function.lineno for argument in listed if argument and argument.arg not in ("self", "cls")}
    for node, comprehension in _inside(function.body, None):
        for name in _bound(node):
            if comprehension is None:
                names.setdefault(name, node.lineno)
            else:
                yield Binding(name, path, node.lineno, (comprehension.end_lineno or 0) - comprehension.lineno < SHORT)
    yield from (Binding(name, path, line, is_short) for name, line in names.items())


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.Lambda):
        yield from (argument.arg for argument in node.args.args)


def _inside(
    nodes: list[ast.stmt] | list[ast.AST], comprehension: _Comprehension | ast.Lambda | None
) -> Iterator[tuple[ast.expr, _Comprehension | ast.Lambda | None]]:
    """Every node of a function but for the functions in it, with the comprehension that it stands in."""
    for node in nodes:
        inner: _Comprehension | ast.Lambda | None = node if isinstance(node, _Comprehension | ast.Lambda) else comprehension
        yield node, inner  # type: ignore[misc]
        if not isinstance(node, (*_Function.__args__, ast.ClassDef)):
            yield from _inside(list(ast.iter_child_nodes(node)), inner)


def share(folder: Path = PACKAGE) -> tuple[int, int]:
    """(names that say nothing, all names) of the modules in a folder."""
    every = [binding for path in sorted(folder.rglob("*.py")) for binding in bindings(path)]
    return sum(binding.says_nothing for binding in every), len(every)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    places: dict[str, list[Binding]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        for binding in bindings(path):
            if binding.says_nothing:
                places[binding.name].append(binding)
    for name, count in Counter({name: len(several) for name, several in places.items()}).most_common():
        print(f"{count:5} {name}")
        if "-v" in sys.argv:
            print(*(f"        {binding.path.relative_to(folder)}:{binding.line}" for binding in places[name]), sep="\n")
    nothing, every = share(folder)
    print(f"{nothing} of {every} names say nothing: {nothing / every:.1%}")


if __name__ == "__main__":
    main()
