"""The catalogue as tables that are quick to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from functools import cache
from typing import NamedTuple

MAYBE = "maybe"

compiled = cache(re.compile)
"""A pattern, compiled when it is first asked for: of the catalogue's, a run asks for few."""


class ImageHit(NamedTuple):
    """What the catalogue says of an image: `kind` is need, maybe or no-need; `decided_by` names what decides it where the
    input has it: `config`, or variables. `starts_pods`: as of a TextPattern."""

    kind: str
    pattern: str
    decided_by: tuple[str, ...] = ()
    starts_pods: bool = False


class ImagePattern(NamedTuple):
    """One pattern of the image catalogue."""

    hit: ImageHit
    parts: tuple[str, ...]
    weight: tuple[int, int]  # literal components, literal characters: the more, the more specific


class TextPattern(NamedTuple):
    """A pattern that speaks of API use, where it applies, and words of which one must occur for it to be tried.
    `starts_pods`: its user starts pods that no manifest shows."""

    name: str
    pattern: str
    words: tuple[str, ...]
    places: frozenset[str]
    starts_pods: bool = False

    def may_be_in(self, lower: str) -> bool:
        """Whether the pattern is worth trying on a text; `lower` is it in lower case."""
        if not self.words:
            return bool(lower)
        for word in self.words:  # noqa: SIM110 - a generator costs as much as the search
            if word in lower:
                return True
        return False

    def search(self, text: str) -> re.Match[str] | None:
        return compiled(self.pattern).search(text)


class VariablePattern(NamedTuple):
    """A variable's name that speaks of API use, and the conditions of R-E7. `literal`: a value from a field of the pod says
    nothing; `starts_pods`: as of a TextPattern."""

    name: str
    value: str
    unless: tuple[str, ...]
    beside: tuple[str, ...]
    literal: bool = False
    starts_pods: bool = False

    def takes(self, value: str | None) -> bool:
        """Whether a variable of that name counts with this value; None: the input does not tell it, so it may be one
        that counts, unless the name is but a pattern that many others match, too."""
        if value is None:
            return not self.value or "*" not in self.name
        return not self.value or compiled(self.value).fullmatch(value) is not None


class Mark(NamedTuple):
    """A label or annotation, where it may sit, and the values that count (none: any that is not false)."""

    kind: str
    name: str
    values: frozenset[str]
    places: frozenset[str]

    @property
    def section(self) -> str:
        return "labels" if self.kind == "label" else "annotations"

    @property
    def is_glob(self) -> bool:
        return "*" in self.name

    def matches(self, key: str) -> bool:
        return fnmatchcase(key, self.name) if self.is_glob else key == self.name


class Injector(NamedTuple):
    """A sidecar injected at admission. `token`: default, own or config."""

    name: str
    token: str
    triggers: tuple[Mark, ...]
    cancels: tuple[Mark, ...]
    meshes: frozenset[str]


class Globs(NamedTuple):
    """Shell patterns, of which one is to match, as one regular expression."""

    expression: str

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Globs:
        return cls("|".join(map(translate, patterns)) or r"(?!)")

    def match(self, name: str) -> bool:
        return compiled(self.expression).match(name) is not None


@dataclass(frozen=True, eq=False)
class Catalog:
    """The compiled catalogue."""

    arguments: tuple[TextPattern, ...]
    config: tuple[TextPattern, ...]
    injectors: tuple[Injector, ...]
    delegation: frozenset[str]
    images: Mapping[str, Sequence[ImagePattern]]  # by their last part without a wildcard
    loose_images: Sequence[ImagePattern]
    loose_endings: Globs
    known_variables: Mapping[str, Sequence[VariablePattern]]
    loose_variables: Sequence[VariablePattern]
    loose_names: Globs
    triggers: frozenset[str]
    loose_triggers: Globs
    registries: frozenset[str]
    admission: Globs
    _seen: dict[str, ImageHit | None] = field(default_factory=dict)

    def match_image(self, reference: str) -> ImageHit | None:
        """What the catalogue says of an image (R-E10): the most specific pattern; `maybe` where equal ones disagree."""
        try:
            return self._seen[reference]
        except KeyError:
            return self._seen.setdefault(reference, self._match_image(reference))

    def _match_image(self, reference: str) -> ImageHit | None:
        host, path = _split_host(reference.strip().lower())
        components = [host, *_bare(path).split("/")]
        near = [item for component in dict.fromkeys(reversed(components)) for item in self.images.get(component, ())]
        loose = self.loose_images if self.loose_endings.match(components[-1]) else ()
        image_patterns = [item for item in (*near, *loose) if _is_suffix(item.parts, components)]
        if not image_patterns:
            return None
        weight = max(item.weight for item in image_patterns)
        best = [item.hit for item in image_patterns if item.weight == weight]
        if len({hit.kind for hit in best}) > 1:
            return best[0]._replace(kind=MAYBE)
        return best[0]

    def is_public(self, reference: str) -> bool:
        """Whether an image is known to be pulled without credentials (R-D4)."""
        host, path = _split_host(reference.strip().lower())
        components = [host, *_bare(path).split("/")]
        if host == "docker.io" and len(components) == 2:
            components.insert(1, "library")
        return any("/".join(components[:length]) in self.registries for length in range(1, len(components)))

    def variables(self, name: str) -> Iterator[VariablePattern]:
        """What the catalogue knows of a variable's name."""
        yield from self.known_variables.get(name, ())
        if self.loose_names.match(name):
            yield from (item for item in self.loose_variables if fnmatchcase(name, item.name))

    def may_inject(self, keys: Iterable[object]) -> bool:
        """Whether one of some keys of labels and annotations is a trigger of any injector."""
        return any(key in self.triggers or (isinstance(key, str) and self.loose_triggers.match(key)) for key in keys)

    def is_admission_role(self, name: str) -> bool:
        """Whether a role that the input does not hold is known to be about admission only (R-E4)."""
        return self.admission.match(name)


def path_of(reference: str) -> str:
    """An image's path: lower case, without registry host, tag and digest (R-E10)."""
    return _bare(_split_host(reference.strip().lower())[1])


def _split_host(reference: str) -> tuple[str, str]:
    head, slash, remainder = reference.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return ("docker.io" if head in ("index.docker.io", "registry-1.docker.io") else head), remainder
    return "docker.io", reference


def _bare(path: str) -> str:
    path = path.partition("@")[0]
    head, slash, last = path.rpartition("/")
    return head + slash + last.partition(":")[0]


def _is_suffix(parts: Sequence[str], components: Sequence[str]) -> bool:
    if len(parts) > len(components):
        return False
    return all(
        part == component or ("*" in part and fnmatchcase(component, part))
        for part, component in zip(parts, components[len(components) - len(parts) :], strict=True)
    )
