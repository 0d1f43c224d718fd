"""Which rights of `default` a new account is given: those that the workload shows a use of (R-D32, R-E9)."""

from __future__ import annotations

from samigrate.domain.model import DEFAULT_ACCOUNT
from samigrate.evidence import shows_use
from samigrate.facts.state import Work
from samigrate.scope.index import Grant
from samigrate.scope.rights import needs_token
from samigrate.scope.view import View


def used(work: Work, view: View) -> list[Grant]:
    """The grants of `default` that the workload makes use of, or may: those that are evidence. What is no right in the
    API (to use an admission policy, to pull images) is used by every workload; a pod without a token can use no other."""
    reported = {(evidence.at, evidence.pointer) for evidence in work.verdict.evidence}
    holds_token = any(token.audience is None for token in work.tokens)
    return [
        grant
        for grant in view.grants(DEFAULT_ACCOUNT)
        if not needs_token(grant, work.catalog) or (holds_token and (grant.binding.at, grant.pointer) in reported)
    ]


def passed_on(work: Work, view: View) -> list[Grant]:
    """The grants of `default` whose bindings get the new account as a subject, too."""
    grants = used(work, view)
    if grants and shows_use(work.workload, work.verdict):
        return grants
    return [grant for grant in grants if not needs_token(grant, work.catalog)]


def unexplained(work: Work) -> Grant | None:
    """A grant of `default` that the workload may be the one to use, though it shows no use of its own."""
    if shows_use(work.workload, work.verdict):
        return None
    return next((grant for view in work.views for grant in used(work, view) if needs_token(grant, work.catalog)), None)
