"""Where a person would write a new key of a pod spec."""

from __future__ import annotations

from collections.abc import Mapping

from samigrate.base.values import Value
from samigrate.domain.model import CONTAINER_LISTS
from samigrate.yamltext import FIRST


def account(spec: Mapping[str, Value]) -> tuple[str, ...]:
    """Where `serviceAccountName` goes: in its alias' place, else right before the containers."""
    return _behind(spec, "serviceAccountName", "serviceAccount")


def automount(spec: Mapping[str, Value]) -> tuple[str, ...]:
    """Where `automountServiceAccountToken` goes: behind the account, else right before the containers."""
    return _behind(spec, "automountServiceAccountToken", "serviceAccountName", "serviceAccount")


def _behind(spec: Mapping[str, Value], *expected: str) -> tuple[str, ...]:
    present = tuple(key for key in expected if key in spec)
    if present:
        return present
    keys = list(spec)
    index = min((keys.index(name) for name in CONTAINER_LISTS if name in spec), default=len(keys))
    return (keys[index - 1],) if index else (FIRST,)
