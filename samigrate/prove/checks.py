"""The proof: the text says exactly what was planned, and tokens changed only as planned.

Looks at no transform, and uses nothing of what made the edit.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, resolve
from samigrate.base.wording import count
from samigrate.domain.model import ACCOUNT_FIELD, AGAINST, ALIAS_FIELD, AUTOMOUNT_FIELD, Evidence, Level, Sign, Strength, Verdict
from samigrate.domain.record import PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT
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
    requested = len(before) + len(inserted) - len(removed)
    if len(after) != requested:
        return Failure(path, 1, f"{count(len(before), 'document')} became {len(after)}, not {requested}")
    expected: list[tuple[int, Value]] = []  # (place in the old text or -1, value)
    waiting, gone = deque(inserted), set(removed)
    for index in range(len(before)):
        while waiting and waiting[0][0] == index:
            expected.append((-1, waiting.popleft()[1]))
        if index not in gone:
            expected.append((index, planned.get(index)))
    if inserted or removed:
        return _documents_say(path, old, new, expected, planned)
    lines = yamltext.Lines(new)
    for chunk, (index, value) in zip(after, expected, strict=True):
        fragment = new[chunk.start : chunk.end]
        if index not in planned:
            if fragment != old[before[index].start : before[index].end]:
                return Failure(path, lines.of(chunk.start), "a document changed that nothing was planned for")
        elif failure := _says(path, lines, chunk.start, fragment, value):
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
    for (line, value), requested in zip(after, expected, strict=True):
        if not is_same(value, requested):
            return Failure(path, line, f"the new text does not say what was planned: {difference(requested, value)}")
    return None


def _documents_say(path: str, old: str, new: str, expected: Sequence[tuple[int, Value]], planned: Mapping[int, Value]) -> Failure | None:
    """The same where documents came in: separators may have moved, so untouched documents compare by their content."""
    before, after = yamltext.split(old), yamltext.split(new)
    lines = yamltext.Lines(new)
    for chunk, (index, value) in zip(after, expected, strict=True):
        fragment = new[chunk.start : chunk.end]
        if index < 0 or index in planned:
            if failure := _says(path, lines, chunk.start, fragment, value):
                return failure
        elif fragment != (was := old[before[index].start : before[index].end]) and _content(fragment) != _content(was):
            return Failure(path, lines.of(chunk.start), "a document changed that nothing was planned for")
    return None


def _content(fragment: str) -> list[str]:
    return [
        line
        for line in fragment.lstrip("\ufeff").splitlines()
        if line.rstrip() != "---" and not line.lstrip().startswith("#") and line.strip()
    ]


def _says(path: str, lines: yamltext.Lines, start: int, fragment: str, value: Value) -> Failure | None:
    try:
        parsed = yamltext.load(fragment)
    except yamltext.YamlError as error:
        return Failure(path, lines.of(start) + error.line - 1, f"the new text is not readable: {error.problem}")
    if is_same(parsed.value, value):
        return None
    return Failure(path, lines.of(start), f"the new text does not say what was planned: {difference(value, parsed.value)}")


def is_same(entry: Value, other_entry: Value) -> bool:
    """Whether two values are equal, and of the same types all the way down (1, 1.0 and true are equal in Python)."""
    if isinstance(entry, dict):
        if not isinstance(other_entry, dict) or len(entry) != len(other_entry):
            return False
        for key, value in entry.items():
            if key not in other_entry or not ((result := other_entry[key]) is value or is_same(value, result)):
                return False
        return True
    if isinstance(entry, list):
        return (
            isinstance(other_entry, list)
            and len(entry) == len(other_entry)
            and all(is_same(*pair) for pair in zip(entry, other_entry, strict=True))
        )
    # `is`: not a number is not equal to itself.
    return (entry is other_entry or entry == other_entry) and _type(entry) is _type(other_entry)


def _type(value: Value) -> type:
    """A scalar's type; a number that remembers its spelling is an int all the same."""
    return int if isinstance(value, int) and not isinstance(value, bool) else type(value)


def difference(planned: Value, value: Value) -> str:
    """The difference in words."""
    from deepdiff import DeepDiff

    return str(DeepDiff(planned, value, ignore_numeric_type_changes=False).pretty())[:400]


def tokens_hold(
    level: Level,
    before: Sequence[Token],
    after: Sequence[Token],
    *,
    may_lose: bool,
    may_gain: bool = False,
    spared: Collection[str] = (),
) -> str:
    """What is wrong with a workload's tokens after the change, or "" (R-A7 to R-A10).

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
    telling = [evidence for evidence in verdict.evidence if evidence.strength in (Strength.PROOF, Strength.STRONG)]
    if any(evidence.sign is not Sign.MOUNTED_TOKEN or evidence.container is None for evidence in telling):
        return set()
    return {token.container for token in before} - {evidence.container for evidence in telling}


_RECORDED: Mapping[Value, Value] = {"true": True, "false": False, "unset": None}
_IDENTITY = (ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD)


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
    expected = old.get(AUTOMOUNT_FIELD) if stated is None else _RECORDED.get(stated)
    if new.get(AUTOMOUNT_FIELD) != expected:
        return f"its automount value would be {new.get('automountServiceAccountToken')}, and {expected} is recorded"
    if {key: old[key] for key in old if key not in _IDENTITY} != {key: new[key] for key in new if key not in _IDENTITY}:
        return f"more of its pods would change than is recorded: {difference(old, new)}"
    foreign = {key: value for key, value in record.items() if not key.startswith(f"{prefix}/")}
    left = mapping(after, "metadata", "annotations")
    if {key: value for key, value in left.items() if not key.startswith(f"{prefix}/")} != foreign:
        return "annotations would change that are not ours"
    return "the record would still be there" if any(f"{prefix}/{key}" in left for key in (PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT)) else ""


def rights_hold(before: Collection[object], after: Collection[object]) -> str:
    """What a workload whose account stays would lose, or "": rights stay while something runs with them."""
    lost = sorted(str(right) for right in before if right not in after)
    return f"it would lose {', '.join(lost)}" if lost else ""


def scoped(evidence: Sequence[Evidence], containers: Iterable[str]) -> set[str]:
    """Containers that may go without the token where their pod keeps it (R-B23): nothing but an explicit mount of
    their own speaks of them, and if anything sure speaks of the whole pod, their image is known to need none."""
    result = list(containers)
    for sign in evidence:
        if sign.sign is Sign.MOUNTED_TOKEN or sign.strength in AGAINST:
            continue
        if sign.container is not None:
            result = [name for name in result if name != sign.container]
        elif sign.strength is not Strength.WEAK:
            existing = {other.container for other in evidence if other.strength is Strength.COUNTER}
            result = [name for name in result if name in existing]
    return set(result)
