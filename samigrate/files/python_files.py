"""Python programs as a substrate: text → resources, and text + operations → text.

A program declares objects (dicts, models, operators), parts of objects, and texts that hold manifests; each is a
document, in the order of the text. The rest of the run cannot tell them from those of a YAML file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from samigrate import pytext
from samigrate.base.errors import InputError
from samigrate.base.values import Value, mapping, text
from samigrate.domain.model import Operation, Resource, Skip
from samigrate.files import manifests, python_strings
from samigrate.files.dialects import dialects
from samigrate.files.manifests import Document, Manifest, NoRoomHere, RefusedError
from samigrate.optouts import suppress
from samigrate.pytext import Block, Declaration

OVERRIDE = {"apiVersion": "client.samigrate.dev/v1", "kind": "PodOverride"}
_PLACEHOLDER = re.compile(r"\$\{.*\}", re.DOTALL)
_MAPS = ("annotations", "labels")
_CONTAINERS = ("containers", "initContainers")


class Piece(NamedTuple):
    """One document of a program. `place` is its place in its declaration's text, 0 where the declaration is one value."""

    declaration: Declaration
    place: int
    value: Value
    line: int


def may_declare(content: str) -> bool:
    """The sieve: whether the text holds the words that any declaration does. What doesn't is never parsed."""
    if "apiVersion" in content and "kind" in content:
        return True
    return any(all(sign.decode() in content for sign in dialect.signs) for dialect in dialects())


# ---------------------------------------------------------------- reading


def read(path: str, content: str) -> Manifest:
    """What a program declares. Raises InputError where libcst is needed and not there."""
    if not may_declare(content):
        return Manifest(path, {}, (), frozenset(), 0, False)
    try:
        pieces = _pieces(content)
    except pytext.MissingLibrary as error:
        raise InputError(path, 0, str(error)) from error
    except pytext.PyError as error:
        return Manifest(path, {}, (), frozenset(), 0, False, skips=(Skip(path, error.line, error.problem),))
    read = {id(piece.declaration) for piece in pieces}
    skips = [Skip(path, one.line, python_strings.unread(one.block)) for one in _declarations(content) if one.block and id(one) not in read]
    skips = [skip for skip in skips if skip.reason]
    documents = {index: Document(index, piece.line, piece.value) for index, piece in enumerate(pieces)}
    resources = [one for document in documents.values() for one in manifests.opened(path, document)]
    found = list(_opts(content, pieces, resources)) if "ignore[" in content else []
    skips += [Skip(path, one, "an opt-out that stands at no declaration") for one in found if isinstance(one, int)]
    opts = tuple(one for one in found if isinstance(one, suppress.Opt))
    return Manifest(path, documents, tuple(resources), frozenset(documents), len(documents), False, opts, skips=tuple(skips))


def _opts(content: str, pieces: Sequence[Piece], resources: Sequence[Resource]) -> Iterator[suppress.Opt | int]:
    """The opt-outs in the comments of the program, and in those of the texts that it holds."""
    places = []
    for index, piece in enumerate(pieces):
        here = [one for one in resources if one.at.document == index]
        items = sorted({"", *(one.at.item for one in here if piece.declaration.block is None)})
        lines = [(item, *each) for item in items for each in pytext.lines_of(content, piece.declaration, item)]
        places += [suppress.Place(index, *each) for each in lines]
        if piece.declaration.block is not None:
            text, line = python_strings.document(piece.declaration, piece.declaration.block, piece.place)
            yield from suppress.in_comments(text, index, line, here)
    yield from suppress.in_program(pytext.comments(content), places)


def values(content: str) -> list[tuple[int, Value]]:
    """(line, value) of each document, for the proof. Raises pytext.PyError for a text that is no program."""
    return [(piece.line, piece.value) for piece in _pieces(content)]


@lru_cache(maxsize=4)  # a run asks several times of one text: to read, to plan, to write, to prove
def _declarations(content: str) -> tuple[Declaration, ...]:
    return tuple(pytext.read(content, dialects()))


@lru_cache(maxsize=4)
def _pieces(content: str) -> tuple[Piece, ...]:
    return tuple(piece for one in _declarations(content) for piece in _documents(one))


def _documents(one: Declaration) -> Iterator[Piece]:
    if one.block is not None:
        yield from (Piece(one, *found) for found in python_strings.read(one, one.block))
    elif one.node is not None:
        value = _readable(one.node.plain())
        yield Piece(one, 0, _as_override(value, one) if one.dialect == "kubernetes" else value, one.line)


def _readable(value: Value) -> Value:
    """The value in the shapes that manifests have, a placeholder where only running the program would tell."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _readable(item) for key, item in value.items() if not str(key).startswith("=")}
    for key in _CONTAINERS:
        if _is_opaque(made.get(key)):
            made[key] = [made[key]] if key == "containers" else []
        if isinstance(made.get(key), list):
            made[key] = [{"name": item, "image": item} if _is_opaque(item) else item for item in made[key]]
    for key in _MAPS:
        if _is_opaque(made.get(key)):
            made[key] = {}  # an edit of it is refused: what it holds is not known
    if _is_opaque(made.get("automountServiceAccountToken")):
        made["automountServiceAccountToken"] = None
    return made


def _is_opaque(value: Value) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _as_override(value: Value, one: Declaration) -> Value:
    """A Pod without a name is laid over one that something else makes (Airflow's `pod_override`)."""
    if not isinstance(value, dict) or value.get("kind") != "Pod" or _is_named(value) or not isinstance(value.get("spec"), dict):
        return value
    spec = dict(mapping(value, "spec"))
    for key in _CONTAINERS:
        if isinstance(spec.get(key), list):
            spec[key] = [{"image": "${the image of the pod}", **item} if isinstance(item, dict) else item for item in spec[key]]
    spec.setdefault("containers", [{"name": "${the pod's}", "image": "${the image of the pod}"}])
    return {**value, **OVERRIDE, "metadata": {**mapping(value, "metadata"), "name": one.name or "pod"}, "spec": spec}


def _is_named(value: Value) -> bool:
    return bool(text(value, "metadata", "name") or text(value, "metadata", "generateName"))


# ---------------------------------------------------------------- rewriting


def rewrite(
    content: str, operations: Mapping[int, Sequence[Operation]], inserts: Sequence[tuple[int, Value]], removals: Sequence[int]
) -> str:
    """The program's new text. Raises RefusedError for the first thing that it cannot take."""
    pieces = _pieces(content)
    for index in removals:
        raise RefusedError(index, "", "nothing is taken out of a program", pieces[index].line)
    changes: list[pytext.Change] = []
    for one in dict.fromkeys(id(piece.declaration) for piece in pieces):
        here = {index: piece for index, piece in enumerate(pieces) if id(piece.declaration) == one}
        mine = {index: operations[index] for index in here if operations.get(index)}
        added = [(index, value) for index, value in inserts if index in here]
        declaration = next(iter(here.values())).declaration
        if declaration.block is not None and (mine or added):
            changes.append(_text_change(declaration, declaration.block, here, mine, added))
        elif mine or added:
            changes.append(_value_change(declaration, mine, added))
    try:
        return pytext.rewrite(content, dialects(), changes)
    except pytext.NoRoom as error:
        made = next(value for index, value in inserts if index == error.document)
        raise NoRoomHere(error.document, error.pointer, f"{error.reason}: {_way_out(made)}", error.line) from error
    except pytext.RefusedChange as error:
        raise RefusedError(error.document, error.pointer, error.reason, error.line) from error


def _way_out(account: Value) -> str:
    namespace, name = text(account, "metadata", "namespace"), text(account, "metadata", "name")
    return f"create the ServiceAccount {namespace + '/' if namespace else ''}{name}, then name it there"


def _value_change(one: Declaration, mine: Mapping[int, Sequence[Operation]], added: Sequence[tuple[int, Value]]) -> pytext.Change:
    index = next(iter(mine), added[0][0] if added else 0)
    ops = [pytext.Op(each.op, each.pointer, each.value, each.after) for each in mine.get(index, ())]
    return pytext.Change(one, ops, [value for _, value in added], index)


def _text_change(
    one: Declaration,
    block: Block,
    here: Mapping[int, Piece],
    mine: Mapping[int, Sequence[Operation]],
    added: Sequence[tuple[int, Value]],
) -> pytext.Change:
    """The new text of a literal that holds manifests."""
    index = next(iter(mine), added[0][0] if added else 0)
    if added and not (block.several or len(here) > 1):
        raise NoRoomHere(added[0][0], "", f"the text holds one object: {_way_out(added[0][1])}", one.line)
    if added and block.counted:
        raise NoRoomHere(added[0][0], "", f"{block.counted}: {_way_out(added[0][1])}", one.line)
    places = {piece.place: number for number, piece in here.items()}
    operations = {here[number].place: ops for number, ops in mine.items()}
    try:
        new = python_strings.rewrite(one, block, operations, [(here[number].place, value) for number, value in added])
    except python_strings.RefusedText as error:
        raise RefusedError(places.get(error.place, index), error.pointer, error.reason, error.line) from error
    return pytext.Change(one, [], [], index, new)


def evidence_lines(content: str, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The 1-based lines of (document, pointer into it)."""
    pieces = _pieces(content)
    return {(index, pointer): _line(pieces[index], pointer) for index, pointer in set(wanted) if index < len(pieces)}


def secret_lines(content: str) -> Iterator[tuple[int, int]]:
    """The 1-based line ranges that hold Secret values."""
    if "Secret" in content:
        for piece in _pieces(content):
            span = (
                piece.declaration.block.span if piece.declaration.block else piece.declaration.node.span if piece.declaration.node else None
            )
            if span and mapping(piece.value).get("kind") == "Secret":
                yield content.count("\n", 0, span[0]) + 1, content.count("\n", 0, span[1]) + 1


def _line(piece: Piece, pointer: str) -> int:
    if piece.declaration.block is not None:
        return python_strings.line_of(piece.declaration, piece.declaration.block, piece.place, pointer)
    return pytext.line_of(piece.declaration, pointer) or piece.line
