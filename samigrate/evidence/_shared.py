"""Of several workloads that run as `default`: which one makes use of what `default` may do (R-E9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.domain.model import DEFAULT_ACCOUNT, ResourceId, Workload
from samigrate.evidence import signs

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Scope
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


class _Sharers(NamedTuple):
    """Of the workloads that run as `default` of one namespace: those that show a use of the API of their own, and those
    that are not known to have none."""

    users: frozenset[ResourceId]
    uncountered: frozenset[ResourceId]


_KNOWN: WeakKeyDictionary[Scope, dict[object, _Sharers]] = WeakKeyDictionary()


def may_be_user(
    workload: Workload, view: View, catalog: Catalog, settings: Settings, has_moved: Callable[[], bool] = lambda: False
) -> bool:
    """Whether the workload may be the one: it shows a use of the API of its own, or no other does and it is not known to
    have none, or all are known to have none. `has_moved`: the user has an account of its own by now."""
    own_signs = signs(workload, view, catalog, settings)
    if own_signs.any:
        return True
    sharers = _sharers(view, catalog, settings)
    if _holds_another(sharers.users, workload.id) or has_moved():
        return False
    return not own_signs.is_countered or not _holds_another(sharers.uncountered, workload.id)


def _holds_another(ids: frozenset[ResourceId], own_id: ResourceId) -> bool:
    return len(ids) > (own_id in ids)


def _sharers(view: View, catalog: Catalog, settings: Settings) -> _Sharers:
    """Asked once for all workloads that see the same of the namespace."""
    sharers, key = _KNOWN.setdefault(view.scope, {}), (view.namespace, view.apart)
    if key not in sharers:
        result = [(workload.id, signs(workload, seen, catalog, settings)) for workload, seen in view.sharers(DEFAULT_ACCOUNT)]
        users = frozenset(id_ for id_, said in result if said.any)
        sharers[key] = _Sharers(users, frozenset(id_ for id_, said in result if not said.is_countered))
    return sharers[key]
