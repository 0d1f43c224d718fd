"""What else sees that a workload has moved to another account (R-D29 to R-D31)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.domain.model import About, Finding, Proposal, Severity
from samigrate.facts import consul, outside
from samigrate.facts.state import Work
from samigrate.plan.planner import Planned
from samigrate.scope.view import View

MUTATING = (
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("mutations.gatekeeper.sh", "Assign"),
)


def of(accepted: Sequence[Planned]) -> Iterator[Finding]:
    """Findings on every workload whose account is to change. The same finding may come twice."""
    for planned in {one.work.workload.key: one for one in accepted if one.about is About.ACCOUNT}.values():
        work = planned.work
        yield from _mesh(work, planned.proposal)
        for view in work.views:
            yield from _volumes(work, view)
            yield from _overrides(work, view)
            yield from _defaults(work, view)


def _mesh(work: Work, proposal: Proposal) -> Iterator[Finding]:
    """R-D19: with ACLs, Consul lets a pod in only where its account is named as its service."""
    if not consul.is_injected(work.workload):
        return
    service = consul.service(work)
    account = next((operation.value for operation in proposal.operations if operation.pointer.endswith("/serviceAccountName")), None)
    if account != service:
        expected = service or "not known from the input"
        message = f"Consul wants its account named as its service, which is {expected}, and the account is {account}"
        yield work.finding(
            "consul-service-name",
            "R-D19",
            message,
            "give both one name, with the annotation connect-service or the account's",
            Severity.WARNING,
        )


def _volumes(work: Work, view: View) -> Iterator[Finding]:
    for volume, driver in outside.volumes(work, view):
        message = f"volume {volume} is served by {driver}, which is handed a token of the pod's account"
        yield work.finding(
            "csi-token", "R-D29", message, "let the new account in where the driver's backend knows the old one", Severity.WARNING
        )


def _overrides(work: Work, view: View) -> Iterator[Finding]:
    for visible in view.all("kubeflow.org", "PodDefault"):
        if name := text(visible.resource.value, "spec", "serviceAccountName"):
            message = f"{visible.resource.id} sets the account {name} on pods that it selects"
            yield work.finding(
                "account-overridden",
                "R-D30",
                message,
                "see that its selector does not match, or name the new account there",
                Severity.WARNING,
            )
    for kind in MUTATING:
        for visible in view.all(*kind):
            if _sets_account(visible.resource.value):
                message = f"{visible.resource.id} may set serviceAccountName on pods"
                yield work.finding("account-overridden", "R-D30", message, "see that its rules leave the workload alone", Severity.WARNING)


def _sets_account(value: Value) -> bool:
    """Whether a policy writes the field: as a key below `mutate`, in a patch, or in an expression that builds the object."""
    mutations = [mapping(rule, "mutate") for rule in sequence(value, "spec", "rules")]
    mutations += [{"mutations": sequence(value, "spec", "mutations")}, {"location": at(value, "spec", "location")}]
    return any("serviceAccountName" in str(mutation) for mutation in mutations)


def _defaults(work: Work, view: View) -> Iterator[Finding]:
    for message in view.scope.once("default accounts", lambda: list(_default_accounts(view))):
        yield work.finding("default-account-config", "R-D31", message, "none needed for this workload; runs keep that account")


def _default_accounts(view: View) -> Iterator[str]:
    for resource in view.everywhere("", "ConfigMap"):
        if name := text(resource.value, "data", "default-service-account"):
            yield f"{resource.id} makes {name} the account of runs that name none"
