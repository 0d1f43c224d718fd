"""String literals that hold documents of their own, piece by piece: what each piece is written as, and what it says.

A text may be filled in when the program runs: an f-string, or one that `.format(…)` or `%` is applied to. What is filled
in is one piece, which says a word that stands nowhere else in the program; so it is a scalar in the YAML as well.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING

from .node import Block, Unit

if TYPE_CHECKING:
    import libcst

    from .source import SourceText

_KEYS = re.compile(r"(?:^|[{,])[ \t]*[\"']?(apiVersion|kind)[\"']?[ \t]*:", re.MULTILINE)
_LOADS_ALL = re.compile(r"\b(?:safe_load_all|load_all|full_load_all|create_from_yaml|from_yaml_all|load_all_yaml|ConfigGroup)\s*\($")
_ESCAPE = re.compile(r"\\(?:\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)|\r\n|.", re.DOTALL)
_PERCENT = re.compile(r"%(?:%|(?:\([^)]*\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?[diouxXeEfFgGcrsa])")
_BRACES = re.compile(r"\{\{|\}\}|\{(?:[^{}]|\{[^{}]*\})*\}")
_FILLED = {"": re.compile(r"(?!)"), "%": _PERCENT, "format": _BRACES, "f": re.compile(r"\{\{|\}\}")}
_DOUBLED = {"": "", "%": "%", "format": "{}", "f": "{}"}
_FILLS = {"format": "format", "format_map": "format"}
_ENGINES = frozenset(("substitute", "safe_substitute", "render", "replace", "Template", "from_string"))
_REPEATABLE = {
    "": re.compile(r"(?!)"),
    "f": re.compile(r"\{[A-Za-z_][\w.]*(?:\[(?:\d+|'[^'\\]*'|\"[^\"\\]*\")\])*\}"),
    "format": re.compile(r"\{[A-Za-z_]\w*\}"),
    "%": re.compile(r"%\(\w+\)s"),
}
"""What may be filled in twice, or no more: a name, not the next in a row, nor what a call gives."""
_FILLED_ELSEWHERE = "it is filled in when the program runs, in a way that is not known here"


class CannotSpell(ValueError):
    """A new text that the literal cannot hold as it is written."""


# ---------------------------------------------------------------- reading


def block(source: SourceText, node: libcst.BaseString) -> Block | None:
    """A string literal that holds documents; None for what is none (a docstring)."""
    import libcst

    raw = source.cut(node)
    if "apiVersion" not in raw or "kind" not in raw or source.is_bare(node):
        return None
    if isinstance(node, libcst.ConcatenatedString):
        return _put_together(source, node)
    if not isinstance(node, libcst.SimpleString | libcst.FormattedString) or "b" in node.prefix.lower():
        return None
    style, fixed = ("f", "") if isinstance(node, libcst.FormattedString) else source.filled(node, _FILLS, _ENGINES)
    units = tuple(_units(source, node, style, _word(source.text)))
    text = "".join(unit.value for unit in units)
    if not _is_manifest(text):
        return None
    start, end = source.span(node)
    quote = len(node.quote) if isinstance(node, libcst.SimpleString) else len(node.end)
    span = start + len(node.prefix) + quote, end - quote
    indent, shown = _indent(text), {unit.value: _shown(unit.raw) for unit in units if unit.is_filled}
    fixed = _FILLED_ELSEWHERE if fixed == "?" else fixed or _obstacle(text, indent, shown)
    opening, group = source.text[start : span[0]], _holds_several(source, node)
    return Block(span, text, indent, fixed, group, units, opening, style, shown, source.counted(node))


def _put_together(source: SourceText, node: libcst.ConcatenatedString) -> Block | None:
    value = node.evaluated_value
    text = value if isinstance(value, str) else ""
    if not _is_manifest(text or source.cut(node).replace('"', "").replace("'", "")):
        return None
    return Block(source.span(node), text, "", "it is put together of several literals", True)


def _indent(text: str) -> str:
    """What all lines of a text are indented by."""
    lines = [line for line in text.split("\n") if line.strip()]
    return min((line[: len(line) - len(line.lstrip(" "))] for line in lines), key=len, default="")


def _obstacle(text: str, indent: str, shown: Mapping[str, str]) -> str:
    """Why a text cannot be edited, or ""."""
    if not text.startswith(("\n", indent)) and sum(bool(line.strip()) for line in text.split("\n")) > 1:
        return "its first line is indented in another way"
    return "it holds what its placeholders look like" if any(placeholder in text for placeholder in shown.values()) else ""


def _holds_several(source: SourceText, node: libcst.BaseString) -> bool:
    """Whether the function that parses the text takes several documents."""
    start = source.span(node)[0]
    before = source.text[max(0, start - 60) : start]
    return _LOADS_ALL.search(before.rstrip()) is not None or source.parent(source.parent(node)) is None


def _is_manifest(text: str) -> bool:
    return len(set(_KEYS.findall(text))) == 2


def _word(text: str) -> str:
    """The start of a word that the program does not hold."""
    word = "filled"
    while word in text:
        word += "q"
    return word


def _shown(raw: str) -> str:
    spelled = re.sub(r"[{}\s]+", " ", raw).strip()
    return f"${{{spelled if len(spelled) <= 60 else spelled[:59] + '…'}}}"


def _units(source: SourceText, node: libcst.SimpleString | libcst.FormattedString, style: str, word: str) -> Iterator[Unit]:
    import libcst

    is_raw, number = "r" in node.prefix.lower(), 0
    if isinstance(node, libcst.SimpleString):
        fragments: list[tuple[str, bool]] = [(node.raw_value, False)]
    else:
        fragments = [
            (part.value, False) if isinstance(part, libcst.FormattedStringText) else (source.cut(part), True) for part in node.parts
        ]
    for fragment, is_filled in fragments:
        if is_filled:
            yield Unit(fragment, f"{word}{number}x", True)
            number += 1
            continue
        for unit in _merged(list(_escapes(fragment, is_raw=is_raw)), _FILLED[style]):
            yield Unit(unit.raw, f"{word}{number}x", True) if unit.is_filled else unit
            number += unit.is_filled


def _escapes(raw: str, *, is_raw: bool) -> Iterator[Unit]:
    """Characters, escapes and line breaks, each with what it says."""
    for match in _ESCAPE.finditer(raw):
        fragment = match[0]
        if fragment[0] != "\\" or is_raw:
            yield Unit(fragment, "\n" if fragment == "\r\n" else fragment)
        elif fragment[1:] in ("\n", "\r\n"):
            yield Unit(fragment, "")
        else:
            try:
                yield Unit(fragment, str(ast.literal_eval(f'"{fragment}"')) if fragment[1] != '"' else '"')
            except (SyntaxError, ValueError):  # what Python does not know as an escape says itself
                yield Unit(fragment, fragment)


def _merged(units: list[Unit], filled: re.Pattern[str]) -> Iterator[Unit]:
    """The units, but that what is filled in is one, and what is doubled to be itself."""
    starts = list(accumulate((len(unit.value) for unit in units), initial=0))
    place = {start: index for index, start in enumerate(starts)}
    position = 0
    for match in filled.finditer("".join(unit.value for unit in units)):
        first, last = place[match.start()], place[match.end()]
        yield from units[position:first]
        raw = "".join(unit.raw for unit in units[first:last])
        yield Unit(raw, match[0][0], False) if match[0] in ("{{", "}}", "%%") else Unit(raw, match[0], True)
        position = last
    yield from units[position:]


# ---------------------------------------------------------------- writing


def respelled(block: Block, text: str, newline: str) -> str:
    """What stands between the quotes, for another text: what has not changed is written as it was. Raises CannotSpell
    where that would not say the text, byte for byte, with everything that is filled in at its place."""
    tokens = _tokens(text, block)
    once = {unit.value for unit in block.units if unit.is_filled and not _REPEATABLE[block.style].fullmatch(unit.raw)}
    if [token for token in tokens if token in once] != [unit.value for unit in block.units if unit.value in once]:
        raise CannotSpell("what is filled in would move")
    words = [token for token in tokens if token in block.filled]
    for is_careful in (False, True):
        body = _body(block, tokens, newline, is_careful=is_careful)
        if _said(body, block, words) == text:
            return body
    raise CannotSpell("its literal cannot hold the new text")


def _body(block: Block, tokens: Sequence[str], newline: str, *, is_careful: bool) -> str:
    """The literal for these tokens; `is_careful` escapes every quote that is new."""
    remaining = [unit.value for unit in block.units]
    result: list[str] = []
    raws = {unit.value: unit.raw for unit in block.units if unit.is_filled}
    old, new = _lines(remaining), _lines(tokens)
    words = ["".join(remaining[slice(*group)]) for group in old], ["".join(tokens[slice(*group)]) for group in new]
    for tag, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        start, end = (old[a][0] if a < len(old) else len(remaining)), (old[b - 1][1] if b > a else 0)
        if tag == "equal":
            result += [unit.raw for unit in block.units[start:end]]
            continue
        mine = remaining[start:end] if b > a else []
        sibling = tokens[new[c][0] : new[d - 1][1]] if d > c else []
        ahead = _common(mine, sibling)
        behind = _common(mine[ahead:][::-1], sibling[ahead:][::-1])
        result += [unit.raw for unit in block.units[start : start + ahead]]
        result += [
            raws.get(token) or _written(token, block, newline, is_careful=is_careful) for token in sibling[ahead : len(sibling) - behind]
        ]
        result += [unit.raw for unit in block.units[end - behind : end]] if behind else []
    return "".join(result)


def _tokens(text: str, block: Block) -> list[str]:
    words = "|".join(re.escape(word) for word in block.filled)
    return re.findall(f"{words}|." if words else ".", text, re.DOTALL)


def _lines(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """(first, behind the last) token of each line."""
    ends = [at + 1 for at, token in enumerate(tokens) if token == "\n"]
    if not ends or ends[-1] < len(tokens):
        ends.append(len(tokens))
    return list(zip([0, *ends], ends, strict=False))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))


def _written(token: str, block: Block, newline: str, *, is_careful: bool) -> str:
    quote = block.opening.lstrip("rRuUfFbB")
    if token == "\n":
        return newline if len(quote) == 3 else "\\n"
    if token in _DOUBLED[block.style]:
        return token * 2
    if "r" in block.opening.lower():
        return token
    if token == quote[0]:
        return "\\" + token if len(quote) == 1 or is_careful else token
    return token if token.isprintable() and token != "\\" else token.encode("unicode_escape").decode()


def _said(body: str, block: Block, words: Sequence[str]) -> str | None:
    """What the literal says with that body; None where it is none, or fills in something else or elsewhere."""
    quote = block.opening.lstrip("rRuUfFbB")
    try:
        tree = ast.parse(f"({block.opening}{body}{quote})", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if block.style == "f":
        parts = tree.values if isinstance(tree, ast.JoinedStr) else [tree]
        texts = [str(part.value) if isinstance(part, ast.Constant) else None for part in parts]
    elif not isinstance(tree, ast.Constant) or not isinstance(tree.value, str):
        return None
    elif block.style == "format":
        texts = [
            one for literal, name, *_ in string.Formatter().parse(tree.value) for one in ([literal] if name is None else [literal, None])
        ]
    else:
        result = re.split(f"({_FILLED[block.style].pattern})", tree.value, flags=re.DOTALL)
        texts = [("%" if one == "%%" else None) if at % 2 else one for at, one in enumerate(result)]
    if texts.count(None) != len(words):
        return None
    left = iter(words)
    return "".join(next(left) if one is None else one for one in texts)
