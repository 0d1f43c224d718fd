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
from samigrate.evidence._calls import accounts, evidence, is_anothers, is_own, may_be_in

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if not settings.evidence.callers:
        return
    names = accounts(workload, view, settings.prefix)
    for item in settings.evidence.callers:
        subject = dict(item.subject)
        account, pods = subject["account"], subject.get("pods", "")
        if account not in names or not may_be_in(subject["namespace"], view):
            continue
        if not pods:
            is_in_doubt = view.namespace is None and account == DEFAULT_ACCOUNT
            suffix = f" as {account} of {subject['namespace']}, by no pod's name"
            yield evidence(CALLS, item, workload, Strength.WEAK if is_in_doubt else item.strength, suffix)
        elif not is_own(pods, workload, view) and not is_anothers(pods, view):
            is_alone = account != DEFAULT_ACCOUNT and len(view.user_names(workload.spec.account)) == 1
            suffix = f" as {account} of {subject['namespace']}, by pods {pods}"
            yield evidence(CALLS, item, workload, item.strength if is_alone else Strength.WEAK, suffix)


SOURCE = EvidenceSource("audit-log-account", (Sign.OTHER,), _find, is_common=True, needs_token=True)
