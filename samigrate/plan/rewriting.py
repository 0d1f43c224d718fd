"""A plan's proposals, file by file: what is to happen to each text, and the new texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from samigrate.base.values import Value, parts
from samigrate.domain.json_patch import apply_all
from samigrate.domain.model import Location, Operation
from samigrate.domain.outcome import FileChange
from samigrate.files import file_types, manifests
from samigrate.files.manifests import Manifest, RefusedError
from samigrate.kustomize import placing
from samigrate.plan.planner import Planned
from samigrate.reading import Source

_OPEN_LISTS = ("List", "Template", "ResourceList")


class NoRoomError(RefusedError):
    """There is no place for a new object; what only edits may go on."""


class FileWork(NamedTuple):
    """What is to happen to one file: operations by document (pointers relative to it), new documents as (place it
    goes before, value), objects for a file beside it, and the places of documents that go."""

    operations: Mapping[int, Sequence[Operation]]
    inserts: Sequence[tuple[int, Value]]
    siblings: Sequence[tuple[Location, Value]]
    removals: Sequence[int] = ()

    def planned(self, manifest: Manifest) -> dict[int, Value]:
        """The values that the edited documents are to have."""
        return {index: apply_all(manifest.documents[index].value, operations) for index, operations in self.operations.items()}


def paths(planned: Planned) -> set[str]:
    """The files that a proposal touches."""
    return {operation.target.path for operation in planned.proposal.operations} | {
        placing.place(added) for added in planned.proposal.resources
    }


def whole(bad: Iterable[str], together: Iterable[Set[str]]) -> set[str]:
    """The files, all that share a change with them, and the files made beside those. `together` are the files of each
    change: it is made whole or not at all."""
    result, groups = set(bad), list(together)
    while extra := {path for paths in groups if paths & result for path in paths} - result:
        result |= extra
    return result | {placing.sibling(path) for path in result}


def by_file(accepted: Iterable[Planned]) -> dict[str, list[Planned]]:
    by_path: dict[str, list[Planned]] = defaultdict(list)
    for planned in accepted:
        for path in sorted(paths(planned)):
            by_path[path].append(planned)
    return dict(sorted(by_path.items()))


def touches(planned: Planned, path: str, document: int, pointer: str) -> bool:
    """Whether a proposal edits that document, at that pointer into it where one is given."""
    targets = [(operation.target, operation.target.item + operation.pointer) for operation in planned.proposal.operations]
    targets += [(added.beside, added.beside.item) for added in planned.proposal.resources]
    return any((location.path, location.document) == (path, document) and (not pointer or full == pointer) for location, full in targets)


def by_document(accepted: Iterable[Planned], path: str) -> Mapping[int, list[Planned]]:
    """The proposals that edit a document of the file, or add to it, by its place."""
    result: dict[int, list[Planned]] = defaultdict(list)
    for planned in accepted:
        locations = [operation.target for operation in planned.proposal.operations] + [added.beside for added in planned.proposal.resources]
        for document in dict.fromkeys(location.document for location in locations if location.path == path):
            result[document].append(planned)
    return result


def meant(everything: Sequence[Planned], documents: Mapping[int, Sequence[Planned]], path: str, error: RefusedError) -> Sequence[Planned]:
    """The proposals that a refusal is about. `everything` are those of the file, `documents` the same by document."""
    accepted = documents.get(error.document, ())
    if isinstance(error, manifests.NoRoomHere):
        current = path, error.document
        return [
            planned
            for planned in accepted
            if any((added.beside.path, added.beside.document) == current for added in planned.proposal.resources)
        ]
    if isinstance(error, NoRoomError):
        return [planned for planned in everything if any(placing.place(added) == path for added in planned.proposal.resources)]
    return [planned for planned in accepted if touches(planned, path, error.document, error.pointer)] or everything


def work_on(manifest: Manifest, accepted: Sequence[Planned]) -> FileWork:
    """All that the proposals ask of one file."""
    operations: dict[int, list[Operation]] = defaultdict(list)
    gone: list[Location] = []
    for candidate in (
        operation for planned in accepted for operation in planned.proposal.operations if operation.target.path == manifest.path
    ):
        if candidate.op == "remove" and not candidate.pointer:
            gone.append(candidate.target)
        else:
            operations[candidate.target.document].append(candidate._replace(pointer=candidate.target.item + candidate.pointer))
    inserts, siblings, items = _added(manifest, accepted)
    for location, value in sorted(items, key=lambda item: _order(item[0].item), reverse=True):  # from the end: earlier places stay true
        operations[location.document].append(
            Operation(location._replace(item=""), "add", location.item, value, reason="an account for the object behind it")
        )
    for listed in operations.values():  # an account's name before the keys that are written behind it
        listed.sort(key=lambda operation: not (operation.op == "add" and operation.pointer.endswith("/serviceAccountName")))
    for location in sorted({at for at in gone if at.item}, key=lambda at: _order(at.item), reverse=True):
        operations[location.document].append(
            Operation(location._replace(item=""), "remove", location.item, reason="nothing names it any more")
        )
    removals = {at.document for at in gone if not at.item}
    operations_by_key = {document: group for document, group in operations.items() if document not in removals}
    return FileWork(operations_by_key, sorted(inserts, key=lambda insert: insert[0]), siblings, sorted(removals))


def _added(
    manifest: Manifest, accepted: Sequence[Planned]
) -> tuple[list[tuple[int, Value]], list[tuple[Location, Value]], list[tuple[Location, Value]]]:
    """The new objects of a file: documents by the place that they go before, those for a file beside it, and items by
    their place in a list."""
    inserts: list[tuple[int, Value]] = []
    siblings: list[tuple[Location, Value]] = []
    items: list[tuple[Location, Value]] = []
    for added in (added for planned in accepted for added in planned.proposal.resources if placing.place(added) == manifest.path):
        if added.file:
            if not any(resource.value == added.value for resource in manifest.resources):  # an interrupted run wrote it
                inserts.append((0, added.value))
        elif pointer := _place_in_list(added.beside, manifest):
            items.append((Location(manifest.path, added.beside.document, pointer), added.value))
        elif manifest.is_json:
            siblings.append((added.beside, added.value))
        else:
            inserts.append((added.beside.document, added.value))
    return inserts, siblings, items


def _place_in_list(beside: Location, manifest: Manifest) -> str:
    """Where an object goes that is to stand before `beside` in its List or Template; "" where that takes no other kind."""
    pointer = beside.item
    while pointer:
        holder = pointer.rpartition("/")[0].rpartition("/")[0]
        value = manifest.documents[beside.document].value
        for part in parts(holder):
            value = value[int(part)] if isinstance(value, list) else value[part]
        if value.get("kind") in _OPEN_LISTS:
            return pointer
        pointer = holder
    return ""


def _order(pointer: str) -> list[int]:
    return [int(part) for part in parts(pointer) if part.isdigit()]


def new_file(path: str, accepted: Sequence[Planned]) -> FileChange:
    """A file that is not there yet, with the objects that go into it."""
    values = [value for planned in accepted for value in placing.lone(planned.proposal.resources, path)]
    return FileChange(path, None, manifests.new_file(values))


def write(content: str, manifest: Manifest, work: FileWork, sources: Mapping[str, Source], *, is_stream: bool) -> list[FileChange]:
    """The file's new text, and the file beside it. `sources` are the files that exist. Raises RefusedError where the text
    cannot take an operation."""
    path = manifest.path
    beside = manifests.new_json_file([value for _, value in work.siblings]) if work.siblings else ""
    is_written = _is_written(placing.sibling(path), beside, sources)
    for location, _ in work.siblings if not is_written else ():
        if is_stream:
            raise NoRoomError(location.document, location.item, "one JSON object on a stream has no room for an account", location.line)
        if placing.sibling(path) in sources:
            raise NoRoomError(location.document, location.item, f"{placing.sibling(path)} is taken", location.line)
    substrate = file_types.of(path)
    new = substrate.rewrite(content, work.operations, work.inserts, work.removals)
    changes = [FileChange(path, content, new, tuple(substrate.secret_lines(content)))] if new != content else []
    return changes if is_written or not beside else [*changes, FileChange(placing.sibling(path), None, beside)]


def _is_written(path: str, content: str, sources: Mapping[str, Source]) -> bool:
    """Whether an interrupted run has written the file already."""
    if path not in sources:
        return False
    try:
        return bool(sources[path].read() == content.encode())
    except OSError:
        return False
