"""What one source file says: finds in program text, and in dependency files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from samigrate import pytext
from samigrate.domain.model import Strength
from samigrate.sources import Facts, Library, dependencies
from samigrate.sources.dependencies import DEVELOPMENT, DIRECT

CODE = frozenset(
    ".c .cc .clj .cpp .cs .cjs .erl .ex .exs .fs .go .groovy .java .js .jsx .kt .kts .mjs .php .pl .py .rb .rs .scala .sh .swift .ts .tsx "
    ".vb .bash".split()
)
_COMMENT = ("//", "#", "*", "/*", "--", ";", "%", "'''", '"""')
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|spec|specs|e2e|testdata|fixtures|examples?|docs?|src/test|test-fixtures)/"
    r"|(?:^|/)(?:test_[^/]*|conftest|[^/]*_test|[^/]*[._-](?:spec|test)|[^/]*(?:Tests?|IT|Spec))\.[a-z]+$"
)
_WANTED = re.compile(r"/(?:var/)?run/secrets/kubernetes\.io/serviceaccount|kubernetes\.default\b|KUBERNETES_SERVICE_(?:HOST|PORT)")


class Find(NamedTuple):
    """One thing found. `role` is `inside` or `outside` (Python calls that load credentials from the pod or from
    elsewhere), `import`, `dependency` or `text`; `library` is "" for a text."""

    path: str
    line: int
    strength: Strength
    why: str
    role: str
    library: str = ""
    ecosystem: str = ""


class UnreadSource(NamedTuple):
    """A file that could not be understood, and why."""

    path: str
    line: int
    reason: str


def suffix(path: str) -> str:
    return "." + path.rpartition(".")[2] if "." in path.rpartition("/")[2] else ""


def matters(path: str) -> bool:
    """Whether a file of that name can say anything."""
    return suffix(path) in CODE or dependencies.is_known(path.rpartition("/")[2])


def may_say(data: bytes, facts: Facts) -> bool:
    """The sieve: whether the bytes hold any of the words. What they don't hold is never parsed."""
    return any(word in data for word in words(facts))


def words(facts: Facts) -> tuple[bytes, ...]:
    """The fewest words that every import, call and text holds one of."""
    result = sorted({*facts.modules, *(sign.word for sign in facts.signs)}, key=lambda word: (len(word), word))
    least = [word for place, word in enumerate(result) if not any(other in word for other in result[:place])]
    return tuple(word.encode() for word in least)


def read(path: str, data: bytes, facts: Facts) -> Iterator[Find | UnreadSource]:
    """Everything a file says. `path` is relative to the folder that is searched, in posix form."""
    if dependencies.is_known(path.rpartition("/")[2]):
        yield from _declared(path, data.decode("utf-8", "replace"), facts)
    if suffix(path) in CODE and may_say(data, facts):
        if suffix(path) == ".py":
            yield from _python(path, data, facts)
        else:
            yield from _texts(path, data.decode("utf-8", "replace"), facts)


def _declared(path: str, text: str, facts: Facts) -> Iterator[Find | UnreadSource]:
    try:
        result = dependencies.read(path, text)
    except dependencies.Unreadable as error:
        yield UnreadSource(path, 1, str(error))
        return
    visited = set()
    for item in result:
        library = facts.package(item.ecosystem, item.name)
        if library and (item.name, item.how) not in visited:
            visited.add((item.name, item.how))
            strength = library.strength if item.how == DIRECT and not _TEST.search(path) else Strength.WEAK
            wording = {DIRECT: "depends on", DEVELOPMENT: "uses in development only"}.get(item.how, "has among the dependencies of others")
            yield Find(path, item.line, strength, f"{wording} {item.name} ({library.about})", "dependency", library.id, item.ecosystem)


def _python(path: str, data: bytes, facts: Facts) -> Iterator[Find | UnreadSource]:
    try:
        text = data.decode("utf-8-sig")
        uses = pytext.uses(text, facts.modules, _WANTED)
    except UnicodeDecodeError:
        yield UnreadSource(path, 1, "not UTF-8")
        return
    except pytext.PyError as error:
        yield UnreadSource(path, error.line, error.problem)
        return
    is_test = _TEST.search(path) is not None
    for use in uses:
        less = use.is_typing or is_test
        library = facts.module(use.name) if use.what != "text" else None
        if use.what == "text":
            sign = next(
                (code_pattern for code_pattern in facts.signs if code_pattern.pattern.search(use.name) or code_pattern.word in use.name),
                None,
            )
            if sign:
                yield Find(path, use.line, Strength.WEAK if less else sign.strength, f"{sign.why} ({use.name})", "text")
        elif library:
            yield from _used(path, use, library, less=less)


def _used(path: str, use: pytext.Use, library: Library, *, less: bool) -> Iterator[Find]:
    if use.what == "call" and use.name in library.inside:
        yield Find(path, use.line, _weighed(less), f"calls {use.name}, which loads the pod's own credentials", "inside", library.id, "pypi")
    elif use.what == "call" and use.name in library.outside:
        yield Find(path, use.line, Strength.WEAK, f"calls {use.name}, which loads a kubeconfig", "outside", library.id, "pypi")
    elif use.what == "import":
        only = " for type checking only" if use.is_typing else " in a test" if less else ""
        yield Find(path, use.line, _weighed(less), f"imports {use.name} ({library.about}){only}", "import", library.id, "pypi")


def _weighed(less: bool) -> Strength:
    return Strength.WEAK if less else Strength.STRONG


def _texts(path: str, text: str, facts: Facts) -> Iterator[Find]:
    is_test = _TEST.search(path) is not None
    for sign in facts.signs:
        if sign.word in text and (not sign.suffixes or suffix(path) in sign.suffixes):
            for number, line in enumerate(text.splitlines(), 1):
                if sign.word in line and not line.lstrip().startswith(_COMMENT) and (hit := sign.pattern.search(line)):
                    strength = Strength.WEAK if is_test else sign.strength
                    yield Find(path, number, strength, f"{sign.why} ({hit[0].strip()})", "text")
                    break
