"""Which lines of a text hold the values of Secrets: what a diff must not show."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate import yamltext
from samigrate.values import Value, mapping, pointer

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def secret_lines(content: str) -> Iterator[tuple[int, int]]:
    """The 1-based line ranges, as git counts lines, that hold Secret values."""
    if "Secret" not in content:
        return
    for chunk in yamltext.split(content):
        piece = content[chunk.start : chunk.end]
        if "Secret" not in piece:
            continue
        above = content.count("\n", 0, chunk.start)
        whole = above + 1, above + 1 + piece.count("\n")
        try:
            parsed = yamltext.load(piece)
        except yamltext.YamlError:
            yield whole
            continue
        where = list(_secret_values(parsed.value, ""))
        if where and (parsed.aliases or parsed.duplicates):
            yield whole  # a value may stand elsewhere, or twice
        else:
            yield from ((above + first, above + last) for first, last in yamltext.line_ranges(piece, where))


def _secret_values(value: Value, where: str, *, is_secret: bool = False) -> Iterator[str]:
    """Pointers to the values of every Secret in a value, however deep it lies and whatever it lacks."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _secret_values(item, f"{where}/{place}", is_secret=is_secret)
    if not isinstance(value, dict):
        return
    if is_secret or value.get("kind") == "Secret":
        yield from (where + pointer(field) for field in ("data", "stringData") if field in value)
        if LAST_APPLIED in mapping(value, "metadata", "annotations"):
            yield where + pointer("metadata", "annotations", LAST_APPLIED)
        return
    for key, inside in value.items():
        yield from _secret_values(inside, where + pointer(key), is_secret=value.get("kind") == "SecretList" and key == "items")
