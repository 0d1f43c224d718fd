"""Calls in an audit log that lead no further than to an account: they count for every workload that runs as it.

Tokens of pods name the pod since Kubernetes 1.21 or so, legacy tokens and logs of some clouds do not (R-E16). A pod whose
name fits no workload of the namespace may be one's that the input calls otherwise: of the workload's alone, if nothing else
runs as the account, else it is doubt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import DEFAULT_ACCOUNT, Evidence, Sign, Strength, Workload
from samigrate.evidence import CALLS, EvidenceSource
from samigrate.evidence._calls import accounts, all_in_namespace, evidence, own

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_ID = f"{CALLS}-account"


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    callers = settings.evidence.callers_in(view.namespace)
    if not callers:
        return
    names, its, doubted = accounts(workload, view, settings.prefix), own(workload, view), []
    for caller in callers:
        if caller.account not in names:
            continue
        if not caller.pods:
            is_in_doubt = view.namespace is None and caller.account == DEFAULT_ACCOUNT
            suffix = f" as {caller.account} of {caller.namespace}, by no pod's name"
            yield evidence(_ID, caller.item, workload, Strength.WEAK if is_in_doubt else caller.item.strength, suffix)
        elif not its.hold(caller.pods) and not all_in_namespace(view).hold(caller.pods):
            doubted.append(caller)
    if doubted:
        first = min(doubted, key=lambda caller: caller.account == DEFAULT_ACCOUNT)
        is_alone = first.account != DEFAULT_ACCOUNT and len(view.user_names(workload.spec.account)) == 1
        more = f" and {len(doubted) - 1} more" if len(doubted) > 1 else ""
        suffix = f" as {first.account} of {first.namespace}, by pods {first.pods}{more}"
        yield evidence(_ID, first.item, workload, first.item.strength if is_alone else Strength.WEAK, suffix)


SOURCE = EvidenceSource(_ID, (Sign.OTHER,), _find, is_common=True, needs_token=True)
