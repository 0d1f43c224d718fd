"""The ids of findings that the source raises, read from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from samigrate.findings.observations import ONE_SHOT

PACKAGE = Path(__file__).parent.parent / "samigrate"


def raised() -> Mapping[str, set[str]]:
    """Ids with the modules that raise each (`transforms.automount`). An id is the first argument of `Finding` and of the
    method `finding`, or the argument `id_` of a function that passes it on."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for id_ in _in_module(ast.parse(path.read_text(encoding="utf-8")), module):
            found[id_].add(module)
    return dict(found)


def _in_module(tree: ast.Module, module: str) -> Iterator[str]:
    places = {"Finding": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and "id_" in (names := [each.arg for each in node.args.args]):
            places[node.name] = names.index("id_")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr == "finding":
            yield from _ids(node.args[0], module, _constants(tree))
        elif isinstance(node.func, ast.Name) and len(node.args) > places.get(node.func.id, 99):
            yield from _ids(node.args[places[node.func.id]], module, _constants(tree))


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    return {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}


def _ids(argument: ast.expr, module: str, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.Name) and argument.id in constants:
        yield from _ids(constants[argument.id], module, constants)
    elif isinstance(argument, ast.IfExp):
        yield from _ids(argument.body, module, constants)
        yield from _ids(argument.orelse, module, constants)
    elif ast.unparse(argument) == "workload.rule.one_shot":
        yield from ONE_SHOT
    else:
        assert ast.unparse(argument) in ("id_", "self.id"), f"{module} raises a finding whose id is {ast.unparse(argument)}"
