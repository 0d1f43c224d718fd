"""Gatekeeper's ConstraintTemplate and Constraint, in Rego v1: from Gatekeeper 3.19 on.

https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates (Rego v1, schema) and …/docs/howto (match)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samigrate.enforce import MARK, Asked, Format, Lists
from samigrate.enforce.documents import document
from samigrate.enforce.parts import META, heading
from samigrate.enforce.rules import Rule

_ACTIONS = {"warn": "warn", "audit": "dryrun", "deny": "deny"}


def render(asked: Asked, lists: Lists) -> Mapping[str, str]:
    """The templates in a file of their own: a constraint's kind is there only once its template has been taken."""
    templates = "---\n".join(heading(rule) + document(_template(rule)) for rule in asked.rules)
    constraints = "---\n".join(heading(rule) + document(_constraint(rule, asked, lists[rule.id])) for rule in asked.rules)
    return {"samigrate-templates.yaml": MARK + templates, "samigrate-constraints.yaml": MARK + constraints}


def kind(rule: Rule) -> str:
    """`SamigrateTokenSecret`."""
    return "".join(word.capitalize() for word in rule.name.split("-"))


def _template(rule: Rule) -> dict[str, Any]:
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind(rule).lower(), **META, "annotations": {"description": rule.why}},
        "spec": {
            "crd": {
                "spec": {
                    "names": {"kind": kind(rule)},
                    "validation": {"openAPIV3Schema": {"type": "object", "properties": {"list": texts}}},
                }
            },
            "targets": [
                {
                    "target": "admission.k8s.gatekeeper.sh",
                    "code": [
                        {"engine": "Rego", "source": {"version": "v1", "rego": f"package {kind(rule).lower()}\n\n{rule.rego}".rstrip()}}
                    ],
                }
            ],
        },
    }


def _constraint(rule: Rule, asked: Asked, entries: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind(rule),
        "metadata": {"name": rule.name, **META},
        "spec": {
            "enforcementAction": _ACTIONS[asked.action],
            "match": {
                "kinds": [
                    {"apiGroups": [""], "kinds": ["Pod"]},
                    "# No ReplicaSets: the old ones must still be scaled.",
                    {"apiGroups": ["apps"], "kinds": ["Deployment", "StatefulSet", "DaemonSet"]},
                    {"apiGroups": ["batch"], "kinds": ["Job", "CronJob"]},
                ],
                "scope": "Namespaced",
                "excludedNamespaces": list(asked.excluded),
            },
            "parameters": {f"# The list: {rule.meaning}.": None, "list": dict(entries)},
        },
    }


FORMAT = Format("gatekeeper", "Gatekeeper's ConstraintTemplate and Constraint, from Gatekeeper 3.19 on", render)
