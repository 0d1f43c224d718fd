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
from samigrate.reading import Inventory, Root, Source
from samigrate.report import asked as asking
from samigrate.report import assembly as report
from samigrate.report import places, silence
from samigrate.scope.cuts import scopes

__all__ = ["Root", "Run", "Source", "merge", "run", "trace"]


class Run(NamedTuple):
    """An outcome and what led to it."""

    root: Root
    recipe: Recipe
    found: Inventory
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
    catalog = catalogs.load(root.settings.catalog)
    inventory = reading.read(root, kinds.load(root.settings.kinds))
    by_path = scopes(inventory, root)
    works = assess.workloads(inventory, by_path, root, catalog)
    end = settled([*works, *objects.works(inventory, by_path, root, recipe, catalog)], inventory, recipe, root, decided)
    failures = list(proofs.failures(works, end, inventory, root, recipe, decided)) if end.changes else []
    changes = _without(end.changes, end.plan, failures)
    problems = [Problem(failure.path, failure.line, failure.message, ours=True) for failure in failures]
    failed = end.changes.keys() - changes.keys()
    accepted = [planned for planned in end.plan.accepted if failed.isdisjoint(rewriting.paths(planned))]
    asking.narrow(inventory, root)
    asked, elsewhere = asking.asked(inventory, works, root)
    live = assess.live(inventory, by_path, root, catalog) if root.reports_live else []
    objects_of = {manifest.path: manifest.resources for manifest in inventory.manifests}
    resources = [resource for source in root.sources if source.may_change for resource in objects_of.get(source.path, ())]
    observed = observations.of(asked, accepted, resources)
    findings, silenced = silence.filtered([*inventory.findings, *end.plan.findings, *elsewhere, *observed], inventory, root.settings.prefix)
    findings += silence.unused(inventory, silenced | end.plan.silenced, root, recipe)
    lines, findings = places.looked_up(findings, works, inventory, root, with_evidence=with_lines)
    shown = report.End([*asked, *live], accepted, end.plan.state, changes, problems, findings, lines)
    return Run(root, recipe, inventory, works, accepted, report.outcome(root, recipe, inventory, shown))


def merge(outcomes: Sequence[Outcome]) -> Outcome:
    """Several roots' outcomes as one, in their order."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        recipes=outcomes[0].recipes if outcomes else (),
        is_rollback=any(outcome.is_rollback for outcome in outcomes),
        scopes=tuple(dict.fromkeys(scope for outcome in outcomes for scope in outcome.scopes)),
        files=sum(outcome.files for outcome in outcomes),
        documents=sum(outcome.documents for outcome in outcomes),
        workloads=tuple(each for outcome in outcomes for each in outcome.workloads),
        findings=tuple(finding for outcome in outcomes for finding in outcome.findings),
        skipped=tuple(skip for outcome in outcomes for skip in outcome.skipped),
        problems=tuple(problem for outcome in outcomes for problem in outcome.problems),
        changes=tuple(change for outcome in outcomes for change in outcome.changes),
        objects=tuple(each for outcome in outcomes for each in outcome.objects),
        unseen=tuple(each for outcome in outcomes for each in outcome.unseen),
        holds_objects=any(outcome.holds_objects for outcome in outcomes),
    )


def _without(changes: Mapping[str, FileChange], plan: Plan, failures: Sequence[checks.Failure]) -> dict[str, FileChange]:
    """The changes but for the failed files and all files that share a proposal with them."""
    bad = rewriting.whole({failure.path for failure in failures}, (rewriting.paths(planned) for planned in plan.accepted))
    return {path: change for path, change in changes.items() if path not in bad}
