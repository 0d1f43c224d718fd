"""Objects as YAML with comments that say why, and with code in lines of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from samigrate.yamltext.write import Flow, Style, entry_lines, flow_text, scalar_text

_STYLE = Style()


def document(value: Mapping[str, Any]) -> str:
    """An object's text. A key that begins with `#` is a comment on what follows it; so is an item that does."""
    return "\n".join(line.rstrip() for line in _lines(value)) + "\n"


def _lines(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from [key] if key.startswith("#") else _entry(key, inner)
        return
    for item in value:
        if isinstance(item, str) and item.startswith("#"):
            yield item
        elif isinstance(item, Mapping):
            first, *others = _lines(item)
            yield from (f"- {first}", *(f"  {line}" for line in others))
        else:
            yield f"- {scalar_text(item, _STYLE)}"


def _entry(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value:
        yield f"{key}: |-"
        yield from (f"  {line}" for line in value.split("\n"))
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield f"{key}: {flow_text(value, Flow())}"
    elif isinstance(value, Mapping | list) and value:
        yield f"{key}:"
        indent = "  " if isinstance(value, Mapping) else ""
        yield from (indent + line for line in _lines(value))
    else:
        yield from entry_lines(key, value, _STYLE)
