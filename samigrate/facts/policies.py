"""What in the input refuses a change of account (R-D24), or a new one: policies, Argo CD's projects, quotas."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase

from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.domain.model import Resource, Risk
from samigrate.facts.state import Work
from samigrate.scope.view import View

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
                if compares_accounts(policy) and denies(policy, view) and not is_ours(policy):
                    yield Risk.L5, f"{policy.id} may refuse an update that changes the account, R-D24"

    yield from _refusals(work)


def _refusals(work: Work) -> Iterator[tuple[Risk, str]]:
    """That a new account will not be let in. Argo CD refuses the whole sync for one kind that a project does not allow:
    https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"""
    for view in work.views:
        for project in view.anywhere("argoproj.io", "AppProject"):
            if not _allows_accounts(project) and _deploys(project, work, view):
                yield Risk.L5, f"{project.id} ({project.at.path}) does not allow a ServiceAccount, and Argo CD would refuse the whole sync"
        for visible in view.all("", "ResourceQuota"):
            if "count/serviceaccounts" in mapping(visible.resource.value, "spec", "hard"):
                yield Risk.L4, f"{visible.resource.id} ({visible.resource.at.path}) limits how many accounts the namespace may have"


def _allows_accounts(project: Resource) -> bool:
    def names(entry: Value) -> bool:
        return fnmatchcase("", text(entry, "group") or "") and fnmatchcase("ServiceAccount", text(entry, "kind") or "")

    spec = mapping(project.value, "spec")
    allowed = spec.get("namespaceResourceWhitelist")
    if isinstance(allowed, list) and not any(map(names, allowed)):
        return False
    return not any(map(names, sequence(spec, "namespaceResourceBlacklist")))


def _deploys(project: Resource, work: Work, view: View) -> bool:
    """Whether the workload is deployed under the project, as far as can be seen: by an Application of it, or, where none
    is here, into one of its namespaces."""
    own_resources = [
        resource for resource in view.anywhere("argoproj.io", "Application") if text(resource.value, "spec", "project") == project.id.name
    ]
    if own_resources:
        return any(_holds(resource, work, view) for resource in own_resources)
    spaces = [text(entry, "namespace") or "" for entry in sequence(project.value, "spec", "destinations")]
    return view.namespace is not None and any(fnmatchcase(view.namespace, one) for one in spaces)


def _holds(application: Resource, work: Work, view: View) -> bool:
    spec = mapping(application.value, "spec")
    paths = [text(one, "path") for one in (spec.get("source"), *sequence(spec, "sources"))]
    if any(path and _is_below(work.workload.resource.at.path, path) for path in paths):
        return True
    return view.namespace is not None and text(spec, "destination", "namespace") == view.namespace


def _is_below(path: str, folder: str) -> bool:
    """Whether a file may be in a folder of its repository, whose root need not be where the input starts."""
    inside = posixpath.normpath(folder)
    return inside == "." or f"/{inside.strip('/')}/" in f"/{path}"


def denies(policy: Resource, view: View) -> bool:
    """Whether the policy refuses what it finds, or may: kyverno only where it says Enforce, a policy of Kubernetes unless
    all its bindings in the input are for audits and warnings."""
    spec = mapping(policy.value, "spec")
    if policy.id.group == "kyverno.io":
        actions = [spec.get("validationFailureAction"), *(at(rule, "validate", "failureAction") for rule in sequence(spec, "rules"))]
        return any(str(action).lower() == "enforce" for action in actions)
    bindings = view.everywhere("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")
    own_resources = [resource for resource in bindings if text(resource.value, "spec", "policyName") == policy.id.name]
    return not own_resources or any("Deny" in sequence(resource.value, "spec", "validationActions") for resource in own_resources)


def compares_accounts(policy: Resource) -> bool:
    """Whether a policy holds the account of an object against the one it had: in CEL, in Rego or in kyverno's variables."""
    sentence = " ".join(_texts(policy.value))
    return "oldObject" in sentence and "serviceAccount" in sentence


def is_ours(policy: Resource) -> bool:
    """Whether `samigrate enforce` has made it: it compares templates, to leave alone what stays as it was, and refuses none for
    its account's being another one."""
    return policy.labels.get("app.kubernetes.io/managed-by") == "samigrate" and policy.id.name.startswith("samigrate")


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
