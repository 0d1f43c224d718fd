"""Recipes: the packaged ones, a user's own, and what is said of mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from samigrate import transforms
from samigrate.base.errors import InputError
from samigrate.plan import recipe

HEAD = "apiVersion: samigrate.dev/v1\nkind: Recipe\nname: mine\nsummary: Mine\n"


def write(folder: Path, text: str, name: str = "mine.yaml") -> str:
    (folder / name).write_text(HEAD + text)
    return str(folder / name)


@pytest.mark.parametrize("name", recipe.packaged())
def test_packaged_recipes_load(name: str) -> None:
    loaded = recipe.load([name])
    assert loaded.name == name
    assert loaded.transforms.keys() <= transforms.discover().keys()


def test_without_a_recipe_the_default_is_taken() -> None:
    assert recipe.load([]) == recipe.load([recipe.DEFAULT])
    assert not any(transforms.discover()[id_].apart for id_ in recipe.load([]).transforms)


def test_own_recipe_includes_by_name_and_by_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "transforms: {account-alias: {}}\n", "other.yaml")
    path = write(tmp_path, "include: [disable-automount, sub/other.yaml]\n")
    assert set(recipe.load([path]).transforms) == {"automount", "annotate", "account-alias"}


def test_several_recipes_are_joined() -> None:
    joined = recipe.load(["disable-automount", "projected-tokens"])
    assert joined.name == "disable-automount + projected-tokens"
    assert set(joined.transforms) == {"automount", "annotate", "projected-token"}


MISTAKES = [
    pytest.param("transforms: {automont: {}}\n", 5, "did you mean 'automount'", id="unknown transform"),
    pytest.param("transforms:\n  automount:\n    colour: red\n", 7, "unknown option 'colour'", id="unknown option"),
    pytest.param("transforms:\n  automount: yes please\n", 6, "mapping of options", id="options that are no mapping"),
    pytest.param("transforms: [automount]\n", 5, "must be a mapping", id="transforms that are a list"),
    pytest.param("include: [disable-automont]\n", 5, "did you mean 'disable-automount'", id="unknown include"),
    pytest.param("include: disable-automount\n", 5, "list of recipe names", id="include that is no list"),
    pytest.param("python: 'yes'\n", 5, "python must be true or false", id="python that is no boolean"),
    pytest.param("order: [automount]\n", 5, "unknown key 'order'", id="unknown key"),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES)
def test_mistakes_have_a_place(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(InputError) as raised:
        recipe.load([write(tmp_path, text)])
    assert message in str(raised.value)
    assert f"mine.yaml:{line}:" in str(raised.value)


def test_a_recipe_must_not_include_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="includes itself"):
        recipe.load([write(tmp_path, "include: [mine.yaml]\n")])


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="did you mean 'least-privilege'"):
        recipe.load(["least-priviledge"])


def test_options_that_contradict_each_other() -> None:
    one = recipe.Recipe("one", "", {"automount": {"a": 1}})
    other = recipe.Recipe("other", "", {"automount": {"a": 2}})
    with pytest.raises(InputError, match=r"automount\.a is 2 here, and 1"):
        recipe.merge([one, other])
