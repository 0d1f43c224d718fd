"""Which lines of a text may hold the values of Secrets: what a diff must not show.

Of a Secret only its kind and name are shown: a comment, an annotation or a misspelt field may hold a value, too. What
cannot be read, and may hold a Secret, is not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, pointer, text

GENERATOR = "secretGenerator"
_KINDS = frozenset(("secret", "secrets", "secretlist"))
_SHOWN = ("/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace")
_PLAIN_LINE = re.compile(
    r"\s*(?:- +)?(?:(?:apiVersion|kind|name|namespace): *[\"']?[\w./-]+[\"']?"
    r"|metadata:(?: *\{ *name: *[\w.-]+(?:, *namespace: *[\w.-]+)? *\})?)\s*"
)
"""A line of a Secret that says what it is called, and nothing else."""
_TEXT = re.compile(r"kind[\"']?\s*:\s*[\"']?secret|stringdata|secretgenerator", re.IGNORECASE)
"""What a text within the text, or one in comments, says if it is a Secret."""
_COMMENTS = re.compile(r"(?:^[ \t]*#[^\n]*(?:\n|\Z)|^[ \t\r]*\n)+", re.MULTILINE)
_BETWEEN = re.compile(r"[ \t\r]*(?:#.*)?")
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")


class _SecretPlace(NamedTuple):
    """A Secret, or a part that may hold its values, in a document's value. `is_object`: its name may be shown."""

    pointer: str
    is_object: bool


def secret_lines(content: str) -> Iterator[tuple[int, int]]:
    """The 1-based line ranges, as git counts lines, that may hold values of Secrets; in order, none twice."""
    if _may_hold(content):
        yield from _merged({line for first, last in (*_in_documents(content), *_in_comments(content)) for line in range(first, last + 1)})


def _merged(lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    first, last = 0, -1
    for line in sorted(lines):
        if line != last + 1:
            if first:
                yield first, last
            first = line
        last = line
    if first:
        yield first, last


def _may_hold(content: str) -> bool:
    small = content.lower()
    is_veiled = "\\x" in small or "\\u" in small or "patch" in small
    return "secret" in small or "stringdata" in small or ("data" in small and is_veiled)


def _in_comments(content: str) -> Iterator[tuple[int, int]]:
    """Secrets that are commented out."""
    if "#" not in content:
        return
    line, completed = 1, 0
    for block in _COMMENTS.finditer(content):
        if _TEXT.search(block[0].replace("#", " ")):
            line += content.count("\n", completed, block.start())
            completed = block.start()
            yield line, line + block[0].rstrip("\n").count("\n")


def _in_documents(content: str) -> Iterator[tuple[int, int]]:
    is_behind = False
    line, completed = 0, 0
    for chunk in yamltext.split(content):
        fragment = content[chunk.start : chunk.end]
        is_rest = is_behind and _is_nameless(content, chunk)
        if not (is_rest or _may_hold(fragment)):
            is_behind = False
            continue
        line += content.count("\n", completed, chunk.start)
        completed = chunk.start
        full = line + 1, line + fragment.count("\n") + (not fragment.endswith("\n"))
        if is_rest:
            yield full
            continue
        try:
            parsed = yamltext.load(fragment)
        except yamltext.YamlError:
            yield full
            is_behind = True
            continue
        hits = list(_secrets(parsed.value, ""))
        is_behind = bool(hits)
        if hits and (parsed.aliases or parsed.duplicates):
            yield full  # a value may stand elsewhere, or twice
        else:
            yield from ((line + number, line + number) for number in _lines(fragment, hits))


def _is_nameless(content: str, chunk: yamltext.Chunk) -> bool:
    """Whether a document holds something and does not say of what kind: behind a Secret, what a stray marker cuts off it."""
    holds = any(line.strip() and line[0] not in "#-." for line in content[chunk.start : chunk.end].splitlines())
    return holds and yamltext.peek(content, chunk.start, chunk.end, "kind") is None


def _lines(fragment: str, hits: Sequence[_SecretPlace]) -> Iterator[int]:
    """The 1-based lines that may hold the values of what was found, with the comments and empty lines around it."""
    lines = fragment.split("\n")
    objects = [hit.pointer + each for hit in hits if hit.is_object for each in _SHOWN]
    shown = {start for start, _ in yamltext.line_ranges(fragment, objects) if _PLAIN_LINE.fullmatch(lines[start - 1])}
    for first, last in _ranges(fragment, hits, len(lines)):
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        while last < len(lines) and _BETWEEN.fullmatch(lines[last]):
            last += 1
        for number in range(first, last + 1):
            is_marker = lines[number - 1].rstrip() == ("---" if number == 1 else "...")
            if number not in shown and not is_marker and (number < len(lines) or lines[-1]):
                yield number


def _ranges(fragment: str, hits: Sequence[_SecretPlace], length: int) -> list[tuple[int, int]]:
    """The lines of each; all of them where it is the whole."""
    if any(not hit.pointer for hit in hits):
        return [(1, length)]
    return yamltext.line_ranges(fragment, [hit.pointer for hit in hits])


# ---------------------------------------------------------------- what is a Secret


def _secrets(value: Value, json_pointer: str) -> Iterator[_SecretPlace]:
    """Every Secret in a value, however deep it lies and whatever it lacks, and what may be a patch or a text of one."""
    if isinstance(value, str):
        if _TEXT.search(value):
            yield _SecretPlace(json_pointer, False)
    elif isinstance(value, list):
        if any(_patches_values(entry) for entry in value):
            yield _SecretPlace(json_pointer, False)
            return
        for index, item in enumerate(value):
            yield from _secrets(item, f"{json_pointer}/{index}")
    elif isinstance(value, dict):
        yield from _in_mapping(value, json_pointer)


def _in_mapping(value: dict[str, Value], json_pointer: str) -> Iterator[_SecretPlace]:
    if _is_secret(value):
        yield _SecretPlace(json_pointer, True)
        return
    for key, inside in value.items():
        current = json_pointer + pointer(key)
        if key == GENERATOR:
            yield _SecretPlace(current, False)
        elif key in _PATCHES and isinstance(inside, list):
            yield from (_SecretPlace(f"{current}/{place}", False) for place, entry in enumerate(inside) if _may_patch_secret(entry))
        else:
            yield from _secrets(inside, current)


def _is_secret(value: dict[str, Value]) -> bool:
    """No other kind has `stringData`; and a mapping with a Secret's type and data is one whose kind is misspelt or missing."""
    kind = value.get("kind")
    if isinstance(kind, str) and kind.strip().lower() in _KINDS:
        return True
    if any(isinstance(key, str) and key.lower() == "stringdata" for key in value):
        return True
    has_type = isinstance(value.get("type"), str) and (value["type"] == "Opaque" or value["type"].startswith("kubernetes.io/"))
    return "data" in value and (has_type or (kind is None and "metadata" in value))


def _may_patch_secret(entry: Value) -> bool:
    """Whether an entry of a kustomization's patches may be for a Secret, and hold values."""
    patch, target = (entry, {}) if isinstance(entry, str) else (text(entry, "patch"), mapping(entry, "target"))
    if patch is None:
        return False
    kind = target.get("kind")
    if isinstance(kind, str) and kind:
        return _may_match(kind)
    if _TEXT.search(patch):
        return True
    try:
        values = [yamltext.load(patch[chunk.start : chunk.end]).value for chunk in yamltext.split(patch)]
    except yamltext.YamlError:
        return True
    return any(_changes_values(value, is_named=not target) for value in values)


def _may_match(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "Secret") is not None or pattern.strip().lower() in _KINDS
    except re.error:
        return True


def _changes_values(value: Value, *, is_named: bool) -> bool:
    if isinstance(value, list):
        return any(_patches_values(entry) for entry in value)
    if not isinstance(value, dict):
        return False
    names_another = is_named and isinstance(value.get("kind"), str)
    return not names_another and bool({"data", "stringData"} & value.keys() or mapping(value, "metadata", "annotations"))


def _patches_values(entry: Value) -> bool:
    """Whether it is an operation (RFC 6902) on what a Secret has."""
    path = text(entry, "path")
    is_operation = isinstance(entry, dict) and "op" in entry
    return is_operation and path is not None and path.startswith(("/data", "/stringData", "/metadata/annotations"))
