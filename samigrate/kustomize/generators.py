"""What configMapGenerator and secretGenerator make: ConfigMaps and Secrets that stand in no manifest.

They are seen under the name that the tree refers to them by; kustomize puts its hash behind both. A file that a
generator lists is configuration that its user reads, as much as a ConfigMap's text is (R-E8).
Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import GENERATED, Location, Resource, Skip
from samigrate.files.prefilter import CLUES
from samigrate.kustomize.kustomization import GENERATORS, Kustomization, environments, generated_from

Open = Callable[[str], bytes | str]
"""Reads a file that a kustomization lists: its bytes, or why it is not read."""


class GeneratedEntry(NamedTuple):
    """One key of a generated object, and where it is written."""

    key: str
    value: str
    path: str
    line: int


class Generator(NamedTuple):
    """One entry of a kustomization's generators; `place` leads to it."""

    kind: str
    place: str
    value: Value


def made(kustomization: Kustomization, opened: Open, line: Callable[[str], int]) -> Iterator[Resource | Skip]:
    """What the generators of a kustomization make, one object for each key: the keys stand in different places. What
    cannot be read is named. `line` gives the 1-based line of a place in the kustomization."""
    for name, kind in GENERATORS.items():
        for index, value in enumerate(sequence(kustomization.value, name)):
            generator = Generator(kind, f"/{name}/{index}", value)
            called = text(value, "name")
            for entry in _entries(kustomization, generator, opened, line) if called else ():
                yield entry if isinstance(entry, Skip) else _resource(generator, entry)


def _entries(
    kustomization: Kustomization, generator: Generator, opened: Open, line: Callable[[str], int]
) -> Iterator[GeneratedEntry | Skip]:
    for index, literal in enumerate(sequence(generator.value, "literals")):
        if isinstance(literal, str) and "=" in literal:
            key, _, value = literal.partition("=")
            yield GeneratedEntry(key, _unquoted(value), kustomization.path, line(f"{generator.place}/literals/{index}"))
    for key, path in generated_from(kustomization.folder, generator.value):
        result = opened(path)
        if isinstance(result, str):
            yield _unread(kustomization, generator, path, result, line)
        else:
            yield GeneratedEntry(key, _relevant(key, result.decode("utf-8", "replace")), path, 1)
    for path in environments(kustomization.folder, generator.value):
        result = opened(path)
        if isinstance(result, str):
            yield _unread(kustomization, generator, path, result, line)
        else:
            yield from _variables(path, result.decode("utf-8", "replace"))


def _unread(kustomization: Kustomization, generator: Generator, path: str, reason: str, line: Callable[[str], int]) -> Skip:
    return Skip(
        kustomization.path, line(generator.place), f"a kustomization: {path} goes into a {generator.kind}, and is not seen here: {reason}"
    )


def _relevant(key: str, content: str) -> str:
    """The text of a file; "" where nothing in it can matter: a folder of dashboards need not be kept."""
    return content if any(clue in f"{key}: {content}" for clue in CLUES["ConfigMap"]) else ""


def _variables(path: str, content: str) -> Iterator[GeneratedEntry]:
    for number, raw in enumerate(content.splitlines(), 1):
        key, equals, value = raw.lstrip().removeprefix("\ufeff").partition("=")
        if equals and not key.startswith("#"):
            yield GeneratedEntry(key, value, path, number)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _resource(generator: Generator, entry: GeneratedEntry) -> Resource:
    metadata = {key: found for key in ("name", "namespace") if (found := text(generator.value, key))}
    annotations = mapping(generator.value, "options", "annotations")
    fields: dict[str, Value] = {
        "apiVersion": "v1",
        "kind": generator.kind,
        "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
        ("data" if generator.kind == "ConfigMap" else "stringData"): {entry.key: entry.value},
    }
    if kind := text(generator.value, "type"):
        fields["type"] = kind
    return Resource(Location(entry.path, GENERATED, generator.place, entry.line), fields)
