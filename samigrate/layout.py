"""Where a person would write a new key of a pod spec."""

from __future__ import annotations

from collections.abc import Mapping

from samigrate.model import CONTAINER_LISTS, Value

FIRST = "^"
"""Placement hint: the first key of its mapping."""


def beside_containers(spec: Mapping[str, Value]) -> tuple[str, ...]:
    """Right before the containers, whichever list of them comes first."""
    keys = [key for key in spec if key not in ("serviceAccountName", "serviceAccount", "automountServiceAccountToken")]
    place = min((keys.index(name) for name in CONTAINER_LISTS if name in keys), default=len(keys))
    return (keys[place - 1],) if place else (FIRST,)


def account(spec: Mapping[str, Value]) -> tuple[str, ...]:
    """Where `serviceAccountName` goes."""
    return ("serviceAccountName", "serviceAccount", *beside_containers(spec))


def automount(spec: Mapping[str, Value]) -> tuple[str, ...]:
    """Where `automountServiceAccountToken` goes."""
    return ("serviceAccountName", "serviceAccount", *beside_containers(spec))
