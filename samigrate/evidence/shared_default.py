"""Rights of `default`: every workload on `default` holds them, and one of them may use them (R-E9).

They are explained by the workloads that show a use of the API of their own; the others do not inherit them. Where none
does, those that are not known to have no use for it may be the ones; where all are known to have none, each of them may.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from samigrate.base.values import sequence, text
from samigrate.domain.model import DEFAULT_ACCOUNT, Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._shared import may_be_user
from samigrate.scope.matching import Match
from samigrate.scope.rights import describe, is_empty, needs_token

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Grant
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if workload.spec.account != DEFAULT_ACCOUNT:
        return
    for grant in view.grants(DEFAULT_ACCOUNT):
        if is_empty(grant):
            detail = f"{describe(grant)}, which has no rules"
            yield Evidence("shared-default-binding", Sign.BINDING, Strength.WEAK, detail, grant.binding.at, grant.pointer)
        has_moved = partial(_has_moved, grant, view, settings.prefix)
        if needs_token(grant, catalog) and may_be_user(workload, view, catalog, settings, has_moved):
            sign = Sign.DELEGATION if grant.role_name in catalog.delegation else Sign.BINDING
            yield Evidence("shared-default-binding", sign, Strength.STRONG, describe(grant), grant.binding.at, grant.pointer)


def _has_moved(grant: Grant, view: View, prefix: str) -> bool:
    """Whether an earlier run has moved the workload that uses the grant to an account of its own. Where the grant may be
    another environment's, an account here of a name that it has says nothing."""
    if grant.match is Match.DOUBT:
        return False
    names = [name for entry in sequence(grant.binding.value, "subjects") if (name := text(entry, "name"))]
    accounts = [visible for name in names for visible in view.account(name) if visible.match is Match.SAME]
    return any(visible.resource.annotations.get(f"{prefix}/managed") == "true" for visible in accounts)


SOURCE = EvidenceSource("shared-default-binding", (Sign.BINDING, Sign.DELEGATION), _find, is_common=True, needs_token=True)
