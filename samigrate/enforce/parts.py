"""What the formats share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samigrate.enforce.rules import Rule

META: Mapping[str, Any] = {"labels": {"app.kubernetes.io/managed-by": "samigrate"}}
PARAM_KIND = {"apiVersion": "v1", "kind": "ConfigMap"}


def heading(rule: Rule) -> str:
    """What a rule is for, as comments."""
    return f"#\n# Rule {rule.id}: {rule.summary}.\n# {rule.why}\n"


def list_map(rule: Rule, home: str, entries: Mapping[str, str]) -> dict[str, Any]:
    """The ConfigMap with a rule's list."""
    return {
        **PARAM_KIND,
        "metadata": {"name": rule.name, "namespace": home, **META},
        f"# The list: {rule.meaning}.": None,
        "data": dict(entries),
    }


def variables(rule: Rule) -> list[dict[str, str]]:
    """The variables of a rule's CEL."""
    return [{"name": name, "expression": expression} for name, expression in rule.variables.items()]
