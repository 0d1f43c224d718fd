"""What a file is to us: plain manifests, or a program that declares them. Programs' own modules are imported where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from samigrate.base.values import Value
from samigrate.domain.model import Operation
from samigrate.files import manifests
from samigrate.files.manifests import Manifest


class Substrate(Protocol):
    """What both can do with the text of a file that was read."""

    def rewrite(
        self, content: str, operations: Mapping[int, Sequence[Operation]], inserts: Sequence[tuple[int, Value]], removals: Sequence[int]
    ) -> str: ...

    def secret_lines(self, content: str) -> Iterator[tuple[int, int]]: ...

    def evidence_lines(self, content: str, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]: ...


def is_program(path: str) -> bool:
    return path.endswith(".py")


def of(path: str) -> Substrate:
    if not is_program(path):
        return manifests
    from samigrate.files import python_files

    return python_files


def read(path: str, content: str, kinds: frozenset[str], *, has_callers: bool = True) -> Manifest:
    """What a file holds; `kinds` are the names of kinds that hold pod specs. Raises InputError where a library is missing."""
    if not is_program(path):
        return manifests.read(path, content, kinds, has_callers=has_callers)
    from samigrate.files import python_files

    return python_files.read(path, content)


def program_values(content: str) -> list[tuple[int, Value]]:
    """(line, value) of each declaration of a program, for the proof."""
    from samigrate.files import python_files

    return python_files.values(content)
