"""Policies in the input that refuse a change of account (domain R-D24)."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.model import Resource, Risk
from samigrate.planning.state import Work
from samigrate.scope.index import View
from samigrate.values import Value, at, mapping, sequence, text

KINDS = (
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
)


def risks(work: Work) -> Iterator[tuple[Risk, str]]:
    """That a change of the workload's account will be refused, policy by policy."""
    for view in work.views:
        for kind in KINDS:
            for policy in view.everywhere(*kind):
                if compares_accounts(policy) and denies(policy, view):
                    yield Risk.L5, f"{policy.id} may refuse an update that changes the account, R-D24"


def denies(policy: Resource, view: View) -> bool:
    """Whether the policy refuses what it finds, or may: kyverno only where it says Enforce, a policy of Kubernetes unless
    all its bindings in the input are for audits and warnings."""
    spec = mapping(policy.value, "spec")
    if policy.id.group == "kyverno.io":
        actions = [spec.get("validationFailureAction"), *(at(rule, "validate", "failureAction") for rule in sequence(spec, "rules"))]
        return any(str(action).lower() == "enforce" for action in actions)
    bindings = view.everywhere("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")
    own = [one for one in bindings if text(one.value, "spec", "policyName") == policy.id.name]
    return not own or any("Deny" in sequence(one.value, "spec", "validationActions") for one in own)


def compares_accounts(policy: Resource) -> bool:
    """Whether a policy holds the account of an object against the one it had: in CEL, in Rego or in kyverno's variables."""
    said = " ".join(_texts(policy.value))
    return "oldObject" in said and "serviceAccount" in said


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
