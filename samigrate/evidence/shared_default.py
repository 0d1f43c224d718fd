"""Rights of `default`: every workload on it holds them and may use them, and the input cannot say which does (R-E9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.evidence import Source
from samigrate.evidence._rights import describe, is_empty, needs_token
from samigrate.model import DEFAULT_ACCOUNT, Evidence, Strength, Workload

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    if workload.spec.account != DEFAULT_ACCOUNT:
        return
    for grant in view.grants(DEFAULT_ACCOUNT):
        if is_empty(grant):
            detail = f"{describe(grant)}, which has no rules"
            yield Evidence("shared-default-binding", 1, Strength.WEAK, detail, grant.binding.at, grant.pointer)
        if needs_token(grant, catalog):
            rank = 6 if grant.role_name in catalog.delegation else 1
            yield Evidence("shared-default-binding", rank, Strength.STRONG, describe(grant), grant.binding.at, grant.pointer)


SOURCE = Source("shared-default-binding", (1, 6), _find)
