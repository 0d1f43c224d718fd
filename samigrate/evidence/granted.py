"""Rights and logins that are given to the account outside RBAC's own objects (R-D1, R-D20, R-E9): a binding inside another
object or a text, an operator's word for one, a role of Vault that takes the account's token as a login.

The token is an API token, and no other will do; who uses it is not said where several run as the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import DEFAULT_ACCOUNT, Evidence, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._shared import may_be_user

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_SAYS = {"login": "lets {} log in with its token", "rights": "gives rights to {}"}


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    account = workload.spec.account
    identities = [one for one, _ in view.identities(account) if one.form in _SAYS and "*" not in one.name]
    if identities and (account != DEFAULT_ACCOUNT or may_be_user(workload, view, catalog, settings)):
        for identity in identities:
            detail = f"{identity.resource.id} {_SAYS[identity.form].format(account)}"
            yield Evidence("granted", Sign.BINDING, Strength.STRONG, detail, identity.resource.at, identity.pointer)


SOURCE = EvidenceSource("granted", (Sign.BINDING,), _find, is_common=True, needs_token=True)
