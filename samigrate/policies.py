"""Policies in the input that refuse a change of account (domain R-D24)."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.model import Resource, Risk
from samigrate.state import Work
from samigrate.values import Value

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
                if compares_accounts(policy):
                    yield Risk.L5, f"{policy.id} may refuse an update that changes the account, R-D24"


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
