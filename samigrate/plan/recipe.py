"""Recipes: which transforms run, with which options. A recipe chooses; it does not order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate import transforms
from samigrate.base import data_files
from samigrate.base.errors import InputError
from samigrate.base.values import Value, pointer
from samigrate.settings.config import ConfigDocument, is_file_name, read_document, suggestion

DEFAULT = "least-privilege"
KEYS = ("apiVersion", "kind", "name", "summary", "include", "transforms", "python")
_IN_WHEEL, _IN_CHECKOUT = (os.path.normpath(os.path.join(data_files.HOME, name)) for name in ("recipes_data", "../recipes"))


class Recipe(NamedTuple):
    """Transforms by id, each with its options; what a recipe includes is part of it. `python`: it is for what Python
    declares, too."""

    name: str
    summary: str
    transforms: Mapping[str, Mapping[str, Value]]
    python: bool = False


def packaged() -> dict[str, str]:
    """The files of the recipes that come with samigrate, by name."""
    folder = _IN_WHEEL if os.path.isdir(_IN_WHEEL) else _IN_CHECKOUT
    return {name.removesuffix(".yaml"): os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".yaml")}


def load(names: Sequence[str]) -> Recipe:
    """The recipes of these names, or files, as one. Raises InputError."""
    recipes = [_load(name, "", ()) for name in names or (DEFAULT,)]
    recipe = recipes[0] if len(recipes) == 1 else merge(recipes)
    apart = [id_ for id_ in recipe.transforms if transforms.discover()[id_].apart]
    if apart and len(recipe.transforms) > 1:
        raise InputError("", 0, f"recipe {recipe.name}: {apart[0]} decides on what an earlier run has left: run it on its own")
    return recipe


def merge(recipes: Sequence[Recipe]) -> Recipe:
    result: dict[str, Mapping[str, Value]] = {}
    for recipe in recipes:
        for id_, options in recipe.transforms.items():
            result[id_] = _joined(result.get(id_, {}), options, recipe.name, id_)
    name, summary = " + ".join(recipe.name for recipe in recipes), "; ".join(recipe.summary for recipe in recipes)
    return Recipe(name, summary, result, any(recipe.python for recipe in recipes))


def _joined(old: Mapping[str, Value], new: Mapping[str, Value], name: str, id_: str) -> Mapping[str, Value]:
    for option, value in new.items():
        if old.get(option, value) != value:
            raise InputError("", 0, f"recipe {name}: {id_}.{option} is {value!r} here, and {old[option]!r} in a recipe before it")
    return {**old, **new}


def _load(name: str, folder: str, above: tuple[str, ...]) -> Recipe:
    path = _find(name, folder)
    if path in above:
        raise InputError(path, 0, "includes itself: " + " → ".join((*above, path)))
    document = read_document(path, "Recipe")
    document.known(document.value, KEYS, "", "key")
    included = merge([_load(inner, os.path.dirname(path), (*above, path)) for inner in _includes(document)])
    name, summary, chosen = _text(document, "name"), _text(document, "summary"), dict(included.transforms)
    for id_, options in _transforms(document):
        chosen[id_] = {**chosen.get(id_, {}), **options}  # what includes a recipe may set its options anew
    return Recipe(name, summary, chosen, _flag(document, "python", default=included.python))


def _find(name: str, folder: str) -> str:
    if is_file_name(name):
        return os.path.normpath(os.path.join(folder, name))
    existing = packaged()
    if name not in existing:
        raise InputError("", 0, f"unknown recipe {name!r}{suggestion(name, existing)}; a file's name ends in .yaml")
    return existing[name]


def _includes(document: ConfigDocument) -> list[str]:
    value = document.value.get("include", [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise document.error("/include", "include must be a list of recipe names or files")
    existing = packaged()
    for index, name in enumerate(value):
        if not is_file_name(name) and name not in existing:
            raise document.error(f"/include/{index}", f"unknown recipe {name!r}{suggestion(name, existing)}")
    return list(value)


def _text(document: ConfigDocument, key: str) -> str:
    value = document.value.get(key)
    if not isinstance(value, str) or not value:
        raise document.error(pointer(key), f"{key} must be a string that is not empty")
    return value


def _flag(document: ConfigDocument, key: str, *, default: bool) -> bool:
    value = document.value.get(key, default)
    if not isinstance(value, bool):
        raise document.error(pointer(key), f"{key} must be true or false")
    return value


def _transforms(document: ConfigDocument) -> Iterator[tuple[str, Mapping[str, Value]]]:
    value = document.value.get("transforms", {})
    if not isinstance(value, dict):
        raise document.error("/transforms", "transforms must be a mapping from transform to options, such as `automount: {}`")
    every = transforms.discover()
    document.known(value, every, "/transforms", "transform")
    for id_, options in value.items():
        json_pointer = "/transforms" + pointer(id_)
        if not isinstance(options, dict | None):
            raise document.error(json_pointer, f"{id_} takes a mapping of options, `{{}}` for none")
        options_by_key = every[id_].options
        document.known(options or {}, options_by_key, json_pointer, "option")
        for option, setting in (options or {}).items():
            if not isinstance(setting, options_by_key[option].type) or isinstance(setting, bool) is not (
                options_by_key[option].type is bool
            ):
                raise document.error(
                    json_pointer + pointer(option), f"{id_}.{option} must be of type {options_by_key[option].type.__name__}"
                )
        yield id_, options or {}
