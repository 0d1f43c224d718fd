"""ValidatingAdmissionPolicy, in the cluster itself since Kubernetes 1.30.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from samigrate.enforce import MARK, Asked, Format, Lists
from samigrate.enforce.documents import document
from samigrate.enforce.parts import META, PARAM_KIND, heading, list_map, variables
from samigrate.enforce.rules import Rule, conditions

_API = "admissionregistration.k8s.io/v1"
_ACTIONS = {"warn": ["Warn", "Audit"], "audit": ["Audit"], "deny": ["Deny"]}
_REACH = {
    "warn": "Warn is shown to whoever applies a template. Controllers make the pods, so what is wrong with one is in the audit log.",
    "audit": "Each violation is noted in the audit log, as validation.policy.admission.k8s.io/validation_failure.",
    "deny": "Refused is refused: a controller tries again until its template is mended, or the list is.",
}
_FAILURE = {
    "Ignore": "While nothing is refused, an error of the policy itself must refuse nothing either.",
    "Fail": "An error of the policy itself refuses, too: nothing gets by it.",
}


def render(asked: Asked, lists: Lists) -> Mapping[str, str]:
    """One file for each rule: its list, the policy, the binding that puts it into force."""
    return {f"{rule.name}.yaml": _file(rule, asked, lists[rule.id]) for rule in asked.rules}


def _file(rule: Rule, asked: Asked, entries: Mapping[str, str]) -> str:
    objects = (list_map(rule, asked.home, entries), _policy(rule, asked), _binding(rule, asked))
    return MARK + heading(rule) + "---\n".join(map(document, objects))


def _policy(rule: Rule, asked: Asked) -> dict[str, Any]:
    failure = "Fail" if asked.action == "deny" else "Ignore"
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": rule.name, **META},
        "spec": {
            f"# {_FAILURE[failure]}": None,
            "failurePolicy": failure,
            "paramKind": PARAM_KIND,
            "matchConstraints": {
                "resourceRules": [
                    "# Pods when they are made: what runs already is left alone, and so are updates and ephemeral containers.",
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
                    "# Templates, so that people hear of it when they apply one. No ReplicaSets: the old ones must still be scaled.",
                    {
                        "apiGroups": ["apps", "batch"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"],
                    },
                ]
            },
            "matchConditions": [{"name": name, "expression": expression} for name, expression in conditions().items()],
            "variables": variables(rule),
            "validations": [{"expression": rule.expression, "messageExpression": rule.message, "reason": "Forbidden"}],
        },
    }


def _binding(rule: Rule, asked: Asked) -> dict[str, Any]:
    is_strict = asked.action == "deny"
    missing = "Without its list the policy refuses everything: apply the list first, remove it last." if is_strict else ""
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": rule.name, **META},
        "spec": {
            "policyName": rule.name,
            f"# {_REACH[asked.action]}": None,
            "validationActions": _ACTIONS[asked.action],
            "paramRef": {
                "name": rule.name,
                "namespace": asked.home,
                f"# {missing or 'A list that is missing stops nobody.'}": None,
                "parameterNotFoundAction": "Deny" if is_strict else "Allow",
            },
            "matchResources": {
                "namespaceSelector": {
                    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(asked.excluded)}]
                }
            },
        },
    }


FORMAT = Format("vap", "ValidatingAdmissionPolicy, in the cluster itself since Kubernetes 1.30", render)
