"""One run, from bytes to an outcome.

    sources ─read→ manifests ─scope→ views ─evidence→ works ─plan→ proposals ─rewrite→ text ─prove→ outcome

Nothing flows back, but for one thing: where a text cannot take an edit, that part is blocked and planned again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from samigrate import catalog as catalogs
from samigrate import kinds, reading, yamltext
from samigrate.base import collector
from samigrate.domain.model import Problem
from samigrate.domain.outcome import FileChange, Outcome
from samigrate.facts.state import Work
from samigrate.findings import observations
from samigrate.plan import assess, objects, rewriting
from samigrate.plan.planner import Plan, Planned
from samigrate.plan.recipe import Recipe
from samigrate.plan.settling import Decide, settled
from samigrate.prove import checks, proofs
from samigrate.reading import Reading, Root, Source
from samigrate.report import asked as asking
from samigrate.report import assembly as report
from samigrate.report import places, silence
from samigrate.scope.cuts import scopes

__all__ = ["Root", "Run", "Source", "merge", "run", "trace"]


class Run(NamedTuple):
    """An outcome and what led to it."""

    root: Root
    recipe: Recipe
    found: Reading
    works: Sequence[Work]
    accepted: Sequence[Planned]
    outcome: Outcome


def run(root: Root, recipe: Recipe, *, with_lines: bool = False) -> Outcome:
    """Everything that is found in a root and would change. `with_lines` looks up the line of each piece of evidence
    (the files are read once more for it)."""
    return trace(root, recipe, with_lines=with_lines).outcome


@collector.paused()
@yamltext.keeping()
def trace(root: Root, recipe: Recipe, *, with_lines: bool = False, decided: Decide | None = None) -> Run:
    """The same, with what led to it; `decided` makes the plan instead of the recipe."""
    known, catalog = kinds.load(root.settings.kinds), catalogs.load(root.settings.catalog)
    found = reading.read(root, known)
    by_path = scopes(found, root)
    works = assess.workloads(found, by_path, root, catalog)
    made, blocked, changes = settled([*works, *objects.works(found, by_path, root, recipe, catalog)], found, recipe, root, decided)
    failures = list(proofs.failures(works, made, blocked, changes, found, root, recipe, known, catalog, decided)) if changes else []
    kept = _without(changes, made, failures)
    problems = [Problem(failure.path, failure.line, failure.message, ours=True) for failure in failures]
    accepted = [one for one in made.accepted if not any(path in changes and path not in kept for path in rewriting.paths(one))]
    asking.narrow(found, root)
    asked, elsewhere = asking.asked(found, works, root)
    live = assess.live(found, by_path, root, catalog) if root.reports_live else []
    objects_of = {manifest.path: manifest.resources for manifest in found.manifests}
    held = [one for source in root.sources if source.may_change for one in objects_of.get(source.path, ())]
    observed = observations.of(asked, accepted, held)
    told, silenced = silence.filtered([*found.findings, *made.findings, *elsewhere, *observed], found, root.settings.prefix)
    told += silence.unused(found, silenced | made.silenced, root, recipe)
    lines, told = places.looked_up(told, works, found, root, with_evidence=with_lines)
    outcome = report.outcome(root, recipe, found, [*asked, *live], accepted, made.state, kept, problems, told, lines)
    return Run(root, recipe, found, works, accepted, outcome)


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several roots' outcomes as one, in their order."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        recipes=outcomes[0].recipes if outcomes else (),
        is_rollback=any(one.is_rollback for one in outcomes),
        scopes=tuple(dict.fromkeys(scope for one in outcomes for scope in one.scopes)),
        files=sum(one.files for one in outcomes),
        documents=sum(one.documents for one in outcomes),
        workloads=tuple(each for one in outcomes for each in one.workloads),
        findings=tuple(each for one in outcomes for each in one.findings),
        skipped=tuple(each for one in outcomes for each in one.skipped),
        problems=tuple(each for one in outcomes for each in one.problems),
        changes=tuple(each for one in outcomes for each in one.changes),
        objects=tuple(each for one in outcomes for each in one.objects),
    )


def _without(changes: Mapping[str, FileChange], made: Plan, failures: Sequence[checks.Failure]) -> dict[str, FileChange]:
    """The changes but for the failed files and all files that share a proposal with them."""
    bad = rewriting.whole({failure.path for failure in failures}, (rewriting.paths(one) for one in made.accepted))
    return {path: change for path, change in changes.items() if path not in bad}
