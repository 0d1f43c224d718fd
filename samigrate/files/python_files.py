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
from samigrate.domain.model import AUTOMOUNT_FIELD, Operation, Resource, Skip
from samigrate.files import manifests, python_strings
from samigrate.files.dialects import dialects
from samigrate.files.manifests import Document, Manifest, NoRoomHere, RefusedError
from samigrate.optouts import suppress
from samigrate.pytext import Block, Declaration

OVERRIDE = {"apiVersion": "client.samigrate.dev/v1", "kind": "PodOverride"}
_PLACEHOLDER = re.compile(r"\$\{.*\}", re.DOTALL)
_MAPS = ("annotations", "labels")
_CONTAINERS = ("containers", "initContainers")


class DeclaredObject(NamedTuple):
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
        fragments = _pieces(content)
    except pytext.MissingLibrary as error:
        raise InputError(path, 0, str(error)) from error
    except pytext.PyError as error:
        return Manifest(path, {}, (), frozenset(), 0, False, skips=(Skip(path, error.line, error.problem),))
    read = {id(fragment.declaration) for fragment in fragments}
    skips = [
        Skip(path, declaration.line, python_strings.unread(declaration.block))
        for declaration in _declarations(content)
        if declaration.block and id(declaration) not in read
    ]
    skips = [skip for skip in skips if skip.reason]
    documents = {index: Document(index, fragment.line, fragment.value) for index, fragment in enumerate(fragments)}
    resources = [resource for document in documents.values() for resource in manifests.opened(path, document)]
    result = list(_opts(content, fragments, resources)) if "ignore[" in content else []
    skips += [Skip(path, one, "an opt-out that stands at no declaration") for one in result if isinstance(one, int)]
    opts = tuple(one for one in result if isinstance(one, suppress.Opt))
    return Manifest(
        path,
        documents,
        tuple(resources),
        frozenset(documents),
        len(documents),
        False,
        opts,
        skips=tuple(skips),
        holds_objects=bool(resources),
    )


def _opts(content: str, fragments: Sequence[DeclaredObject], resources: Sequence[Resource]) -> Iterator[suppress.Opt | int]:
    """The opt-outs in the comments of the program, and in those of the texts that it holds."""
    spots = []
    for index, fragment in enumerate(fragments):
        current = [resource for resource in resources if resource.at.document == index]
        items = sorted({"", *(resource.at.item for resource in current if fragment.declaration.block is None)})
        lines = [(item, *group) for item in items for group in pytext.lines_of(content, fragment.declaration, item)]
        spots += [suppress.Place(index, *group) for group in lines]
        if fragment.declaration.block is not None:
            text, line = python_strings.document(fragment.declaration, fragment.declaration.block, fragment.place)
            yield from suppress.in_comments(text, index, line, current)
    yield from suppress.in_program(pytext.comments(content), spots)


def values(content: str) -> list[tuple[int, Value]]:
    """(line, value) of each document, for the proof. Raises pytext.PyError for a text that is no program."""
    return [(fragment.line, fragment.value) for fragment in _pieces(content)]


@lru_cache(maxsize=4)  # a run asks several times of one text: to read, to plan, to write, to prove
def _declarations(content: str) -> tuple[Declaration, ...]:
    return tuple(pytext.read(content, dialects()))


@lru_cache(maxsize=4)
def _pieces(content: str) -> tuple[DeclaredObject, ...]:
    return tuple(fragment for declaration in _declarations(content) for fragment in _documents(declaration))


def _documents(declaration: Declaration) -> Iterator[DeclaredObject]:
    if declaration.block is not None:
        yield from (DeclaredObject(declaration, *found) for found in python_strings.read(declaration, declaration.block))
    elif declaration.node is not None:
        value = _readable(declaration.node.plain())
        yield DeclaredObject(
            declaration, 0, _as_override(value, declaration) if declaration.dialect == "kubernetes" else value, declaration.line
        )


def _readable(value: Value) -> Value:
    """The value in the shapes that manifests have, a placeholder where only running the program would tell."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _readable(item) for key, item in value.items() if not str(key).startswith("=")}
    for key in _CONTAINERS:
        if _is_opaque(result.get(key)):
            result[key] = [result[key]] if key == "containers" else []
        if isinstance(result.get(key), list):
            result[key] = [{"name": item, "image": item} if _is_opaque(item) else item for item in result[key]]
    for key in _MAPS:
        if _is_opaque(result.get(key)):
            result[key] = {}  # an edit of it is refused: what it holds is not known
    if _is_opaque(result.get(AUTOMOUNT_FIELD)):
        result[AUTOMOUNT_FIELD] = None
    return result


def _is_opaque(value: Value) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _as_override(value: Value, declaration: Declaration) -> Value:
    """A Pod without a name is laid over one that something else makes (Airflow's `pod_override`)."""
    if not isinstance(value, dict) or value.get("kind") != "Pod" or _is_named(value) or not isinstance(value.get("spec"), dict):
        return value
    spec = dict(mapping(value, "spec"))
    for key in _CONTAINERS:
        if isinstance(spec.get(key), list):
            spec[key] = [{"image": "${the image of the pod}", **item} if isinstance(item, dict) else item for item in spec[key]]
    spec.setdefault("containers", [{"name": "${the pod's}", "image": "${the image of the pod}"}])
    return {**value, **OVERRIDE, "metadata": {**mapping(value, "metadata"), "name": declaration.name or "pod"}, "spec": spec}


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
    for number in dict.fromkeys(id(fragment.declaration) for fragment in pieces):
        fragments = {index: fragment for index, fragment in enumerate(pieces) if id(fragment.declaration) == number}
        own_operations = {index: operations[index] for index in fragments if operations.get(index)}
        added = [(index, value) for index, value in inserts if index in fragments]
        declaration = next(iter(fragments.values())).declaration
        if declaration.block is not None and (own_operations or added):
            changes.append(_text_change(declaration, declaration.block, fragments, own_operations, added))
        elif own_operations or added:
            changes.append(_value_change(declaration, own_operations, added))
    try:
        return pytext.rewrite(content, dialects(), changes)
    except pytext.NoRoom as error:
        result = next(value for index, value in inserts if index == error.document)
        raise NoRoomHere(error.document, error.pointer, f"{error.reason}: {_way_out(result)}", error.line) from error
    except pytext.RefusedChange as error:
        raise RefusedError(error.document, error.pointer, error.reason, error.line) from error


def _way_out(account: Value) -> str:
    namespace, name = text(account, "metadata", "namespace"), text(account, "metadata", "name")
    return f"create the ServiceAccount {namespace + '/' if namespace else ''}{name}, then name it there"


def _value_change(
    declaration: Declaration, own_operations: Mapping[int, Sequence[Operation]], added: Sequence[tuple[int, Value]]
) -> pytext.Change:
    index = next(iter(own_operations), added[0][0] if added else 0)
    ops = [pytext.Op(operation.op, operation.pointer, operation.value, operation.after) for operation in own_operations.get(index, ())]
    return pytext.Change(declaration, ops, [value for _, value in added], index)


def _text_change(
    declaration: Declaration,
    block: Block,
    fragments: Mapping[int, DeclaredObject],
    own_operations: Mapping[int, Sequence[Operation]],
    added: Sequence[tuple[int, Value]],
) -> pytext.Change:
    """The new text of a literal that holds manifests."""
    index = next(iter(own_operations), added[0][0] if added else 0)
    if added and not (block.several or len(fragments) > 1):
        raise NoRoomHere(added[0][0], "", f"the text holds one object: {_way_out(added[0][1])}", declaration.line)
    if added and block.counted:
        raise NoRoomHere(added[0][0], "", f"{block.counted}: {_way_out(added[0][1])}", declaration.line)
    positions = {fragment.place: number for number, fragment in fragments.items()}
    operations = {fragments[number].place: ops for number, ops in own_operations.items()}
    try:
        new = python_strings.rewrite(declaration, block, operations, [(fragments[number].place, value) for number, value in added])
    except python_strings.RefusedText as error:
        raise RefusedError(positions.get(error.place, index), error.pointer, error.reason, error.line) from error
    return pytext.Change(declaration, [], [], index, new)


def evidence_lines(content: str, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The 1-based lines of (document, pointer into it)."""
    fragments = _pieces(content)
    return {(index, pointer): _line(fragments[index], pointer) for index, pointer in set(wanted) if index < len(fragments)}


def secret_lines(content: str) -> Iterator[tuple[int, int]]:
    """The 1-based line ranges that hold Secret values."""
    if "Secret" in content:
        for fragment in _pieces(content):
            span = (
                fragment.declaration.block.span
                if fragment.declaration.block
                else fragment.declaration.node.span
                if fragment.declaration.node
                else None
            )
            if span and mapping(fragment.value).get("kind") == "Secret":
                yield content.count("\n", 0, span[0]) + 1, content.count("\n", 0, span[1]) + 1


def _line(fragment: DeclaredObject, pointer: str) -> int:
    if fragment.declaration.block is not None:
        return python_strings.line_of(fragment.declaration, fragment.declaration.block, fragment.place, pointer)
    return pytext.line_of(fragment.declaration, pointer) or fragment.line
