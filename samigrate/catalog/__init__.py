"""What declares API use: images, arguments, variables, configuration, injected sidecars.

The facts are the YAML files beside this one, dated where they age. The config's `catalog:` takes entries of the same
form under `images`, `arguments`, `env`, `config`, `injectors`, `registries` and `roles`; an entry of the same name
(for images: of the same pattern) replaces the packaged one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.errors import InputError
from samigrate.base.values import Value
from samigrate.catalog.entries import SITES, Entry, check_patterns, parse
from samigrate.catalog.tables import Catalog, Globs, ImageHit, ImagePattern, Injector, Mark, TextPattern, VariablePattern, path_of

__all__ = ["Catalog", "ImageHit", "Injector", "Mark", "TextPattern", "VariablePattern", "load", "path_of"]

SECTIONS = ("images", "arguments", "env", "config", "injectors", "registries", "roles")


def load(extra: Mapping[str, Any] | None = None) -> Catalog:
    """The packaged catalogue with the user's entries. Raises InputError for a key or value it does not know."""
    extra = extra or {}
    if unknown := sorted(str(key) for key in extra if key not in SECTIONS):
        raise InputError("catalog", 0, f"unknown section {unknown[0]}; known: {', '.join(SECTIONS)}")
    entries = {name: _merge(packaged(name), _added(name, extra[name]) if name in extra else []) for name in SECTIONS}
    images = [_image(entry) for entry in entries["images"]]
    injectors = tuple(_injector(entry) for entry in entries["injectors"])
    triggers = [mark for injector in injectors for mark in injector.triggers]
    variables = [(str(entry["name"]), _variable(entry)) for entry in entries["env"]]
    return Catalog(
        arguments=tuple(_sign(entry, "argv") for entry in entries["arguments"]),
        config=tuple(_sign(entry, "config") for entry in entries["config"]),
        injectors=injectors,
        delegation=frozenset(entry["name"] for entry in entries["roles"] if entry["class"] == "delegation"),
        images=_group((literal[-1], item) for item in images if (literal := _literal(item))),
        loose_images=tuple(item for item in images if not _literal(item)),
        loose_endings=Globs.of(item.hit.pattern.rpartition("/")[2] for item in images if not _literal(item)),
        known_variables=_group((name, item) for name, item in variables if "*" not in name),
        loose_variables=tuple(item for name, item in variables if "*" in name),
        loose_names=Globs.of(name for name, _ in variables if "*" in name),
        triggers=frozenset(mark.name for mark in triggers if not mark.is_glob),
        loose_triggers=Globs.of(mark.name for mark in triggers if mark.is_glob),
        registries=frozenset(entry["name"] for entry in entries["registries"]),
        admission=Globs.of(entry["name"] for entry in entries["roles"] if entry["class"] == "admission"),
    )


@cache
def packaged(section: str) -> Sequence[Entry]:
    """The entries of one packaged data file. Raises InputError with file and line."""
    name = f"{section}.yaml"
    try:
        parsed = yamltext.load(data_files.text(f"catalog/{name}"))
    except yamltext.YamlError as error:
        raise InputError(f"catalog/{name}", error.line, error.problem) from error
    return parse(section, parsed.value, f"catalog/{name}")


def _added(section: str, value: Value) -> list[Entry]:
    entries = parse(section, value, "catalog")
    check_patterns(section, entries, "catalog")
    return entries


def _merge(packaged: Sequence[Entry], added: Sequence[Entry]) -> list[Entry]:
    replaced = {entry["name"] for entry in added}
    return [*(entry for entry in packaged if entry["name"] not in replaced), *added]


# ---------------------------------------------------------------- entries to tables


def _group(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, Sequence[Any]]:
    result: dict[str, list[Any]] = defaultdict(list)
    for key, item in pairs:
        result[key].append(item)
    return dict(result)


def _image(entry: Entry) -> ImagePattern:
    parts = entry["name"].split("/")
    literal = [part for part in parts if "*" not in part]
    return ImagePattern(
        ImageHit(entry["class"], entry["name"], tuple(entry.get("decided-by", ())), "starts" in entry),
        tuple(parts),
        (len(literal), sum(len(part.replace("*", "")) for part in parts)),
    )


def _literal(pattern: ImagePattern) -> list[str]:
    return [part for part in pattern.parts if "*" not in part]


def _sign(entry: Entry, pointer: str) -> TextPattern:
    words = tuple(word.lower() for word in entry.get("words", ()))
    return TextPattern(entry["name"], entry["pattern"], words, frozenset(entry.get("in", (pointer,))), "starts" in entry)


def _variable(entry: Entry) -> VariablePattern:
    conditions = tuple(entry.get("unless", ())), tuple(entry.get("with", ()))
    return VariablePattern(entry["name"], entry.get("value", ""), *conditions, entry.get("literal", False), "starts" in entry)


def _injector(entry: Entry) -> Injector:
    return Injector(
        entry["name"],
        entry["token"],
        tuple(_mark(item) for item in entry["triggers"]),
        tuple(_mark(item) for item in entry.get("cancels", ())),
        frozenset(entry.get("meshes", ())),
    )


def _mark(item: Mapping[str, Value]) -> Mark:
    kind = "label" if "label" in item else "annotation"
    return Mark(kind, item[kind], frozenset(item.get("values", ())), frozenset(item.get("at", SITES)))
