"""Policies that hold the line after a migration: three rules, in the words of each admission controller.

`rules.yaml` says what is judged, `lists` what the manifests still need, and each module of `formats` how it is written.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import NamedTuple

from samigrate.enforce import formats
from samigrate.enforce.rules import Rule

ACTIONS = ("warn", "audit", "deny")
SYSTEM = ("kube-node-lease", "kube-public", "kube-system")
"""Namespaces that no rule holds in: a cluster must not lose its own parts to a policy."""
HOME = "kube-system"
"""Where the lists are kept: it is in every cluster, and only administrators write there."""
MARK = "# Made by `samigrate enforce`: run it again after a change of the manifests, instead of editing this file.\n"
"""The first line of every file: what begins otherwise is somebody else's."""

Lists = Mapping[str, Mapping[str, str]]
"""The entries of each rule's list by the rule's id, each with its reason, sorted (`lists`)."""


class Asked(NamedTuple):
    """What policies are to say. `excluded` are the namespaces in which nothing is judged, `home` the one of the lists."""

    rules: tuple[Rule, ...]
    action: str
    excluded: tuple[str, ...]
    home: str


class Format(NamedTuple):
    """One admission controller's language. `render` makes the files by their names, in the order to apply them in."""

    id: str
    summary: str
    render: Callable[[Asked, Lists], Mapping[str, str]]


def names() -> list[str]:
    """The formats, without importing them."""
    return sorted(module.name for module in pkgutil.iter_modules(formats.__path__))


def load(name: str) -> Format:
    format_ = importlib.import_module(f"{formats.__name__}.{name}").FORMAT
    assert isinstance(format_, Format)
    return format_
