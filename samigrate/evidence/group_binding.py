"""Rights of every account of the namespace or the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import Evidence, Resource, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.scope.rights import describe, needs_token

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


_LABEL, _OF_KUBERNETES = "kubernetes.io/bootstrapping", "rbac-defaults"
"""What the API server writes on the bindings that it makes in every cluster.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings"""


def _is_everywhere(binding: Resource) -> bool:
    """Whether every cluster has the binding from the start: then it says nothing of who is in this one."""
    return binding.id.name.startswith("system:") and binding.labels.get(_LABEL) == _OF_KUBERNETES


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    for grant in view.group_grants():
        if needs_token(grant, catalog) and not _is_everywhere(grant.binding):
            yield Evidence("group-binding", Sign.GROUP_BINDING, Strength.WEAK, describe(grant), grant.binding.at, grant.pointer)


SOURCE = EvidenceSource("group-binding", (Sign.GROUP_BINDING,), _find, is_common=True, needs_token=True)
