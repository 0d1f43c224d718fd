"""Rights: a binding that names the workload's account (R-E4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import DEFAULT_ACCOUNT, Evidence, Sign, Strength, Workload
from samigrate.domain.record import PREVIOUS_ACCOUNT
from samigrate.evidence import EvidenceSource
from samigrate.scope.matching import Match
from samigrate.scope.rights import describe, is_empty, needs_token

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    account = workload.spec.account
    if account == DEFAULT_ACCOUNT:
        return  # R-E9 speaks of shared rights
    every = view.grants(account)
    for grant in every:
        if is_empty(grant):
            yield Evidence(
                "rbac-binding", Sign.BINDING, Strength.WEAK, f"{describe(grant)}, which has no rules", grant.binding.at, grant.pointer
            )
    grants = [grant for grant in every if needs_token(grant, catalog)]
    if not grants:
        return
    is_inherited = _is_inherited(workload, view, account, settings.prefix)
    for grant in grants:
        sign = Sign.DELEGATION if grant.role_name in catalog.delegation else Sign.BINDING
        if is_inherited:
            yield Evidence("shared-default-binding", sign, Strength.STRONG, describe(grant), grant.binding.at, grant.pointer)
        else:
            strength = Strength.PROOF if grant.match is Match.SAME else Strength.STRONG
            yield Evidence("rbac-binding", sign, strength, describe(grant), grant.binding.at, grant.pointer)


def _is_inherited(workload: Workload, view: View, account: str, prefix: str) -> bool:
    """Whether an earlier run has moved the workload off `default`, and its grants with it: they still prove nothing."""
    if workload.resource.annotations.get(f"{prefix}/{PREVIOUS_ACCOUNT}") not in (None, "", "unset", DEFAULT_ACCOUNT):
        return False
    return any(f"{prefix}/managed" in visible.resource.annotations for visible in view.find("", "ServiceAccount", account))


SOURCE = EvidenceSource("rbac-binding", (Sign.BINDING, Sign.DELEGATION), _find, needs_token=True)
