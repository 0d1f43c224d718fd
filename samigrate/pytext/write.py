"""New Python expressions, in the style of what stands around them."""

from __future__ import annotations

from typing import Any, NamedTuple

from .node import Dialect

WIDTH = 100


class Style(NamedTuple):
    """How a program is written: its quote, its step of indentation, its line break."""

    quote: str
    step: str
    newline: str


class Class(NamedTuple):
    """The class that a mapping is to be written as, and how the program calls the module it lies in (`client.`)."""

    name: str
    prefix: str
    dialect: Dialect

    def of(self, key: str) -> Class | None:
        """The class of a value below, None where a dict may stand."""
        name = self.dialect.fields.get(self.name, {}).get(key)
        return self._replace(name=name) if name else None

    @property
    def spelled(self) -> str:
        return self.prefix + self.name + self.dialect.suffix


def string(value: str, style: Style) -> str:
    """A text in the program's quotes, unless the other ones save escapes."""
    spelled = repr(value)
    if style.quote == '"' and spelled[0] == "'" and '"' not in value:
        return '"' + spelled[1:-1] + '"'
    return spelled


class Bare(str):
    """A name that is written as it is."""

    __slots__ = ()


def scalar(value: Any, style: Style) -> str:
    """A text, number, boolean or None; a number keeps no spelling of YAML's."""
    if isinstance(value, Bare):
        return str(value)
    if isinstance(value, str):
        return string(value, style)
    return repr(int(value)) if isinstance(value, int) and not isinstance(value, bool) else repr(value)


def expression(value: Any, klass: Class | None, style: Style, indent: str, column: int) -> str:
    """A value as an expression that starts at a column of a line indented so; on one line where it fits."""
    flat = _flat(value, klass, style)
    if column + len(flat) <= WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = indent + style.step
    if isinstance(value, list):
        items = [f"{inner}{expression(item, klass, style, inner, len(inner))}," for item in value]
        return style.newline.join(["[", *items, f"{indent}]"])
    lines = [inner + entry(key, item, klass, style, inner) + "," for key, item in value.items()]
    opening, closing = (f"{klass.spelled}(", ")") if klass else ("{", "}")
    return style.newline.join([opening, *lines, indent + closing])


def entry(key: str, value: Any, klass: Class | None, style: Style, indent: str) -> str:
    """One argument of a class, or one entry of a dict."""
    head = f"{klass.dialect.spell(key)}=" if klass else f"{string(key, style)}: "
    return head + expression(value, klass.of(key) if klass else None, style, indent, len(indent) + len(head) + 1)


def _flat(value: Any, klass: Class | None, style: Style) -> str:
    if isinstance(value, dict):
        if klass:
            arguments = (f"{klass.dialect.spell(key)}={_flat(item, klass.of(key), style)}" for key, item in value.items())
            return f"{klass.spelled}({', '.join(arguments)})"
        return "{" + ", ".join(f"{string(key, style)}: {_flat(item, None, style)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(item, klass, style) for item in value) + "]"
    return scalar(value, style)


def classes(value: Any, klass: Class | None) -> list[str]:
    """Every class that the expression calls."""
    if isinstance(value, list):
        return [name for item in value for name in classes(item, klass)]
    if not isinstance(value, dict):
        return []
    own = [klass.name + klass.dialect.suffix] if klass else []
    return own + [name for key, item in value.items() for name in classes(item, klass.of(key) if klass else None)]
