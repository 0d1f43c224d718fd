"""What `samigrate explain` and `samigrate recipes` tell."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from functools import cache

from samigrate import datafiles, recipe, transforms, yamltext
from samigrate.config import suggestion
from samigrate.errors import InputError
from samigrate.transforms import Transform
from samigrate.values import Value

WIDTH = 100


@cache
def findings() -> Mapping[str, Mapping[str, Value]]:
    """Every finding by its id: `rule`, `severity`, `summary`, `action`."""
    found = yamltext.load(datafiles.text("findings.yaml")).value
    return dict(found)


def everything() -> Iterator[str]:
    """One line for each id."""
    yield "transforms"
    yield from _aligned({transform.id: transform.summary for transform in transforms.discover().values()})
    yield ""
    yield "findings"
    yield from _aligned({id_: str(entry.get("summary", "")) for id_, entry in sorted(findings().items())})


def explain(id_: str) -> Iterator[str]:
    """All there is to say of a transform or a finding. Raises InputError for an unknown id."""
    every = transforms.discover()
    if id_ in every:
        return _transform(every[id_])
    if id_ in findings():
        return _finding(id_, findings()[id_])
    raise InputError("", 0, f"nothing is called {id_!r}{suggestion(id_, [*every, *findings()])}")


def _transform(transform: Transform) -> Iterator[str]:
    yield f"{transform.id}: {transform.summary}"
    yield ""
    yield from _wrapped(transform.why)
    if transform.rules:
        yield ""
        yield f"Rules: {', '.join(transform.rules)}"
    yield from transform.links
    if transform.after:
        yield f"Runs after: {', '.join(transform.after)}"
    for name, kind in transform.options.items():
        yield f"Option: {name} ({kind.__name__})"
    before, after = transform.example
    if before:
        yield from ("", "Before:", textwrap.indent(before.rstrip("\n"), "    "))
        yield from ("", "After:", textwrap.indent((after or _run(transform, before)).rstrip("\n"), "    "))


def _run(transform: Transform, before: str) -> str:
    """What the transform makes of its example: alone, or among all where it does nothing alone."""
    from samigrate import pipeline
    from samigrate.config import Settings

    source = pipeline.Source("example.yaml", before.encode, may_change=True)
    for chosen in (recipe.Recipe("", "", {transform.id: {}}), recipe.load([])):
        outcome = pipeline.run(pipeline.Root("-", (source,), Settings(), is_stream=True), chosen)
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
    yield from _aligned({one.name + (" (default)" if one.name == recipe.DEFAULT else ""): one.summary for one in loaded})


def recipe_(name: str) -> Iterator[str]:
    """One recipe: what it does, by transform."""
    chosen = recipe.load([name])
    yield f"{chosen.name}: {chosen.summary}"
    yield ""
    every = transforms.discover()
    ordered = {transform.id: transform.summary for transform in transforms.ordered(list(chosen.transforms))}
    yield from _aligned({id_ + _options(chosen.transforms[id_]): summary for id_, summary in ordered.items() if id_ in every})


def _options(options: Mapping[str, Value]) -> str:
    return f" ({', '.join(f'{name}: {value}' for name, value in options.items())})" if options else ""


def _aligned(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows), default=0)
    for name, text in rows.items():
        yield f"  {name.ljust(width)}  {text}"


def _wrapped(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield from textwrap.wrap(" ".join(paragraph.split()), WIDTH)
