"""What a binding grants, and how to say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samigrate.base.values import Value, sequence, text

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.index import Grant

_ADMISSION = frozenset(("podsecuritypolicies", "securitycontextconstraints"))


def is_empty(grant: Grant) -> bool:
    """Whether the role is in the input and has no rules at all: a binding to no right makes no sense, so
    something else fills it, or once did."""
    return grant.role is not None and "aggregationRule" not in grant.role.value and not grant.role.value.get("rules")


def needs_token(grant: Grant, catalog: Catalog) -> bool:
    """Whether the rights are of use to a client of the API: all but `use` of admission policies (R-E4)."""
    if grant.role is None:
        return not (grant.role_kind == "ClusterRole" and catalog.is_admission_role(grant.role_name))
    if "aggregationRule" in grant.role.value:
        return True
    rules = grant.role.value.get("rules")
    if not isinstance(rules, list):
        return rules is not None
    return any(not _is_admission(rule) for rule in rules)


def _is_admission(rule: Value) -> bool:
    resources = sequence(rule, "resources")
    return sequence(rule, "verbs") == ["use"] and bool(resources) and _ADMISSION.issuperset(map(str, resources))


def describe(grant: Grant) -> str:
    """`RoleBinding shop/read-pods grants it Role read-pods`."""
    through = {"account": "it", "user": "its user name", "group": "every account"}[grant.via]
    namespace = text(grant.binding.value, "metadata", "namespace")
    name = f"{namespace}/{grant.binding.id.name}" if namespace else grant.binding.id.name
    unseen = "" if grant.role is not None else ", which is not in the input"
    return f"{grant.binding.id.kind} {name} grants {through} {grant.role_kind} {grant.role_name}{unseen}"
