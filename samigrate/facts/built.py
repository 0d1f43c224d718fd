"""Under which names a workload runs in each kustomize build, and as which account."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.domain.model import DEFAULT_ACCOUNT, PodSpec
from samigrate.domain.outcome import Built
from samigrate.facts.state import State, Work
from samigrate.scope.view import View


def placements(work: Work, state: State) -> tuple[Built, ...]:
    """One for each place where a build puts the workload, in the order placements its builds; () where none gathers it."""
    after = state.spec(work.workload)
    return tuple(dict.fromkeys(built for view in work.views for built in _in_view(work, view, after, state)))


def _in_view(work: Work, view: View, after: PodSpec, state: State) -> Iterator[Built]:
    overlay = view.scope.overlay
    if overlay is None or not overlay.is_built(work.workload):
        return
    built = overlay.made(work.workload.resource)
    name = built.names[-1][1] if built else work.workload.id.name
    before = account(work, view)
    is_moved = after.account != work.workload.spec.account
    then = _account(work, view, after, state) if is_moved else before
    yield Built(overlay.build.folder or ".", view.namespace, name, before, then)


def account(work: Work, view: View) -> str:
    """The account that the workload runs as in a view, as its build calls it; "" where the input does not tell."""
    return _account(work, view, work.workload.spec, None)


def _account(work: Work, view: View, spec: PodSpec, state: State | None) -> str:
    """kustomize renames an account that it has, and the reference to it where it knows that one stands there; `state`
    knows the accounts that are to come."""
    overlay = view.scope.overlay
    name = overlay.account(work.workload, spec.stated_account) if overlay else spec.account
    if name is None:
        return DEFAULT_ACCOUNT
    if overlay is None or not overlay.renames(work.workload.id.kind):
        return name
    is_new = state is not None and any(other is view for other, *_ in state.created(work, name))
    return view.scope.name_beside(name, work.workload.resource) if is_new else view.scope.built_name(name, view.namespace)
