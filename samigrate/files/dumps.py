"""Dumps of a cluster, as `kubectl get … -A -o json` prints them: facts, read for what they say and never edited.

A dump may be as large as a cluster. JSON is read object by object, without the YAML parser; of the pods of one owner that hold the
same tokens the first is kept, and the names of the others.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from samigrate.base.values import Value, mapping, text
from samigrate.domain import running
from samigrate.domain.model import (
    ACCOUNT_FIELD,
    ALIAS_FIELD,
    AUTOMOUNT_FIELD,
    CONTAINER_LISTS,
    INJECTED_VOLUME,
    Location,
    Problem,
    Resource,
)
from samigrate.domain.running import Instance, RunningPods
from samigrate.files.manifests import Manifest, evidence_lines

_PIECE = 1 << 22
_BEGINS = re.compile(rb"\s*\{")
_SPACE = re.compile(r"[ \t\r\n]*")
_NOISE = "kubectl.kubernetes.io/last-applied-configuration"
_CONTAINERS = (*CONTAINER_LISTS, "ephemeralContainers")
_REVISIONS = ("pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash")


def read(path: str, data: bytes, *, is_stated: bool) -> Manifest | Problem | None:
    """What a JSON dump holds; a Problem where it breaks off or is no JSON in the midst; None for any other file, which is to be
    read as manifests are: a YAML file, and one with an object that is not a cluster's own. `is_stated`: the user says that it
    is a dump; else its content must, which a single exported object does not, and a Pod that something else has made does."""
    if not _BEGINS.match(data):
        return None
    text_ = _Text(data)
    counted = _Counted()
    try:
        resources, pods = _folded(_placed(path, text_, counted))
    except _OtherError:
        return None
    except (ValueError, RecursionError) as error:
        return Problem(path, text_.error_line(error), f"not readable as JSON: {_said(error)}") if counted.objects else None
    is_dump = counted.objects and (is_stated or _is_owned(pods))
    return _manifest(path, resources, pods, counted.documents) if is_dump else None


def folded(manifest: Manifest, content: str, *, is_stated: bool) -> Manifest:
    """A manifest that was read as YAML, from `content`, if it is a dump: its pods folded, and nothing in it to be edited."""
    resources = manifest.resources
    is_dump = bool(resources) and all(running.is_live(one.value) for one in resources)
    if not is_dump or (not is_stated and not any(one.id.kind == "Pod" and running.controller(one.value) for one in resources)):
        return manifest
    lines = evidence_lines(content, [(one.at.document, one.at.item) for one in resources])
    kept, pods = _folded((one.at._replace(line=lines.get((one.at.document, one.at.item), one.at.line)), one.value) for one in resources)
    return _manifest(manifest.path, kept, pods, manifest.count, manifest)


def _is_owned(pods: Iterable[RunningPods]) -> bool:
    return any(one.owner.kind != "Pod" for one in pods)


def _manifest(path: str, resources: list[Resource], pods: list[RunningPods], count: int, before: Manifest | None = None) -> Manifest:
    marked = frozenset(resource.at.document for resource in resources)
    if before is not None:
        return replace(before, resources=tuple(resources), marked=marked, running=tuple(pods), is_dump=True)
    return Manifest(path, {}, tuple(resources), marked, count, True, running=tuple(pods), is_dump=True)


class _OtherError(Exception):
    """The file is no dump."""


class _Counted:
    """How many documents and objects have been read so far."""

    documents = objects = 0


# ---------------------------------------------------------------- JSON, object by object


class _Text:
    """A large JSON text, decoded piece by piece: all of it as characters may take four times its bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._next = memoryview(data), 0
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder(parse_constant=_refuse).raw_decode
        self._piece, self._at = "", 0
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        """The 1-based line of the next character."""
        return self._line_of(self._at)

    def _line_of(self, place: int) -> int:
        if place < self._counted:
            return self._line - self._piece.count("\n", place, self._counted)
        self._line += self._piece.count("\n", self._counted, place)
        self._counted = place
        return self._line

    def _more(self) -> bool:
        """Take the next bytes in, at least as many as are waiting: an object of any length is tried a few times only."""
        if self._next >= len(self._data):
            return False
        self._line_of(self._at)
        self._piece = self._piece[self._at :]
        self._at = self._counted = 0
        end = self._next + max(_PIECE, len(self._piece))
        self._piece += self._decode(self._data[self._next : end], end >= len(self._data))
        self._next = end
        return True

    def peek(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            found = _SPACE.match(self._piece, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._piece):
                return self._piece[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> bool:
        """Whether it comes next; then it is read."""
        is_next = self.peek() == character
        self._at += is_next
        return is_next

    def need(self, character: str) -> None:
        if not self.take(character):
            raise json.JSONDecodeError(f"Expecting {character!r}", self._piece, self._at)

    def value(self) -> Value:
        """The next value."""
        self.peek()
        while True:
            try:
                result, end = self._scan(self._piece, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            if end < len(self._piece) or not self._more():  # a number may go on in the next piece
                self._at = end
                return result

    def error_line(self, error: Exception) -> int:
        return self._line_of(error.pos if isinstance(error, json.JSONDecodeError) else self._at)


def _refuse(name: str) -> Value:
    raise ValueError(f"{name} is no JSON")


def _said(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error) if isinstance(error, ValueError) else "nested too deeply"


def _placed(path: str, source: _Text, counted: _Counted) -> Iterator[tuple[Location, dict[str, Value]]]:
    """Every object of every document, Lists opened. Raises _OtherError where one is not a cluster's own."""
    while source.peek():
        if source.peek() == "-":  # `---` between documents, as of YAML
            for _ in range(3):
                source.need("-")
            continue
        document = counted.documents
        counted.documents += 1
        for value, pointer, line in _objects(source):
            if not running.is_live(value):
                raise _OtherError
            counted.objects += 1
            yield Location(path, document, pointer, line), value


class _Object(NamedTuple):
    value: dict[str, Value]
    pointer: str
    line: int


def _objects(source: _Text) -> Iterator[_Object]:
    """The items of a List, or the object itself."""
    source.peek()
    head: dict[str, Value] = {}
    line, is_list = source.line, False
    source.need("{")
    while not source.take("}"):
        key = source.value()
        source.need(":")
        if key == "items" and source.peek() == "[":
            is_list = True
            yield from _items(source, head)
        else:
            head[key] = source.value()
        if not source.take(","):
            source.need("}")
            break
    if not is_list:
        yield _Object(head, "", line)


def _items(source: _Text, head: dict[str, Value]) -> Iterator[_Object]:
    """The items of a List; those of a typed one, such as PodList, are of its kind where they state none."""
    kind, place = (text(head, "kind") or "").removesuffix("List"), 0
    stated = {"apiVersion": head.get("apiVersion"), "kind": kind} if kind else {}
    source.need("[")
    while not source.take("]"):
        line, value = source.line, source.value()
        if not isinstance(value, dict) or not (value.get("kind") or kind):
            raise _OtherError
        yield _Object(value if value.get("kind") else {**stated, **value}, f"/items/{place}", line)
        place += 1
        if not source.take(","):
            source.need("]")
            break


def _plain(value: dict[str, Value]) -> dict[str, Value]:
    """An object without what only repeats it, and without any Secret's values: their keys are all that matters."""
    metadata = mapping(value, "metadata")
    metadata.pop("managedFields", None)
    mapping(metadata, "annotations").pop(_NOISE, None)
    if value.get("kind") == "Secret":
        value |= {field: dict.fromkeys(mapping(value, field), "") for field in ("data", "stringData") if field in value}
    return value


# ---------------------------------------------------------------- pods


def _folded(objects: Iterable[tuple[Location, dict[str, Value]]]) -> tuple[list[Resource], list[RunningPods]]:
    """The objects, of pods that are alike the first only; and the pods that run. One that has ended holds nothing."""
    kept: list[Resource] = []
    groups: dict[object, tuple[Resource, list[Instance]]] = {}
    for at, value in objects:
        if value.get("kind") != "Pod":
            kept.append(Resource(at, _plain(value)))
            continue
        if not running.is_running(value):
            continue
        key = _likeness(value) or at
        if key not in groups:
            kept.append(Resource(at, _plain(value)))
            groups[key] = kept[-1], []
        groups[key][1].append(Instance(text(value, "metadata", "name") or "", at.line))
    existing = {one.id: one for one in kept if one.id.kind != "Pod"}
    return kept, [RunningPods(first.at, running.owner(first, existing.get), tuple(pods)) for first, pods in groups.values()]


def _likeness(pod: dict[str, Value]) -> object:
    """What is the same for pods of one template: who has made them, which revision it is, and what admission has made of it. None
    for a pod that nothing has made, and for one of a strange shape: it is like no other."""
    above, metadata, spec = running.controller(pod), mapping(pod, "metadata"), mapping(pod, "spec")
    if above is None:
        return None
    labels = mapping(metadata, "labels")
    try:
        key = (
            (above.get("kind"), above.get("name"), metadata.get("namespace")),
            next((labels[label] for label in _REVISIONS if label in labels), None),
            (spec.get(ACCOUNT_FIELD), spec.get(ALIAS_FIELD), spec.get(AUTOMOUNT_FIELD)),
            tuple(_stem(one["name"]) for one in spec.get("volumes") or ()),
            *(_mounted(one) for field in _CONTAINERS for one in spec.get(field) or ()),
        )
        hash(key)
    except (AttributeError, KeyError, TypeError):
        return None
    return key


def _mounted(container: dict[str, Value]) -> object:
    return container["name"], tuple((_stem(one["name"]), one["mountPath"]) for one in container.get("volumeMounts") or ())


def _stem(volume: str) -> str:
    """A volume's name; without what admission has made up, where it is admission's."""
    return INJECTED_VOLUME if volume.startswith(INJECTED_VOLUME) else volume
