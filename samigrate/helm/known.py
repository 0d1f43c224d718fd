"""Charts and libraries of which it is known by which values their pods get no token, each as it was on some day.

What is known of a chart is a suggestion where the chart is not at hand, and the first thing that is tried where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base import data_files


class KnownChart(NamedTuple):
    """`keys` are paths of values, with dots; `*` stands for each key of a mapping. `version` is the one that was looked at."""

    name: str
    version: str
    keys: tuple[str, ...]
    source: str
    date: str


def libraries() -> Sequence[KnownChart]:
    """Charts that render nothing by themselves and make the pods of others."""
    return _known("libraries")


def chart(name: str) -> KnownChart | None:
    return next((each for each in _known("charts") if each.name == name), None)


@cache
def _known(section: str) -> Sequence[KnownChart]:
    entries = yamltext.load(data_files.text("helm/charts.yaml")).value[section]
    return [KnownChart(each["name"], str(each["version"]), tuple(each["keys"]), each["source"], str(each["date"])) for each in entries]
