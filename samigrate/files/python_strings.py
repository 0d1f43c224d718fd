"""Manifests in a program's string literals: read and rewritten as YAML, whatever the quotes, escapes and indentation.

What is filled in when the program runs is a word in the text and a placeholder in the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from samigrate import yamltext
from samigrate.base.values import Value
from samigrate.domain.model import Operation
from samigrate.pytext import Block, Declaration

_QUOTED = "!"
"""Before a word it makes YAML quote it: what is filled in may look like a number."""


class RefusedText(ValueError):
    """What the text cannot take: at the pointer into its document at `place`, -1 where it is none in particular."""

    def __init__(self, index: int, pointer: str, reason: str, line: int) -> None:
        super().__init__(reason)
        self.place, self.pointer, self.reason, self.line = index, pointer, reason, line


# ---------------------------------------------------------------- reading


def read(declaration: Declaration, block: Block) -> Iterator[tuple[int, Value, int]]:
    """(place, value, line) of each manifest in the text; what is no YAML is no manifest (a template, a help text)."""
    inner = _dedented(block)
    lines = yamltext.Lines(inner)
    for index, chunk in enumerate(yamltext.split(inner)):
        try:
            parsed = yamltext.load(inner[chunk.start : chunk.end])
        except yamltext.YamlError:
            continue
        if isinstance(parsed.value, dict) and {"apiVersion", "kind"} <= set(parsed.value) and not parsed.duplicates:
            yield index, _renamed(parsed.value, block.filled), _line(declaration, block, lines.of(chunk.start) + parsed.line - 1)


def unread(block: Block) -> str:
    """Why nothing could be read in a text that names a manifest's keys; "" where it is none."""
    if block.style or block.fixed:
        return block.fixed or "a text that is no manifest before it is filled in, when the program runs"
    return ""


def document(declaration: Declaration, block: Block, index: int) -> tuple[str, int]:
    """The text of a document, and the line of the program that it begins on."""
    inner = _dedented(block)
    chunk = yamltext.split(inner)[index]
    return inner[chunk.start : chunk.end], _line(declaration, block, yamltext.Lines(inner).of(chunk.start))


def line_of(declaration: Declaration, block: Block, index: int, pointer: str) -> int:
    inner = _dedented(block)
    chunk = yamltext.split(inner)[index]
    line, _ = yamltext.position(inner[chunk.start : chunk.end], pointer)
    return _line(declaration, block, yamltext.Lines(inner).of(chunk.start) - 1 + line)


def _line(declaration: Declaration, block: Block, line: int) -> int:
    """The program's line for a line of the text."""
    return declaration.line + block.lines_before(line)


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    """The value with other words in its texts."""
    if not names:
        return value
    if isinstance(value, dict):
        return {_renamed(key, names): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str):
        for word, name in names.items():
            value = value.replace(word, name)
    return value


# ---------------------------------------------------------------- indentation


def _dedented(block: Block) -> str:
    """The text without the indentation that all its lines share, and without the spaces before the closing quotes."""
    return re.sub(rf"^{block.indent}", "", block.text.removesuffix(_tail(block)), flags=re.MULTILINE)


def _indented(block: Block, inner: str) -> str:
    return re.sub(r"^(?=[^\r\n])", block.indent, inner, flags=re.MULTILINE) + _tail(block)


def _tail(block: Block) -> str:
    last = block.text.rpartition("\n")[2]
    return last if last and not last.strip(" ") else ""


# ---------------------------------------------------------------- rewriting


def rewrite(
    declaration: Declaration, block: Block, operations: Mapping[int, Sequence[Operation]], added: Sequence[tuple[int, Value]]
) -> str:
    """What the literal is to say: operations on its documents, and new ones before some. Raises RefusedText."""
    if block.fixed:
        raise RefusedText(-1, "", block.fixed, declaration.line)
    inner = _dedented(block)
    if _indented(block, inner) != block.text:
        raise RefusedText(-1, "", "its blank lines hold spaces", declaration.line)
    words = {name: _QUOTED + word for word, name in reversed(list(block.filled.items()))}
    chunks = yamltext.split(inner)
    fragments = [inner[chunk.start : chunk.end] for chunk in chunks]
    for index, supplied in operations.items():
        ops = [yamltext.Op(op.op, str(_renamed(op.pointer, words)), _renamed(op.value, words), op.after) for op in supplied]
        try:
            fragments[index] = yamltext.rewrite(fragments[index], ops)
        except yamltext.CannotEdit as error:
            line = _line(declaration, block, yamltext.Lines(inner).of(chunks[index].start) + error.line - 1)
            raise RefusedText(index, error.pointer, error.reason, line) from error
    text = "".join(fragments)
    new = _indented(block, _with(text, [(place, _renamed(value, words), fragments[place]) for place, value in added]) if added else text)
    for word in block.filled:
        new = new.replace(_QUOTED + word, word)
    return new


def _with(text: str, added: Sequence[tuple[int, Value, str]]) -> str:
    """The text with new documents, each before the one at its place, and in its style."""
    head = re.match(r"(?:[ \t]*\r?\n)*", text)
    lead = head[0] if head else ""  # the line break behind the opening quotes stays there
    documents = [(place, yamltext.render(value, **yamltext.style_of(neighbour))) for place, value, neighbour in added]
    return lead + yamltext.insert_documents(text[len(lead) :], documents)
