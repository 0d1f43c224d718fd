"""Values that may decide about a pod's token, by what they are called, and by what templates read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from samigrate import yamltext
from samigrate.base.values import Value, at
from samigrate.domain.model import AUTOMOUNT_FIELD as AUTOMOUNT
from samigrate.helm import known
from samigrate.helm.chart import Chart, Variant, keys_above

_READ = re.compile(r"\.Values\.((?:[A-Za-z]\w*\.)*\w*[aA]utomount\w*)")
_LITERAL = re.compile(r"^[ ]*automountServiceAccountToken:[ ]*[\"']?true", re.MULTILINE)
_NAMES = ("automount", AUTOMOUNT, "automountToken")

Keys = tuple[str, ...]
"""The path of a value."""


def candidates(chart: Chart, file: str) -> list[Keys]:
    """The values that may decide about a token, as they are called in a values file of the chart: those for pods before those for
    accounts; what the file has, what a library is known to read, what templates read."""
    above = keys_above(file)
    texts = {**chart.others, **chart.texts}
    own = _read(texts.get(file, ""))
    found: list[Keys] = []
    for path, text in sorted(texts.items()):
        keys = keys_above(path)
        if path != file and re.fullmatch(r"(charts/[^/]+/)*values.yaml", path):
            found += [(*keys, *each) for each in named(_read(text))]
        elif "/templates/" in f"/{path}":
            found += [(*keys, *match.split(".")) for match in _READ.findall(text)]
    inside = [each[len(above) :] for each in found if each[: len(above)] == above] if above else found
    inside = [*named(own), *_of_libraries(own), *inside]
    inside.sort(key=lambda each: any("serviceaccount" in key.lower() for key in each[:-1]))
    return [each for each in dict.fromkeys(inside) if at(own, *each) is not False]


def asks(chart: Chart) -> bool:
    """Whether a chart asks for a token: its template by a literal, or its values where it wraps another chart. Where its values say
    `true` of its own pods, they say what Kubernetes does anyway."""
    if any(_LITERAL.search(text) for path, text in {**chart.others, **chart.texts}.items() if "templates/" in path):
        return True
    is_wrapper = chart.others or any(path.startswith("charts/") for path in chart.texts)
    return bool(is_wrapper) and _says_true(_read(chart.texts.get("values.yaml", "")))


def is_asked_for(chart: Chart, variant: Variant, read: Callable[[str], str | None]) -> bool:
    """Whether whoever installs the chart asks for a token."""
    layers = [chart.texts.get(file) or read(file) for file in variant.files] + ([] if variant.is_supposed else [variant.values])
    return any(layer is None or _says_true(_read(layer)) for layer in layers)


def _says_true(value: Value) -> bool:
    if isinstance(value, dict):
        return any((key in _NAMES and inner is True) or _says_true(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_says_true(each) for each in value)


def named(value: Value, above: Keys = ()) -> Iterator[Keys]:
    """The values that are called as those are that decide about a token, and are not false yet."""
    if isinstance(value, dict) and len(above) < 8:
        for key, inner in value.items():
            if isinstance(key, str):
                if key in _NAMES and inner is not False and not isinstance(inner, dict | list):
                    yield (*above, key)
                yield from named(inner, (*above, key))


def _of_libraries(own: Value) -> Iterator[Keys]:
    """Where libraries that make whole pods take the field from; `*` stands for each key that is there."""
    for library in known.libraries():
        for keys in library.keys:
            yield from _expanded(own, tuple(keys.split(".")))


def _expanded(value: Value, pattern: Keys) -> Iterator[Keys]:
    first, *rest = pattern
    names = [key for key in value if isinstance(key, str)] if first == "*" and isinstance(value, dict) else [first]
    for name in names if "*" not in names else []:
        if not rest:
            yield (name,)
        else:
            yield from ((name, *each) for each in _expanded(at(value, name), tuple(rest)))


def _read(text: str) -> Value:
    try:
        return yamltext.load(text).value
    except yamltext.YamlError:
        return None
