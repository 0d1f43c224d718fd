"""New text for plain values: block style in lines, flow style in one piece."""

from __future__ import annotations

from typing import Any, NamedTuple

from .scalar import Quote, is_safe, quoted, spell


class Style(NamedTuple):
    """How new text is laid out.

    `step` is how far a mapping is indented below its key, `offset` how far a list's dashes are, `dash` how far an item's
    content stands from its dash. With `quote_values` and `quote_keys` strings are quoted though they need not be.
    """

    step: int = 2
    offset: int = 0
    dash: int = 2
    quote: Quote = '"'
    quote_values: bool = False
    quote_keys: bool = False


class Flow(NamedTuple):
    """How new flow collections are laid out: `colon` and `comma` with their white space, `pad` inside braces.

    With `step` a collection goes over several lines, one entry each.
    """

    colon: str = ": "
    comma: str = ", "
    pad: str = ""
    quote: Quote = '"'
    quote_values: bool = False
    quote_keys: bool = False
    step: str = ""
    newline: str = "\n"


def block_lines(value: Any, style: Style) -> list[str]:
    """The lines of a value, unindented and without line breaks."""
    if isinstance(value, dict) and value:
        return [line for key, inner in value.items() for line in entry_lines(key, inner, style)]
    if isinstance(value, list) and value:
        return [line for item in value for line in item_lines(item, style)]
    return [scalar_text(value, style)]


def entry_lines(key: str, value: Any, style: Style) -> list[str]:
    """The lines of `key: value`."""
    name = key_text(key, style.quote, always=style.quote_keys)
    if isinstance(value, (dict, list)) and value:
        indent = " " * (style.step if isinstance(value, dict) else style.offset)
        return [f"{name}:", *(indent + line for line in block_lines(value, style))]
    return [f"{name}: {scalar_text(value, style)}"]


def item_lines(value: Any, style: Style) -> list[str]:
    """The lines of `- value`."""
    first, *others = block_lines(value, style)
    return ["-" + " " * (style.dash - 1) + first, *(" " * style.dash + line for line in others)]


def scalar_text(value: Any, style: Style) -> str:
    """A scalar or an empty collection on one line."""
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    return spell(value, quote=style.quote, always_quote=style.quote_values)


def key_text(key: str, quote: Quote, *, always: bool = False, in_flow: bool = False) -> str:
    return quoted(key, quote) if always or not is_safe(key, in_flow=in_flow) else key


def flow_text(value: Any, flow: Flow, indent: str = "") -> str:
    """A value in flow style; `indent` is that of the line it begins on."""
    if isinstance(value, dict):
        return _collection("{", "}", [flow_entry(key, inner, flow, indent + flow.step) for key, inner in value.items()], flow, indent)
    if isinstance(value, list):
        return _collection("[", "]", [flow_text(inner, flow, indent + flow.step) for inner in value], flow._replace(pad=""), indent)
    return spell(value, quote=flow.quote, always_quote=flow.quote_values, in_flow=True)


def flow_entry(key: str, value: Any, flow: Flow, indent: str = "") -> str:
    name = key_text(key, flow.quote, always=flow.quote_keys, in_flow=True)
    # `{a:1}` without a space is no mapping unless the key is quoted.
    colon = flow.colon if name[0] in "\"'" else ": "
    return name + colon + flow_text(value, flow, indent)


def _collection(begin: str, end: str, entries: list[str], flow: Flow, indent: str) -> str:
    if not entries:
        return begin + end
    if flow.step:
        lines = ("," + flow.newline).join(indent + flow.step + entry for entry in entries)
        return begin + flow.newline + lines + flow.newline + indent + end
    return begin + flow.pad + flow.comma.join(entries) + flow.pad + end
