"""What `samigrate explain` and `samigrate recipes` tell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from samigrate import transforms
from samigrate.base.errors import InputError
from samigrate.base.values import Value
from samigrate.findings.catalogue import findings
from samigrate.plan import recipe
from samigrate.report.remarks import OWN
from samigrate.settings.config import Settings, suggestion
from samigrate.transforms import Transform

WIDTH = 100


EXAMPLE = Settings(record=("checkov",))
"""What examples are run with: the defaults, and one scanner that is told."""


def everything() -> Iterator[str]:
    """One line for each id."""
    yield "recipes"
    yield from recipes()
    yield ""
    yield "transforms"
    yield from _aligned((transform.id, transform.summary) for transform in transforms.discover().values())
    yield ""
    yield "findings"
    yield from _aligned((id_, str(entry.get("summary", ""))) for id_, entry in sorted(findings().items()))


def explain(id_: str) -> Iterator[str]:
    """All there is to say of a transform, a finding or a recipe. Raises InputError for an unknown id."""
    every, existing = transforms.discover(), recipe.packaged()
    if id_ in every:
        return _transform(every[id_])
    if id_ in findings():
        return _finding(id_, findings()[id_])
    if id_ in existing:
        return recipe_(id_)
    if id_ in OWN:
        return _wrapped(f"{id_}: {' '.join(OWN[id_])}")
    near = suggestion(id_, [*every, *findings(), *existing, *OWN])
    hint = near if "did you mean" in near else "; `samigrate explain` lists all that there is"
    raise InputError("", 0, f"nothing is called {id_!r}{hint}")


def _transform(transform: Transform) -> Iterator[str]:
    yield f"{transform.id}: {transform.summary}"
    yield ""
    yield from _wrapped(transform.why)
    if transform.rules:
        yield ""
        yield f"Rules: {', '.join(transform.rules)}"
    yield from transform.links
    yield from _wrapped(f"Writes: {', '.join(transform.touches)}")
    if earlier := [one.id for one in transforms.ordered(transforms.discover()) if one.phase < transform.phase and not one.apart]:
        yield from _wrapped(f"Runs after: {', '.join(earlier)}")
    yield f"In the recipes: {', '.join(name for name in recipe.packaged() if transform.id in recipe.load([name]).transforms)}"
    for name, option in transform.options.items():
        yield f"Option {name}"
        yield f"  true   {option.on}"
        yield f"  false  {option.off}"
    before, after = transform.example
    if before:
        yield from ("", "Before:", textwrap.indent(before.rstrip("\n"), "    "))
        yield from ("", "After:", textwrap.indent((after or _run(transform, before)).rstrip("\n"), "    "))


def _run(transform: Transform, before: str) -> str:
    """What the transform makes of its example: alone, or among all where it does nothing alone."""
    from samigrate import pipeline

    source = pipeline.Source("example.yaml", before.encode, may_change=True)
    for chosen in (recipe.Recipe("", "", {transform.id: {}}), recipe.load([])):
        outcome = pipeline.run(pipeline.Root("-", (source,), EXAMPLE, is_stream=True), chosen)
        if outcome.changes:
            return outcome.changes[0].new
    return before


def _finding(id_: str, entry: Mapping[str, Value]) -> Iterator[str]:
    yield f"{id_} ({entry.get('severity', 'note')}, {entry.get('rule', '')}): {entry.get('summary', '')}"
    if entry.get("action"):
        yield ""
        yield from _wrapped(str(entry["action"]))
    yield ""
    yield f'To silence it on one object: the annotation `samigrate.dev/ignore: "{id_}: reason"`,'
    yield f"or the comment `# samigrate: ignore[{id_}] reason`."


def recipes() -> Iterator[str]:
    """The recipes that come with samigrate."""
    loaded = [recipe.load([name]) for name in recipe.packaged()]
    yield from _aligned((one.name + (" (default)" if one.name == recipe.DEFAULT else ""), one.summary) for one in loaded)


def recipe_(name: str) -> Iterator[str]:
    """One recipe: what it does, by transform."""
    chosen = recipe.load([name])
    yield f"{chosen.name}: {chosen.summary}"
    yield ""
    rows: list[tuple[str, str]] = []
    for transform in transforms.ordered(list(chosen.transforms)):
        rows.append((transform.id, transform.summary))
        rows += (("", words) for words in _options(transform, chosen.transforms[transform.id]))
    yield from _aligned(rows)
    yield ""
    if chosen.python:
        yield "It is for what Python declares, too."
    yield "`samigrate explain ID` says more of each, with an example."


def _options(transform: Transform, options: Mapping[str, Value]) -> Iterator[str]:
    """What a recipe has set, in words."""
    yield from (transform.options[name].on if value else transform.options[name].off for name, value in options.items())


def _aligned(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    listed = list(rows)
    width = max((len(name) for name, _ in listed), default=0)
    for name, text in listed:
        yield f"  {name.ljust(width)}  {text}"


def _wrapped(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield from textwrap.wrap(" ".join(paragraph.split()), WIDTH)
