"""Where a chart tells of its values besides `values.yaml`: the schema of values, and the table in its README."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from samigrate import yamltext
from samigrate.base.values import Value, mapping, pointer

_NAMES = ("key", "parameter", "name", "value")
_FALSE = "`false`"
_TRUE = re.compile(r"(?<=\| )`?true`?(?=\s*\|)")


def schema(text: str, keys: Sequence[str]) -> str:
    """A `values.schema.json` with a boolean more, where it describes the mapping that the value stands in."""
    try:
        node: Value = yamltext.load(text).value
        place = ""
        for key in keys[:-1]:
            place += pointer("properties", key)
            node = mapping(node, "properties", key)
        if not mapping(node, "properties") or keys[-1] in mapping(node, "properties"):
            return text
        return yamltext.rewrite(text, [yamltext.Op("add", place + pointer("properties", keys[-1]), {"type": "boolean"}, ("create",))])
    except (yamltext.YamlError, yamltext.CannotEdit):
        return text


def new_row(text: str, keys: Sequence[str], said: str) -> str:
    """A README with a row for a new value that is false: behind that of `create`, or where a sorted table has its place."""
    name = ".".join(keys)
    lines = text.splitlines(keepends=True)
    for columns, rows in _tables(lines):
        by_name = {_cell(lines[row], 0): row for row in rows}
        if name in by_name:
            return text
        beside = by_name.get(".".join([*keys[:-1], "create"]))
        is_sorted = list(by_name) == sorted(by_name)
        above = [row for known, row in by_name.items() if known < name]
        model = above[-1] if is_sorted and above else beside
        if model is not None:
            cells = {"type": "bool", "default": _FALSE, "value": _FALSE, "description": said}
            return "".join(
                [*lines[: model + 1], _row(lines[model], [name, *(cells.get(each, "") for each in columns[1:])]), *lines[model + 1 :]]
            )
    return text


def changed_row(text: str, keys: Sequence[str]) -> str:
    """A README in which the row of a value that was true by default says that it is false."""
    name = ".".join(keys)
    lines = text.splitlines(keepends=True)
    for _, rows in _tables(lines):
        for row in rows:
            if _cell(lines[row], 0) == name and len(_TRUE.findall(lines[row])) == 1:
                lines[row] = _TRUE.sub(lambda match: match[0].replace("true", "false"), lines[row])
                return "".join(lines)
    return text


def _tables(lines: Sequence[str]) -> Iterator[tuple[list[str], list[int]]]:
    """The tables of values: what their columns are called, in small letters, and the lines of their rows."""
    for number in range(1, len(lines)):
        head = lines[number - 1]
        if re.fullmatch(r"\|[\s|:-]+\|", lines[number].strip()) and "-" in lines[number] and head.startswith("|"):
            columns = [each.strip().lower() for each in head.strip().strip("|").split("|")]
            rows = []
            while number + 1 < len(lines) and lines[number + 1].startswith("|"):
                number += 1
                rows.append(number)
            if columns[0] in _NAMES and rows:
                yield columns, rows


def _cell(line: str, index: int) -> str:
    cells = line.strip().strip("|").split("|")
    return cells[index].strip().strip("`") if index < len(cells) else ""


def _row(model: str, cells: Sequence[str]) -> str:
    """A row in the form of another: its quotes about the name, its width, its line break."""
    old = model.rstrip("\r\n").strip().removeprefix("|").removesuffix("|").split("|")
    name = f"`{cells[0]}`" if old[0].strip().startswith("`") else cells[0]
    is_padded = any(each.endswith("  ") for each in old)
    new = [
        f" {each}".ljust(len(old[index]) - 1 if is_padded and index < len(old) else 0) + " "
        for index, each in enumerate([name, *cells[1:]])
    ]
    return "|" + "|".join(new) + "|" + model[len(model.rstrip("\r\n")) :]
