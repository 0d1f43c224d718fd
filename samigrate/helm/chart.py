"""A chart as texts, and the ways of rendering it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from samigrate.base.values import Value

RELEASE = "release-name"
_TEMPLATE = re.compile(r"(?:charts/[^/]+/)*templates/(?:.*/)?[^/]+\.(?:ya?ml|tpl)")


class Chart(NamedTuple):
    """`shown` is the folder as people see it; `texts` holds, by path below it, its templates and values and those of the
    sub-charts that lie in it as folders. `others` holds those of dependencies that lie elsewhere, or are packed: they are read,
    not edited. `elsewhere` are the folders of those that are charts of the repository, which are edited where they lie."""

    shown: str
    texts: Mapping[str, str]
    others: Mapping[str, str] = {}
    elsewhere: tuple[str, ...] = ()

    @property
    def templates(self) -> Mapping[str, str]:
        return {path: text for path, text in self.texts.items() if _TEMPLATE.fullmatch(path)}


class Variant(NamedTuple):
    """One way of rendering: values files in their order (paths below the chart, or absolute ones), then `values`, a text of
    their form. `is_supposed`: nobody has written these values down; a switch was turned to see what it brings. `must_render`: it
    is what somebody installs, so a chart that does not render so is left alone. `release` and `namespace` are what it is
    installed as; a release without a name is called RELEASE, and a namespace is "" where it is not known."""

    name: str
    files: tuple[str, ...] = ()
    values: str = ""
    is_supposed: bool = False
    must_render: bool = False
    release: str = RELEASE
    namespace: str = ""


class Refused(NamedTuple):
    """Helm could not render, in its words."""

    message: str


Render = Callable[[Mapping[str, str], Variant], "str | Refused"]
"""The manifests of a variant, where some of the chart's files have the texts given."""


def folder_of(path: str) -> str:
    """The folder of the chart that a template belongs to: "" for the outermost, else `charts/NAME/`."""
    return path[: path.rindex("templates/")]


def values_file(path: str) -> str:
    """The values file of the chart that a template belongs to."""
    return folder_of(path) + "values.yaml"


def keys_above(path: str) -> tuple[str, ...]:
    """Where the values of a file's chart stand in those of the outermost chart."""
    return tuple(re.findall(r"(?:^|/)charts/([^/]+)(?=/)", path.partition("templates/")[0]))


def nested(keys: Sequence[str | int], value: Value) -> Value:
    """`value` at a path of keys, and nothing else; a number is the place in a list of one."""
    for key in reversed(keys):
        value = {key: value} if isinstance(key, str) else [value]
    return value
