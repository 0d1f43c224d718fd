"""The proof: the text says exactly what was planned, and nobody's tokens changed but as planned.

Looks at no transform, and uses nothing of what made the edit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, resolve
from samigrate.base.wording import count
from samigrate.domain.model import Evidence, Level, Sign, Strength, Verdict
from samigrate.domain.tokens import Token, api_tokens


class Failure(NamedTuple):
    """A proof that failed, for one file."""

    path: str
    line: int
    message: str


def text_says(
    path: str,
    old: str,
    new: str,
    planned: Mapping[int, Value],
    inserted: Sequence[tuple[int, Value]],
    removed: Sequence[int] = (),
) -> Failure | None:
    """Whether the new text holds the planned values, document by document, and the old text everywhere else.

    `planned` are the values of edited documents by their place in the old text; `inserted` are (place in the old
    text that it goes before, value) in order; `removed` are places in the old text.
    """
    before, after = yamltext.split(old), yamltext.split(new)
    wanted = len(before) + len(inserted) - len(removed)
    if len(after) != wanted:
        return Failure(path, 1, f"{count(len(before), 'document')} became {len(after)}, not {wanted}")
    expected: list[tuple[int, Value]] = []  # (place in the old text or -1, value)
    waiting = list(inserted)
    for index in range(len(before)):
        while waiting and waiting[0][0] == index:
            expected.append((-1, waiting.pop(0)[1]))
        if index not in removed:
            expected.append((index, planned.get(index)))
    if inserted or removed:
        return _documents_say(path, old, new, expected, planned)
    lines = yamltext.Lines(new)
    for chunk, (index, value) in zip(after, expected, strict=True):
        piece = new[chunk.start : chunk.end]
        if index not in planned:
            if piece != old[before[index].start : before[index].end]:
                return Failure(path, lines.of(chunk.start), "a document changed that nothing was planned for")
        elif failure := _says(path, lines, chunk.start, piece, value):
            return failure
    return None


def values_say(
    path: str,
    before: Sequence[Value],
    after: Sequence[tuple[int, Value]],
    planned: Mapping[int, Value],
    inserted: Sequence[tuple[int, Value]],
) -> Failure | None:
    """The same for a text of another kind, by the values that its documents have: `before`, and (line, value) `after`."""
    expected: list[Value] = []
    for index, value in enumerate(before):
        expected += [new for place, new in inserted if place == index]
        expected.append(planned.get(index, value))
    if len(after) != len(expected):
        return Failure(path, 1, f"{count(len(before), 'object')} became {len(after)}, not {len(expected)}")
    for (line, value), wanted in zip(after, expected, strict=True):
        if not is_same(value, wanted):
            return Failure(path, line, f"the new text does not say what was planned: {difference(wanted, value)}")
    return None


def _documents_say(path: str, old: str, new: str, expected: Sequence[tuple[int, Value]], planned: Mapping[int, Value]) -> Failure | None:
    """The same where documents came in: separators may have moved, so untouched documents compare by their content."""
    before, after = yamltext.split(old), yamltext.split(new)
    lines = yamltext.Lines(new)
    for chunk, (index, value) in zip(after, expected, strict=True):
        piece = new[chunk.start : chunk.end]
        if index < 0 or index in planned:
            if failure := _says(path, lines, chunk.start, piece, value):
                return failure
        elif piece != (was := old[before[index].start : before[index].end]) and _content(piece) != _content(was):
            return Failure(path, lines.of(chunk.start), "a document changed that nothing was planned for")
    return None


def _content(piece: str) -> list[str]:
    return [
        line
        for line in piece.lstrip("\ufeff").splitlines()
        if line.rstrip() != "---" and not line.lstrip().startswith("#") and line.strip()
    ]


def _says(path: str, lines: yamltext.Lines, start: int, piece: str, value: Value) -> Failure | None:
    try:
        found = yamltext.load(piece)
    except yamltext.YamlError as error:
        return Failure(path, lines.of(start) + error.line - 1, f"the new text is not readable: {error.problem}")
    if is_same(found.value, value):
        return None
    return Failure(path, lines.of(start), f"the new text does not say what was planned: {difference(value, found.value)}")


def is_same(one: Value, other: Value) -> bool:
    """Whether two values are equal, and of the same types all the way down (1, 1.0 and true are equal in Python)."""
    if isinstance(one, dict):
        if not isinstance(other, dict) or len(one) != len(other):
            return False
        for key, value in one.items():  # noqa: SIM110 - as a generator it takes twice as long
            if key not in other or not ((found := other[key]) is value or is_same(value, found)):
                return False
        return True
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(is_same(*pair) for pair in zip(one, other, strict=True))
    # `is`: not a number is not equal to itself.
    return (one is other or one == other) and _type(one) is _type(other)


def _type(value: Value) -> type:
    """A scalar's type; a number that remembers its spelling is an int all the same."""
    return int if isinstance(value, int) and not isinstance(value, bool) else type(value)


def difference(planned: Value, found: Value) -> str:
    """The difference in words."""
    from deepdiff import DeepDiff

    return str(DeepDiff(planned, found, ignore_numeric_type_changes=False).pretty())[:400]


def tokens_hold(
    level: Level,
    before: Sequence[Token],
    after: Sequence[Token],
    *,
    may_lose: bool,
    may_gain: bool = False,
    spared: Collection[str] = (),
) -> str:
    """What is wrong with a workload's tokens after the change, or "" (domain A.3).

    No container gains a token for the API, unless what it once had comes back, and none that may need it loses the
    last one it had. `spared` are containers that may lose it whatever the level.
    """
    had = Counter(token.container for token in api_tokens(list(before)))
    has = Counter(token.container for token in api_tokens(list(after)))
    for container, number in has.items():
        if number > had[container] and not may_gain:
            return f"container {container} would gain a token"
    for container, number in had.items():
        if number and not has[container] and not may_lose and container not in spared:
            return f"container {container} would lose its token, and the verdict is {level}"
    return ""


def without_need(verdict: Verdict, before: Sequence[Token]) -> set[str]:
    """Containers that may lose the injected token of an account that their pod leaves: all that speaks for use of the
    API are tokens that other containers mount by their own choice (R-B11)."""
    telling = [piece for piece in verdict.evidence if piece.strength in (Strength.PROOF, Strength.STRONG)]
    if any(piece.sign is not Sign.MOUNTED_TOKEN or piece.container is None for piece in telling):
        return set()
    return {token.container for token in before} - {piece.container for piece in telling}


PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT = "previous-service-account", "previous-automount"
_RECORDED: Mapping[Value, Value] = {"true": True, "false": False, "unset": None}
_IDENTITY = ("serviceAccountName", "serviceAccount", "automountServiceAccountToken")


def restored(before: Value, after: Value, pod: str, prefix: str) -> str:
    """What is wrong with an object that is to be as its annotations have recorded, or "" (R-G23).

    Who goes back to an account that mounts a token gains that token, and is meant to; so this is asked besides
    `tokens_hold` with `may_gain`. Nothing but the recorded fields, and the record itself, may differ.
    """
    record = mapping(before, "metadata", "annotations")
    old, new = mapping(resolve(before, pod)), mapping(resolve(after, pod))
    account = record.get(f"{prefix}/{PREVIOUS_ACCOUNT}", old.get("serviceAccountName") or old.get("serviceAccount"))
    if new.get("serviceAccountName") != account and (f"{prefix}/{PREVIOUS_ACCOUNT}" in record or new.get("serviceAccount") != account):
        return f"it would run as {new.get('serviceAccountName')}, and {account} is recorded"
    stated = record.get(f"{prefix}/{PREVIOUS_AUTOMOUNT}")
    wanted = old.get("automountServiceAccountToken") if stated is None else _RECORDED.get(stated)
    if new.get("automountServiceAccountToken") != wanted:
        return f"its automount value would be {new.get('automountServiceAccountToken')}, and {wanted} is recorded"
    if {key: old[key] for key in old if key not in _IDENTITY} != {key: new[key] for key in new if key not in _IDENTITY}:
        return f"more of its pods would change than is recorded: {difference(old, new)}"
    foreign = {key: value for key, value in record.items() if not key.startswith(f"{prefix}/")}
    left = mapping(after, "metadata", "annotations")
    if {key: value for key, value in left.items() if not key.startswith(f"{prefix}/")} != foreign:
        return "annotations would change that are not ours"
    return "the record would still be there" if any(f"{prefix}/{key}" in left for key in (PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT)) else ""


def rights_hold(before: Collection[object], after: Collection[object]) -> str:
    """What a workload whose account stays would lose, or "": nobody's rights go while something runs with them."""
    lost = sorted(str(right) for right in before if right not in after)
    return f"it would lose {', '.join(lost)}" if lost else ""


def scoped(evidence: Sequence[Evidence], containers: Iterable[str]) -> set[str]:
    """Containers that may go without the token where their pod keeps it (R-B23): nothing but an explicit mount of
    their own speaks of them, and if anything sure speaks of the whole pod, their image is known to need none."""
    found = list(containers)
    for piece in evidence:
        if piece.sign is Sign.MOUNTED_TOKEN or piece.strength is Strength.COUNTER:
            continue
        if piece.container is not None:
            found = [name for name in found if name != piece.container]
        elif piece.strength is not Strength.WEAK:
            known = {other.container for other in evidence if other.strength is Strength.COUNTER}
            found = [name for name in found if name in known]
    return set(found)
