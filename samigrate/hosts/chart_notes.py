"""What to do with a Helm chart: its templates are no manifests yet, but its own values may have a say.

Charts agree on two spellings (`helm create`, Bitnami): `serviceAccount: {create, name, automount}` beside each
workload's other values, and `automountServiceAccountToken`, in the same mapping or of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, pointer, sequence

SHOWN = 6
_AUTOMOUNT = ("automount", "automountServiceAccountToken", "automountToken")


class Setting(NamedTuple):
    """A value to set: its path in values.yaml, and the text of the new value."""

    path: tuple[str, ...]
    value: str


def note(chart: str, shown: str) -> str:
    """The note on a chart folder; `shown` is the folder as people see it."""
    name = os.path.basename(chart)
    text = f"a Helm chart: --charts edits it; `helm template {name} {shown} | samigrate migrate -` shows what it needs, post-render does it"
    try:
        with open(os.path.join(chart, "values.yaml"), encoding="utf-8") as file:
            content = file.read()
        result = list(settings(yamltext.load(content).value))
    except (OSError, UnicodeDecodeError, yamltext.YamlError):
        return text
    messages = [
        f"{'.'.join(setting.path)}={setting.value} (line {yamltext.position(content, pointer(*setting.path))[0]})"
        for setting in result[:SHOWN]
    ]
    suffix = f" and {len(result) - SHOWN} more" if len(result) > SHOWN else ""
    return f"{text}; unless its pods use the API, set in {shown}/values.yaml: {', '.join(messages)}{suffix}" if messages else text


def settings(value: Value, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """The chart's own keys for accounts and automount that are not set to the safe side yet."""
    if not isinstance(value, dict) or len(path) > 8:
        return
    for key, inner in value.items():
        current = (*path, key)
        if key == "serviceAccount" and isinstance(inner, dict):
            yield from _account(inner, current)
        elif key == "serviceAccountName" and inner in ("", None, "default"):
            yield Setting(current, "<an account of its own>")
        elif key == "automountServiceAccountToken" and inner is not False and not isinstance(inner, dict | list):
            yield Setting(current, "false")
        else:
            yield from settings(inner, current)
            for index, item in enumerate(sequence({"items": inner}, "items")):
                yield from settings(item, (*current, str(index)))


def _account(value: dict[str, Value], path: tuple[str, ...]) -> Iterator[Setting]:
    """A `serviceAccount` block: an account must be made or named, and must not hand out its token."""
    if value.get("create") is False and not value.get("name"):
        yield Setting((*path, "create"), "true")
    for key in _AUTOMOUNT:
        if key in value and value[key] is not False:
            yield Setting((*path, key), "false")
