"""Does a workload use the API? Evidence from many sources, and one verdict (domain section E).

One module per source, each with `SOURCE`; modules whose name starts with `_` hold what several of them read.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.domain.model import AGAINST, DEFAULT_ACCOUNT, Evidence, Level, Location, Resource, Sign, Strength, Verdict, Workload
from samigrate.domain.tokens import TokenSecret, held, is_mounted

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Scope
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

__all__ = ["DECLARED", "OWN_AUTOMOUNT", "Source", "judge", "sources"]

DECLARED = "declaration"
"""The source whose word is final: the user's own."""
OWN_AUTOMOUNT = "own-automount"
"""The source of an explicit `true` that an earlier run of ours has written."""
CANCELLED = (Sign.EXPLICIT_AUTOMOUNT, Sign.POD_VARIABLE, Sign.NAME, Sign.NODE)
"""Weak signs that counter-evidence on every container cancels (R-E1); of an explicit `true`, what a chart's library writes."""
SUPPORTING = (Sign.NAME, Sign.NODE)
"""Weak signs that say nothing alone of who runs as `default`: a controller or a part of a node that uses the
API has an account of its own, or rights that speak for themselves."""
CALLS = "audit-log"
"""The source of what an audit log shows of a workload's own pods."""
_STRENGTHS = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER, Strength.SILENT)
_ORDER = (Level.NONE, Level.UNKNOWN, Level.LIKELY, Level.REQUIRED)


class EvidenceSource(NamedTuple):
    """A place where evidence is found. `signs` are the kinds that it finds; `find` yields, and decides nothing. `is_common`: it
    speaks of all that share an account or a namespace, so it is no sign of the workload's own. `needs_token`: it says
    nothing of a pod that holds no token."""

    id: str
    signs: tuple[Sign, ...]
    find: Callable[[Workload, View, Catalog, Settings], Iterator[Evidence]]
    is_common: bool = False
    needs_token: bool = False


class Signs(NamedTuple):
    """What a workload itself says of its use of the API, whatever its account may do: whether there is any sign, and
    whether every container is known to have no use for it."""

    any: bool
    is_countered: bool


@cache
def sources() -> tuple[EvidenceSource, ...]:
    """All sources in a fixed order, the most telling first. Raises TypeError for a module without a well-formed SOURCE."""
    result = []
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            source = getattr(importlib.import_module(f"{__name__}.{module.name}"), "SOURCE", None)
            if not isinstance(source, EvidenceSource):
                raise TypeError(f"{__name__}.{module.name} has no SOURCE")
            result.append(source)
    if len({source.id for source in result}) < len(result):
        raise TypeError(f"two sources of one id: {sorted(source.id for source in result)}")
    return tuple(sorted(result, key=lambda source: (source.signs, source.id)))


_SIGNS: WeakKeyDictionary[Scope, dict[object, Signs]] = WeakKeyDictionary()


def signs(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Signs:
    """The workload's own signs, as seen in a scope. One that holds no token makes no use of its account's rights."""
    signs_by_key = _SIGNS.setdefault(view.scope, {})
    if workload.key not in signs_by_key and _holds_no_token(workload, view):
        signs_by_key[workload.key] = Signs(False, True)
    elif workload.key not in signs_by_key:
        own_sources = [source for source in sources() if not source.is_common]
        evidence = [item for source in own_sources for item in source.find(workload, view, catalog, settings)]
        level = combine(workload, evidence).level
        is_declared_off = level is Level.NONE and any(item.source == DECLARED for item in evidence)
        is_countered = is_declared_off or _is_countered(workload, evidence)
        signs_by_key[workload.key] = Signs(level is not Level.NONE, is_countered)
    return signs_by_key[workload.key]


def shows_use(workload: Workload, verdict: Verdict) -> bool:
    """Whether the evidence holds a sign of the workload's own."""
    common = {source.id for source in sources() if source.is_common}
    return combine(workload, [item for item in verdict.evidence if item.source not in common]).level is not Level.NONE


def judge(workload: Workload, views: Sequence[View], catalog: Catalog, settings: Settings) -> Verdict:
    """The strictest verdict over all that the workload is seen in, with the evidence of every view, strongest first."""
    if not views:
        raise ValueError("a workload is judged in at least one view")
    verdicts = []
    for view in views:
        fragments = _pieces(workload, view, catalog, settings)
        built = workload
        for location, value in view.scope.built(workload.resource):
            built = replace(workload, resource=Resource(workload.resource.at, value))
            fragments = _with_patch(fragments, _pieces(built, view, catalog, settings), location, workload)
        verdicts.append(combine(built, tuple(dict.fromkeys(fragments))))
    level = max((verdict.level for verdict in verdicts), key=_ORDER.index)
    evidence = dict.fromkeys(item for verdict in verdicts for item in verdict.evidence)
    return Verdict(level, tuple(sorted(evidence, key=lambda item: _STRENGTHS.index(item.strength))))


def _pieces(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> list[Evidence]:
    is_answered = _holds_no_token(workload, view)
    asked = [source for source in sources() if not (is_answered and source.needs_token)]
    return [item for source in asked for item in source.find(workload, view, catalog, settings)]


def _holds_no_token(workload: Workload, view: View) -> bool:
    """Whether nothing that the pod could do with its account's rights is open to it: it says so, and no volume or
    variable may hold a token all the same (R-E2)."""
    if is_mounted(workload.spec.automount, view.automount(workload.spec.account)):
        return False
    return not held(workload.spec, False, lambda secret: _maybe(view.token_owner(secret)))


def _maybe(owner: TokenSecret | None) -> TokenSecret | None:
    """A token Secret that is in doubt, taken for one."""
    return owner and owner._replace(tier="certain")


def _with_patch(before: Sequence[Evidence], after: Sequence[Evidence], location: Location, workload: Workload) -> list[Evidence]:
    """The evidence before a patch, and what the patch at `location` adds. Nothing that a patch takes away is believed gone
    (it may be for another object) but what spoke against a use. The containers that it adds are not the workload's own:
    what they say is said of the whole pod."""
    own, existing = {one.name for one in workload.spec.containers(ephemeral=True)}, {_said(item) for item in before}
    evidence = [item for item in before if item.strength not in AGAINST]
    counter = [item for item in after if item.strength in AGAINST]
    added = [item for item in after if item.strength not in AGAINST and _said(item) not in existing]
    moved = [item._replace(at=location, pointer="") if item.at == workload.resource.at else item for item in added]
    return [*evidence, *(item._replace(container=item.container if item.container in own else None) for item in moved), *counter]


def _said(item: Evidence) -> tuple[str, Strength, str]:
    return item.source, item.strength, item.detail


def combine(workload: Workload, fragments: Sequence[Evidence]) -> Verdict:
    """R-E1 and R-E2: what the evidence of one view amounts to."""
    for item in fragments:
        if item.source == DECLARED:
            return Verdict(Level.REQUIRED if item.strength is Strength.PROOF else Level.NONE, tuple(fragments))
    evidence = [item for item in fragments if item.source != OWN_AUTOMOUNT]
    level = _weigh(workload, evidence)
    if level in (Level.REQUIRED, Level.LIKELY):
        return Verdict(level, tuple(evidence))  # our own `true` rests on these: it must not feed on itself
    return Verdict(_weigh(workload, fragments), tuple(fragments))


def _weigh(workload: Workload, evidence: Sequence[Evidence]) -> Level:
    strengths = {item.strength for item in evidence}
    if Strength.PROOF in strengths:
        return Level.REQUIRED
    if Strength.STRONG in strengths:
        return Level.LIKELY
    cancelled = CANCELLED if _is_countered(workload, evidence) else ()
    weak = [item for item in evidence if item.strength is Strength.WEAK and item.sign not in cancelled]
    kinds = {item.sign or item.source for item in weak if Strength.SILENT not in strengths}
    if workload.spec.account == DEFAULT_ACCOUNT and len(kinds) == 1:
        kinds -= set(SUPPORTING)
    return Level.LIKELY if len(kinds) > 1 else Level.UNKNOWN if kinds else Level.NONE


def _is_countered(workload: Workload, evidence: Sequence[Evidence]) -> bool:
    countered = {item.container for item in evidence if item.strength is Strength.COUNTER}
    return bool(countered) and all(container.name in countered for container in workload.spec.containers())
