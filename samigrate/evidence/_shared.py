"""Of several workloads that run as `default`: which one makes use of what `default` may do (R-E9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from samigrate.evidence import Signs, signs
from samigrate.model import DEFAULT_ACCOUNT, Workload

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.config import Settings
    from samigrate.scope.index import View


def may_be_user(
    workload: Workload, view: View, catalog: Catalog, settings: Settings, has_moved: Callable[[], bool] = lambda: False
) -> bool:
    """Whether the workload may be the one: it shows a use of the API of its own, or no other does and it is not known to
    have none, or all are known to have none. `has_moved`: the user has an account of its own by now."""
    own = signs(workload, view, catalog, settings)
    if own.any:
        return True
    others = list(_others(workload, view, catalog, settings))
    if any(other.any for other in others) or has_moved():
        return False
    return not own.is_countered or all(other.is_countered for other in others)


def _others(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Signs]:
    for other, seen in view.sharers(DEFAULT_ACCOUNT):
        if other.id != workload.id:
            yield signs(other, seen, catalog, settings)
