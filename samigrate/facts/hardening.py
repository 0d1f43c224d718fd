"""An account that is to mount no token any more: the edit, and what it risks (R-A21).

It reaches each pod at its next start, and nothing rolls out that could be watched.
"""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.domain.model import AUTOMOUNT_FIELD, Operation, Resource, Risk
from samigrate.facts import holders
from samigrate.facts.state import Work


def operation(account: Resource, reason: str) -> Operation:
    """What sets the account's automount value to false."""
    op = "replace" if AUTOMOUNT_FIELD in account.value else "add"
    after = tuple(key for key in ("imagePullSecrets", "secrets", "metadata") if key in account.value)
    return Operation(account.at, op, f"/{AUTOMOUNT_FIELD}", False, account.value.get(AUTOMOUNT_FIELD), after, reason)


def risks(work: Work, account: str) -> Iterator[tuple[Risk, str]]:
    yield Risk.L3, f"pods outside the input that run as {account} lose their token when they next start"
    for view in work.views:
        if resource := next(holders.unseen(view), None):
            yield Risk.L4, f"{resource.id} may run something as {account}"
