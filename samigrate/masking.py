"""Which lines of a text hold the values of Secrets: what a diff must not show."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate import yamltext
from samigrate.values import Value, mapping, pointer, sequence

GENERATOR = "secretGenerator"
_OPEN = ("apiVersion", "kind", "metadata", "type", "immutable")
"""What a Secret says besides its values: whatever else it holds may be `data`, misspelled."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def secret_lines(content: str) -> Iterator[tuple[int, int]]:
    """The 1-based line ranges, as git counts lines, that hold Secret values."""
    if not _may_hold(content):
        return
    where: list[str] = []
    for chunk in yamltext.split(content):
        piece = content[chunk.start : chunk.end]
        is_rest = bool(where) and _is_nameless(content, chunk)
        if not (is_rest or _may_hold(piece)):
            where = []
            continue
        above = content.count("\n", 0, chunk.start)
        whole = above + 1, above + piece.count("\n") + (not piece.endswith("\n"))
        if is_rest:
            yield whole
            continue
        try:
            parsed = yamltext.load(piece)
        except yamltext.YamlError:
            yield whole
            where = [""]
            continue
        where = list(_secret_values(parsed.value, ""))
        if where and (parsed.aliases or parsed.duplicates):
            yield whole  # a value may stand elsewhere, or twice
        else:
            yield from ((above + first, above + last) for first, last in yamltext.line_ranges(piece, where))


def _is_nameless(content: str, chunk: yamltext.Chunk) -> bool:
    """Whether a document holds something and does not say of what kind: behind a Secret, what a stray marker cuts off it."""
    holds = any(line.strip() and line[0] not in "#-." for line in content[chunk.start : chunk.end].splitlines())
    return holds and yamltext.peek(content, chunk.start, chunk.end, "kind") is None


def _may_hold(content: str) -> bool:
    return "Secret" in content or "stringData" in content or GENERATOR in content


def _secret_values(value: Value, where: str, *, is_secret: bool = False) -> Iterator[str]:
    """Pointers to the values of every Secret in a value, however deep it lies and whatever it lacks."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _secret_values(item, f"{where}/{place}", is_secret=is_secret)
    if not isinstance(value, dict):
        return
    if is_secret or value.get("kind") == "Secret" or "stringData" in value:  # no other kind has that: one that is misspelled
        yield from (where + pointer(field) for field in value if field not in _OPEN)
        if LAST_APPLIED in mapping(value, "metadata", "annotations"):
            yield where + pointer("metadata", "annotations", LAST_APPLIED)
        return
    for place, generator in enumerate(sequence(value, GENERATOR)):
        if "literals" in mapping(generator):
            yield f"{where}/{GENERATOR}/{place}/literals"
    yield from (where + each for each in _patches(value))
    for key, inside in value.items():
        yield from _secret_values(inside, where + pointer(key), is_secret=value.get("kind") == "SecretList" and key == "items")


def _patches(value: Value) -> Iterator[str]:
    """Pointers to what may be a patch of a Secret, in a kustomization: a text within the text."""
    for name in ("patches", "patchesJson6902", "patchesStrategicMerge"):
        for place, entry in enumerate(sequence(value, name)):
            patch = entry if isinstance(entry, str) else mapping(entry).get("patch")
            if isinstance(patch, str) and ("Secret" in patch or mapping(entry, "target").get("kind") == "Secret"):
                yield f"/{name}/{place}"
