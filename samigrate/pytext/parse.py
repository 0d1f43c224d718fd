"""Source text to a syntax tree with positions and qualified names, guarded against what crashes the parser."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libcst.metadata import MetadataWrapper

DEEPEST = 300
"""libcst's native parser overflows the stack of the process on a few thousand nested nodes."""


class MissingLibrary(Exception):
    """libcst is not installed."""

    def __init__(self) -> None:
        super().__init__("reading Python needs libcst: pip install 'samigrate[python]'")


class PyError(ValueError):
    """The text is no Python; `line` is 1-based."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def is_available() -> bool:
    return importlib.util.find_spec("libcst") is not None


def check(text: str) -> ast.Module:
    """The text as Python itself reads it. Raises PyError for what does not compile or is nested too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise PyError(error.lineno or 1, f"not readable as Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise PyError(1, f"not readable as Python: {error}") from error
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise PyError(getattr(level[0], "lineno", 1), f"nested deeper than {DEEPEST} levels")


def parse(text: str) -> MetadataWrapper:
    """The syntax tree. Raises PyError and MissingLibrary."""
    try:
        import libcst
        from libcst.metadata import MetadataWrapper
    except ImportError as error:
        raise MissingLibrary from error
    check(text)
    try:
        return MetadataWrapper(libcst.parse_module(text), unsafe_skip_copy=True)
    except libcst.ParserSyntaxError as error:
        raise PyError(error.raw_line, f"not readable as Python: {error.message}") from error
