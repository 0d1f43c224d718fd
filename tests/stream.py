"""Runs the whole pipeline over a stream of manifests, and reads what came out with another parser than ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import yaml

from samigrate import pipeline
from samigrate.domain.model import Finding, Risk
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.plan import recipe
from samigrate.settings.config import Settings

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A stream before and after, and all that was said of it."""

    before: str
    after: str
    outcome: Outcome

    @cached_property
    def documents(self) -> list[Manifest]:
        return [one for one in yaml.safe_load_all(self.after) if one]

    def object(self, kind: str, name: str) -> Manifest:
        found = [one for one in self.documents if one["kind"] == kind and one["metadata"].get("name") == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}\n{self.after}"
        return found[0]

    def accounts(self) -> list[str]:
        return [one["metadata"]["name"] for one in self.documents if one["kind"] == "ServiceAccount"]

    def spec(self, name: str = "web", kind: str = "Deployment") -> Manifest:
        found = self.object(kind, name)["spec"]
        for key in ("jobTemplate", "spec", "template", "spec"):
            found = found.get(key, found)
        assert isinstance(found, dict)
        return found

    def account(self, name: str = "web") -> Manifest:
        return self.object("ServiceAccount", name)

    def report(self, name: str = "web") -> WorkloadReport:
        return next(one for one in self.outcome.workloads if one.workload.id.name == name)

    def verdict(self, name: str = "web") -> str:
        return str(self.report(name).verdict.level)

    def finding(self, id_: str) -> Finding:
        found = [one for one in self.outcome.findings if one.id == id_]
        assert found, f"no {id_} among {[one.id for one in self.outcome.findings]}"
        return found[0]

    def said(self) -> set[str]:
        return {one.id for one in self.outcome.findings}

    @property
    def is_untouched(self) -> bool:
        return self.after == self.before


def migrate(text: str, *, settings: Mapping[str, Any] | None = None, recipes: tuple[str, ...] = (), risk: Risk = Risk.L3) -> Run:
    """The stream migrated. Asserts that nothing was wrong with it, that every proof held, and that a second run has
    nothing to do."""
    chosen, wanted = recipe.load(list(recipes)), replace(Settings(), max_risk=risk, **(settings or {}))
    outcome = _once(text, wanted, chosen)
    assert not outcome.problems, outcome.problems
    after = next((change.new for change in outcome.changes), text)
    again = _once(after, wanted, chosen)
    assert not again.problems and not again.changes, "a second run changes it again"
    return Run(text, after, outcome)


def _once(text: str, settings: Settings, chosen: recipe.Recipe) -> Outcome:
    source = pipeline.Source("-", text.encode, may_change=True)
    return pipeline.run(pipeline.Root("-", (source,), settings, is_stream=True), chosen)
