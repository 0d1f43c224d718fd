"""Programs whose text is in the input: scripts in ConfigMaps, and those on a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from samigrate import sources
from samigrate.catalog import TextPattern
from samigrate.files.prefilter import SCRIPTS


def is_script(key: str, content: str) -> bool:
    """Whether an entry of a ConfigMap is a program's text, by its name or first line."""
    return key.endswith(SCRIPTS) or content.startswith("#!")


def may_import(lower: str) -> bool:
    """Whether a text in lower case may be a program that imports something."""
    return "import" in lower or "require" in lower


@cache
def library() -> TextPattern:
    """The import of a client library, in the words of Python, Node.js and Ruby; the libraries are those that
    `evidence source` knows."""
    libraries = sources.facts().libraries
    modules = [module for one in libraries for module in one.modules]
    packages = [name for one in libraries for kind in ("npm", "gem") for name in one.packages.get(kind, ())]
    spelled = rf"""(?m)(?:^|;)[ \t]*(?:from|import)\s+(?:{_any(modules)})(?=[\s.,;]|$)"""
    quoted = rf"""\b(?:require|import|from)\s*\(?\s*["'](?:{_any(packages)})["'/]"""
    return TextPattern("client library", f"{spelled}|{quoted}", tuple({*modules, *packages}), frozenset(("argv", "script")))


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name).replace(r"\*", "[^\"']*") for name in sorted(names))
