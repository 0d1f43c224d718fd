"""Token Secrets that the cluster has found unused and marked to be deleted (R-B9, R-B10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from samigrate.base.values import text
from samigrate.domain.model import TOKEN_SECRET_TYPE, Finding, Resource, Severity

INVALID, USED = "kubernetes.io/legacy-token-invalid-since", "kubernetes.io/legacy-token-last-used"


def of(resources: Iterable[Resource]) -> Iterator[Finding]:
    """A finding for every token Secret that says when it was last used, or that its token is not taken any more."""
    for resource in resources:
        if resource.id.kind != "Secret" or text(resource.value, "type") != TOKEN_SECRET_TYPE:
            continue
        space = f" -n {resource.id.namespace}" if resource.id.namespace else ""
        if since := resource.labels.get(INVALID):
            message = f"{resource.id.name}: its token is not taken since {since}, and the cluster deletes the Secret a year later"
            action = f"if nothing outside reads it: kubectl delete secret {resource.id.name}{space}, and take it out of the manifests"
            yield Finding("invalid-token-secret", "R-B9", Severity.WARNING, message, action, resource.at, "", resource.id)
        elif used := resource.labels.get(USED):
            message = f"{resource.id.name}: a token that never expires, last used on {used}"
            action = f"find out who used it, then: kubectl delete secret {resource.id.name}{space}"
            yield Finding("used-token-secret", "R-B9", Severity.NOTE, message, action, resource.at, "", resource.id)
