"""Which line of a template each pod comes from: a key is planted beside every `containers:`, and looked for in the rendering."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from samigrate import gotext
from samigrate.base.values import Value, pointer
from samigrate.helm.chart import Chart

_CONTAINERS = re.compile(r"^(?P<indent> *)containers:", re.MULTILINE)
_PROBE = "samigrate-probe-"
_LINE = re.compile(rf'^ *{_PROBE}\d+: ""\n', re.MULTILINE)


class Site(NamedTuple):
    """A `containers:` line: its path below the chart, its offset, its indentation, and its 1-based line."""

    number: int
    path: str
    start: int
    indent: str
    line: int


def find(chart: Chart) -> list[Site]:
    result: list[Site] = []
    for path, text in sorted(chart.templates.items()):
        spans = [(action.start, action.end) for action in gotext.actions(text)]
        for match in _CONTAINERS.finditer(text):
            if not any(start <= match.start() < end for start, end in spans):
                result.append(Site(len(result), path, match.start(), match["indent"], text.count("\n", 0, match.start()) + 1))
    return result


def planted(chart: Chart, sites: Sequence[Site]) -> Mapping[str, str]:
    """The templates with a key before each site."""
    by_path: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        by_path[site.path].append(site)
    result = {}
    for path, ours in by_path.items():
        text = chart.texts[path]
        for site in sorted(ours, key=lambda site: -site.start):
            text = f'{text[: site.start]}{site.indent}{_PROBE}{site.number}: ""\n{text[site.start :]}'
        result[path] = text
    return result


def is_planted(place: str) -> bool:
    """Whether a JSON Pointer leads to a planted key."""
    return place.rpartition("/")[2].startswith(_PROBE)


def without_planted(value: Value) -> Value:
    """A text without the lines of planted keys: a pod may stand in a text, such as a ConfigMap's."""
    return _LINE.sub("", value) if isinstance(value, str) else None


def numbers(value: Value, place: str = "") -> Iterator[tuple[str, list[int]]]:
    """The mappings that hold planted keys, by JSON Pointer, with the numbers of their sites."""
    if isinstance(value, dict):
        if ours := [int(key.removeprefix(_PROBE)) for key in value if isinstance(key, str) and key.startswith(_PROBE)]:
            yield place, ours
        for key, inner in value.items():
            yield from numbers(inner, place + pointer(str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, f"{place}/{index}")
