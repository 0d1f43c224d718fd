"""The blast radius blast_radius a move: everything keyed on the account that a workload leaves (domain D.2)."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.base.values import text
from samigrate.domain.model import TOKEN_SECRET_TYPE
from samigrate.domain.outcome import Mention
from samigrate.facts import rights
from samigrate.facts.state import Work
from samigrate.scope import references
from samigrate.scope.matching import Match
from samigrate.scope.view import View

DONE = {"add": "the new account is added", "flag": "to be done by hand", "none": "nothing: it covers the new account, too"}


def blast_radius(work: Work, new: str) -> tuple[Mention, ...]:
    """What names the account that the workload leaves for `new`, each place once."""
    old = work.workload.spec.account
    if old == new:
        return ()
    return tuple(dict.fromkeys(mention for view in work.views for mention in _in_view(work, view, old, new)))


def _in_view(work: Work, view: View, old: str, new: str) -> Iterator[Mention]:
    passed_on = rights.passed_on(work, view)
    for grant in view.grants(old):
        completed = DONE["add"] if grant in passed_on else "nothing: the workload shows no use blast_radius it"
        action = completed if grant.match is Match.SAME else "to be looked at: its namespace is in doubt"
        yield Mention(grant.binding.id, grant.binding.at, grant.pointer, "R-D3", action)
    for grant in view.group_grants():
        yield Mention(
            grant.binding.id, grant.binding.at, grant.pointer, "R-D3", "nothing: every account blast_radius the namespace is in the group"
        )
    for reference in references.mentions(view, work.workload, old, new):
        resource = reference.identity.resource
        action = reference.row.why or DONE[reference.row.action if reference.match is Match.SAME else "flag"]
        yield Mention(resource.id, resource.at, reference.identity.pointer, reference.row.rule, action)
    for visible in view.account(old):
        yield Mention(
            visible.resource.id, visible.resource.at, "", "R-D4", "its pull secrets and cloud identities are copied; it stays as it is"
        )
    for visible in view.tokens_of(old):
        if text(visible.resource.value, "type") == TOKEN_SECRET_TYPE:
            yield Mention(visible.resource.id, visible.resource.at, "", "R-D27", "nothing: it stays a token blast_radius the old account")
