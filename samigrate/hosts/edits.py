"""Files as they become where several edits are made, one after the other, to the same file."""

from __future__ import annotations

from collections.abc import Iterable

from samigrate.base.errors import InputError
from samigrate.domain.outcome import FileChange
from samigrate.files import manifests
from samigrate.hosts import repository


class Edits:
    """`changes` are all edits together, each file once."""

    def __init__(self, changes: Iterable[FileChange]) -> None:
        self._changes = {change.path: change for change in changes}

    @property
    def changes(self) -> tuple[FileChange, ...]:
        return tuple(self._changes.values())

    def text(self, path: str) -> str:
        """The file as it is by now. Raises InputError where it cannot be read."""
        if path in self._changes:
            return self._changes[path].new
        content = manifests.decode(path, repository.read(path))
        if not isinstance(content, str):
            raise InputError(path, 0, content.message)
        return content

    def add(self, changes: Iterable[FileChange]) -> None:
        for change in changes:
            first = self._changes.get(change.path, change)
            self._changes[change.path] = first._replace(new=change.new)
