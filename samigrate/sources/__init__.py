"""Application source as evidence: what the code behind an image depends on, imports and calls.

The facts are data. `libraries/` holds one file per client library:

    about: the official Kubernetes client for Python
    packages: {pypi: [kubernetes]}     # patterns by ecosystem; a direct dependency counts with `strength`
    strength: strong                   # strong (default) | weak: types without a client, or one use among others
    modules: [kubernetes]              # Python only: what an import looks like
    inside: [kubernetes.config.load_incluster_config]     # calls that load the pod's credentials
    outside: [kubernetes.config.load_kube_config]         # calls that load credentials from elsewhere

`signs.yaml` holds what any program spells out when it calls the API by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.errors import InputError
from samigrate.base.values import Value
from samigrate.domain.model import Strength

__all__ = ["CodePattern", "Facts", "Library", "facts"]

ECOSYSTEMS = ("pypi", "go", "npm", "maven", "cargo", "gem", "nuget", "hex", "composer")
_KEYS = {"about", "packages", "strength", "modules", "inside", "outside"}
_SIGN_KEYS = {"name", "word", "pattern", "strength", "why", "suffixes"}


@dataclass(frozen=True, slots=True)
class Library:
    """One client library; `packages` are patterns by ecosystem."""

    id: str
    about: str
    packages: Mapping[str, tuple[str, ...]]
    strength: Strength
    modules: tuple[str, ...]
    inside: frozenset[str]
    outside: frozenset[str]


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A text in source code. `suffixes` are empty where it counts in any code."""

    name: str
    word: str
    pattern: re.Pattern[str]
    strength: Strength
    why: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    libraries: tuple[Library, ...]
    signs: tuple[CodePattern, ...]

    def package(self, ecosystem: str, name: str) -> Library | None:
        """The library that a package of that name is."""
        for library in self.libraries:
            if any(fnmatchcase(name, pattern) for pattern in library.packages.get(ecosystem, ())):
                return library
        return None

    def module(self, name: str) -> Library | None:
        """The library that a qualified Python name lies in."""
        for library in self.libraries:
            if any(name == module or name.startswith(module + ".") for module in library.modules):
                return library
        return None

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(module for library in self.libraries for module in library.modules)


@cache
def facts() -> Facts:
    """All that is known. Raises InputError for a malformed file."""
    libraries = tuple(_library(name, data_files.text(name)) for name in data_files.names("sources/libraries"))
    return Facts(libraries, tuple(_signs(data_files.text("sources/signs.yaml"))))


def _library(file_name: str, text: str) -> Library:
    value = _load(file_name, text)
    if not isinstance(value, dict) or not value.get("about") or set(value) - _KEYS:
        raise InputError(file_name, 1, f"must be a mapping with `about`, and of {', '.join(sorted(_KEYS))} only")
    packages = value.get("packages", {})
    if not isinstance(packages, dict) or set(packages) - set(ECOSYSTEMS):
        raise InputError(file_name, 1, f"`packages` must map ecosystems ({', '.join(ECOSYSTEMS)}) to lists")
    return Library(
        file_name.rpartition("/")[2].removesuffix(".yaml"),
        str(value["about"]),
        {key: _texts(file_name, items) for key, items in packages.items()},
        Strength(value.get("strength", "strong")),
        _texts(file_name, value.get("modules", [])),
        frozenset(_texts(file_name, value.get("inside", []))),
        frozenset(_texts(file_name, value.get("outside", []))),
    )


def _signs(text: str) -> list[CodePattern]:
    code_patterns = []
    for number, value in enumerate(_load("sources/signs.yaml", text), 1):
        if not isinstance(value, dict) or set(value) - _SIGN_KEYS or not _SIGN_KEYS - {"suffixes"} <= set(value):
            raise InputError("sources/signs.yaml", 0, f"entry {number} must have {', '.join(sorted(_SIGN_KEYS - {'suffixes'}))}")
        suffixes = _texts("sources/signs.yaml", value.get("suffixes", []))
        code_patterns.append(
            CodePattern(value["name"], value["word"], re.compile(value["pattern"]), Strength(value["strength"]), value["why"], suffixes)
        )
    return code_patterns


def _texts(file_name: str, value: Value) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(file_name, 1, "holds something else where a list of texts should be")
    return tuple(value)


def _load(file_name: str, text: str) -> Value:
    try:
        return yamltext.load(text).value
    except yamltext.YamlError as error:
        raise InputError(file_name, error.line, error.problem) from error
