"""Kyverno's ClusterPolicy, from Kyverno 1.13 on: the same CEL, with the same list.

https://kyverno.io/docs/policy-types/cluster-policy/validate/ (CEL expressions, parameter resources, failureAction)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samigrate.enforce import MARK, Asked, Format, Lists
from samigrate.enforce.documents import document
from samigrate.enforce.parts import META, PARAM_KIND, heading, list_map, variables
from samigrate.enforce.rules import Rule, conditions

_TEMPLATES = ["apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/Job", "batch/v1/CronJob"]


def render(asked: Asked, lists: Lists) -> Mapping[str, str]:
    """One file for each rule: its list and the policy."""
    return {f"{rule.name}.yaml": _file(rule, asked, lists[rule.id]) for rule in asked.rules}


def _file(rule: Rule, asked: Asked, entries: Mapping[str, str]) -> str:
    return MARK + heading(rule) + "---\n".join(map(document, (list_map(rule, asked.home, entries), _policy(rule, asked))))


def _policy(rule: Rule, asked: Asked) -> dict[str, Any]:
    is_strict = asked.action == "deny"
    return {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {
            "name": rule.name,
            **META,
            "annotations": {
                "# The rule knows templates itself: what Kyverno would make of it for them asks for what only admission adds.": None,
                "pod-policies.kyverno.io/autogen-controllers": "none",
                "policies.kyverno.io/description": rule.why,
            },
        },
        "spec": {
            "# Whoever applies a template is told; for pods there are policy reports.": None,
            "emitWarning": asked.action == "warn",
            "webhookConfiguration": {"failurePolicy": "Fail" if is_strict else "Ignore"},
            "rules": [
                {
                    "name": rule.id,
                    "match": {
                        "any": [
                            "# Pods when they are made: updates and ephemeral containers are left alone.",
                            {"resources": {"kinds": ["v1/Pod"], "operations": ["CREATE"]}},
                            "# No ReplicaSets: the old ones must still be scaled.",
                            {"resources": {"kinds": _TEMPLATES, "operations": ["CREATE", "UPDATE"]}},
                        ]
                    },
                    "exclude": {"any": [{"resources": {"namespaces": list(asked.excluded)}}]},
                    "celPreconditions": [{"name": name, "expression": expression} for name, expression in conditions().items()],
                    "validate": {
                        "failureAction": "Enforce" if is_strict else "Audit",
                        "message": rule.summary,
                        "cel": {
                            "paramKind": PARAM_KIND,
                            "paramRef": {
                                "name": rule.name,
                                "namespace": asked.home,
                                "parameterNotFoundAction": "Deny" if is_strict else "Allow",
                            },
                            "variables": variables(rule),
                            "expressions": [{"expression": rule.expression, "messageExpression": rule.message}],
                        },
                    },
                }
            ],
        },
    }


FORMAT = Format("kyverno", "Kyverno's ClusterPolicy, from Kyverno 1.13 on", render)
