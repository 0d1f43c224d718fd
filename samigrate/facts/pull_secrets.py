"""The pull secrets that `default` may hold unseen, and that a pod leaves behind with it (R-A15, R-D4)."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.base.values import sequence, text
from samigrate.domain.model import DEFAULT_ACCOUNT, Finding, Severity
from samigrate.facts.state import Work
from samigrate.scope.matching import Match


def declared(work: Work) -> tuple[str, ...] | None:
    """What the config says that `default` holds; None where it does not say."""
    settings = work.settings.pull_secrets
    if settings is None:
        return None
    spaces = [view.namespace for view in work.views if view.namespace]
    return next((settings[space] for space in spaces if space in settings), settings.get("*", ()))


def are_unseen(work: Work) -> bool:
    """Whether the pod's images may need pull secrets that only `default` has, and the input does not show it."""
    if sequence(work.workload.spec.value, "imagePullSecrets") or declared(work) is not None:
        return False
    if any(visible.match is Match.SAME for view in work.views for visible in view.account(DEFAULT_ACCOUNT)):
        return False
    return not all(work.catalog.is_public(text(container.value, "image") or "") for container in work.workload.spec.containers())


def findings(work: Work, owner: str) -> Iterator[Finding]:
    """`owner`: the account that the pod moves to, in words."""
    if are_unseen(work):
        message = f"the default account is not in the input, and may hold pull secrets that {owner} will not have"
        action = "say once in samigrate.yaml what it holds; pull-secrets: {'*': []} for nothing"
        yield work.finding("unseen-pull-secrets", "R-D4", message, action, Severity.WARNING)
