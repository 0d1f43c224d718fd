"""Which values to render a chart with: a verdict is as good as what was looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from samigrate import gotext, yamltext
from samigrate.base.values import Value
from samigrate.helm.chart import Chart, Variant, keys_above, nested

DEFAULTS = Variant("its defaults")
MOST = 12
"""How many switches are turned at most, one variant each."""
_CI = re.compile(r"ci/[^/]+-values\.ya?ml")
_BESIDE = re.compile(r"values[-_.][^/]+\.ya?ml")
_EQUAL = re.compile(r'\beq\s+\$?\.Values\.([\w.]+)\s+"([^"]*)"')
_VALUE = re.compile(r"(\bnot\s+\(?\s*)?\$?\.Values\.([\w.]+)")
_BINDING = re.compile(r"^[ -]*kind:.*RoleBinding\b", re.MULTILINE)


def written(chart: Chart, installed: Iterable[Variant] = ()) -> list[Variant]:
    """The variants that somebody has written down: the defaults, what is installed, the chart's own examples."""
    result = [DEFAULTS, *installed]
    for pattern in (_CI, _BESIDE):
        result += [Variant(path, (path,)) for path in sorted(chart.texts) if pattern.fullmatch(path)]
    return result


def makes_binding(text: str) -> bool:
    return bool(_BINDING.search(text))


def bindings(chart: Chart) -> list[tuple[str, int]]:
    """Where the chart's templates make bindings: path and offset."""
    return [(path, match.start()) for path, text in chart.templates.items() for match in _BINDING.finditer(text)]


def turned(chart: Chart, places: Iterable[tuple[str, int]]) -> list[Variant]:
    """For each place in a template, the variant whose switches open what encloses it."""
    result: dict[str, Variant] = {}
    for path, offset in places:
        values: dict[str, Any] = {}
        for guard in gotext.guards(chart.texts[path], offset):
            for keys, value in _settings(guard):
                _put(values, keys if keys[0] == "global" else (*keys_above(path), *keys), value)
        for above in _enabling(keys_above(path)):
            _put(values, above, True)
        if values:
            text = json.dumps(values)
            result.setdefault(text, Variant(f"its defaults with {text}", (), text, is_supposed=True))
    return list(result.values())[:MOST]


def flipped(chart: Chart) -> list[Variant]:
    """One variant for each switch in the chart's values, turned."""
    switches = _switches(yamltext.load(chart.texts.get("values.yaml", "")).value)
    texts = [json.dumps(nested(keys, not value)) for keys, value in switches]
    return [Variant(f"its defaults with {text}", (), text, is_supposed=True) for text in texts]


def _switches(value: Value, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    if isinstance(value, bool) and above:
        yield above, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _switches(inner, (*above, str(key)))


def joined(variant: Variant, switch: Variant) -> Variant:
    """A variant with the switches of another one turned as well."""
    values = merged(json.loads(variant.values or "{}"), json.loads(switch.values or "{}"))
    files = (*variant.files, *(file for file in switch.files if file not in variant.files))
    return Variant(f"{variant.name} and {switch.values or switch.name}", files, json.dumps(values), is_supposed=True)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """As Helm lays values over others: mappings are merged, all else is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _settings(guard: gotext.Guard) -> Iterator[tuple[tuple[str, ...], Any]]:
    if guard.keyword == "range":
        return
    for match in _EQUAL.finditer(guard.argument):
        yield tuple(match[1].split(".")), match[2] if not guard.is_negated else ""
    for match in _VALUE.finditer(_EQUAL.sub("", guard.argument)):
        if guard.keyword == "if" and not match[2].rstrip(".").endswith(("annotations", "labels")):
            yield tuple(part for part in match[2].split(".") if part), bool(match[1]) == guard.is_negated


def _enabling(above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The usual switches of sub-charts."""
    for count in range(1, len(above) + 1):
        yield (*above[:count], "enabled")


def _put(values: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        values = inner
    values.setdefault(keys[-1], value)
