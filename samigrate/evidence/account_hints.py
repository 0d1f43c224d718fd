"""What the choice of an account says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from samigrate.base.values import pointer, text
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, Evidence, Resource, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Visible
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

_OAUTH = "serviceaccounts.openshift.io/oauth-redirect"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    account = workload.spec.account
    if account == DEFAULT_ACCOUNT:
        return
    json_pointer = workload.pod + ("/serviceAccountName" if text(workload.spec.value, "serviceAccountName") else "/serviceAccount")
    if not _NAME.fullmatch(account):
        yield Evidence(
            "account-hints", Sign.UNSEEN_ACCOUNT, Strength.WEAK, f"runs as {account}, a placeholder", workload.resource.at, json_pointer
        )
        return
    accounts = view.once(("accounts", account), lambda: view.find("", "ServiceAccount", account))
    if not accounts:
        yield Evidence(
            "account-hints",
            Sign.UNSEEN_ACCOUNT,
            Strength.WEAK,
            f"runs as {account}, which is not in the input",
            workload.resource.at,
            json_pointer,
        )
    yield from view.once(("account hints", account), lambda: list(_of_account(account, accounts, settings)))


def _of_account(account: str, accounts: Sequence[Visible], settings: Settings) -> Iterator[Evidence]:
    """What the account says, the same for all that run as it."""
    for visible in accounts:
        if key := next((key for key in visible.resource.annotations if str(key).startswith(_OAUTH)), None):
            detail = f"its account {account} is a client of OpenShift's login, and its token the client's secret"
            yield Evidence(
                "account-hints", Sign.OPEN_ACCOUNT, Strength.STRONG, detail, visible.resource.at, pointer("metadata", "annotations", key)
            )
        asks = visible.resource.value.get(AUTOMOUNT_FIELD) is True and not settings.says_true_by_default
        if asks and not _is_scaffold(visible.resource, settings.prefix):
            detail = f"its account {account} asks for the token explicitly"
            yield Evidence("account-hints", Sign.OPEN_ACCOUNT, Strength.WEAK, detail, visible.resource.at, f"/{AUTOMOUNT_FIELD}")


def _is_scaffold(account: Resource, prefix: str) -> bool:
    """Helm's scaffold always writes the field, and so may we."""
    if "helm.sh/chart" in account.labels or account.labels.get("app.kubernetes.io/managed-by") == "Helm":
        return True
    return f"{prefix}/managed" in account.annotations


SOURCE = EvidenceSource("account-hints", (Sign.OPEN_ACCOUNT, Sign.UNSEEN_ACCOUNT), _find, needs_token=True)
