"""What a scalar's text means to Kubernetes (go-yaml v2: YAML 1.1), and how to write one that all parsers read the same way.

Source: https://github.com/go-yaml/yaml/blob/v2/resolve.go, wrapped by sigs.k8s.io/yaml.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from functools import lru_cache
from typing import Literal

Scalar = str | int | float | bool | None
Quote = Literal['"', "'"]

_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|([1-9][0-9]*|0))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

# Plain text no YAML 1.1 or 1.2 parser takes for anything but a string: it starts with a letter (behind a slash,
# dashes or an underscore), so it is no number, date or sexagesimal, and is none of the words below.
_SAFE = re.compile(r"(?:/|-{0,2}|_)[A-Za-z](?:[A-Za-z0-9_./+=-]*[A-Za-z0-9_/])?")
_SAFE_IN_BLOCK = re.compile(r"(?:/|-{0,2}|_)[A-Za-z](?:[A-Za-z0-9_./+=@,:-]*[A-Za-z0-9_/])?")
_WORDLIKE = frozenset({"y", "yes", "n", "no", "true", "false", "on", "off", "null", "none", "nan", "inf", "infinity", "nil", "undefined"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Number(int):
    """An integer that remembers how it is spelled (`0440`, `0x1F`, `1_000`)."""

    spelling: str

    def __new__(cls, value: int, spelling: str) -> Number:
        number = super().__new__(cls, value)
        number.spelling = spelling
        return number

    def __reduce__(self) -> tuple[type[Number], tuple[int, str]]:
        return Number, (int(self), self.spelling)


@lru_cache(maxsize=8192)
def resolve(text: str) -> Scalar:
    """The value of an untagged plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first in "0123456789+-":
        return _number(text)
    if first == "." and _FLOAT.fullmatch(text):
        return _finite(text, text)
    return text


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag; ValueError says what cannot be read so. Unknown tags mean text."""
    name = tag.removeprefix(_TAG)
    if name == tag or name in ("str", "timestamp"):
        return text
    if name == "binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return text
    kinds = {"bool": (bool,), "int": (int,), "float": (int, float), "null": (type(None),)}.get(name)
    if kinds is None:
        return text
    value = resolve(text)
    if not isinstance(value, kinds) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(f"a value that cannot be read as !!{name}")  # not quoted: it may be a secret
    return float(value) if name == "float" and value is not None else value


def key_text(value: object) -> str:
    """A mapping key as JSON has it."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _WORD_OF_FLOAT.get(repr(value)) or f"{value:g}"
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


_WORD_OF_FLOAT = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}


def is_safe(text: str, *, in_flow: bool = False) -> bool:
    """Whether `text` is read back as that string when written without quotes (domain rule R-A25, widened)."""
    pattern = _SAFE if in_flow else _SAFE_IN_BLOCK
    return pattern.fullmatch(text) is not None and text.lstrip("-/_").lower() not in _WORDLIKE


def quoted(text: str, quote: Quote = '"') -> str:
    """`text` in quotes, on one line; in double quotes where single ones cannot hold it."""
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def spell(value: Scalar, *, quote: Quote = '"', always_quote: bool = False, in_flow: bool = False) -> str:
    """A scalar's text on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.spelling
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _spell_float(value)
    return value if not always_quote and is_safe(value, in_flow=in_flow) else quoted(value, quote)


def _spell_float(value: float) -> str:
    text = repr(value)
    if text in _WORD_OF_FLOAT:
        return _WORD_OF_FLOAT[text]
    # YAML 1.1 wants a point in every float.
    return text if "." in text else text.replace("e", ".0e")


def _number(text: str) -> Scalar:
    plain = text.replace("_", "")
    match = _INTEGER.fullmatch(plain)
    if match:
        sign, hexadecimal, octal, binary, decimal = match.groups()
        digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (binary, 2) if binary else (decimal, 10)
        if len(digits) < 70:
            value = int(sign + digits, base)
            if -(1 << 63) <= value < 1 << 64 and not (sign == "+" and value >= 1 << 63):
                return value if text == str(value) else Number(value, text)
    return _finite(plain, text) if _FLOAT.fullmatch(plain) else text


def _finite(plain: str, text: str) -> Scalar:
    value = float(plain)
    return text if math.isinf(value) else value
