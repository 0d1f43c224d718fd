"""Which workload a call in an audit log leads to (R-E16, R-E17)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from samigrate.auditlog import pods
from samigrate.auditlog.pods import Names
from samigrate.base.values import text
from samigrate.domain.model import Evidence, Location, Sign, Strength, Workload
from samigrate.domain.record import PREVIOUS_ACCOUNT

if TYPE_CHECKING:
    from samigrate.scope.index import Scope
    from samigrate.scope.view import View
    from samigrate.settings.evidence_files import Item

_KNOWN: WeakKeyDictionary[Scope, dict[object, Names]] = WeakKeyDictionary()


def own(workload: Workload, view: View) -> Names:
    """What the workload's pods may be called."""
    return pods.names(_named(workload, view))


def all_in_namespace(view: View) -> Names:
    """What the pods of any workload of the namespace may be called."""
    known, key = _KNOWN.setdefault(view.scope, {}), (view.namespace, view.apart)
    if key not in known:
        known[key] = pods.names({identity for workload in view.neighbours() for identity in _named(workload, view)})
    return known[key]


def _named(workload: Workload, view: View) -> list[tuple[str, str]]:
    """Kind and names of a workload, as written and as built; the names that are made up for it stand for themselves."""
    kind = workload.id.kind
    made_up = text(workload.resource.value, "metadata", "generateName")
    if not text(workload.resource.value, "metadata", "name") and made_up:
        return [(kind, f"{made_up}bbbbb")]
    return [(kind, name) for name in view.scope.names(workload.resource) if name]


def accounts(workload: Workload, view: View, prefix: str) -> set[str]:
    """The names of the workload's account: as written, as built, and what it was before it was migrated."""
    written = workload.spec.account
    previous = workload.resource.annotations.get(f"{prefix}/{PREVIOUS_ACCOUNT}")
    return {written, view.scope.built_name(written, view.namespace), *([previous] if isinstance(previous, str) else [])}


def evidence(source: str, item: Item, workload: Workload, strength: Strength, suffix: str = "") -> Evidence:
    at = Location(item.file, line=1) if item.file else workload.resource.at
    return Evidence(source, Sign.OTHER, strength, f"{item.why}{suffix} (audit log)", at, calls=item.calls, caller=_caller(item))


def _caller(item: Item) -> str:
    """Who called, in words: `default of shop, pod web-5d8c9b7f6d-x7k2p, by client/v1`."""
    subject, origin = dict(item.subject), dict(item.origin)
    pod, agents = origin.get("pod"), origin.get("agents")
    return f"{subject['account']} of {subject['namespace']}" + (f", pod {pod}" if pod else "") + (f", by {agents}" if agents else "")
