"""Write `serviceAccountName` where a pod spec uses its deprecated alias `serviceAccount`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, text
from samigrate.domain.model import ALIAS_FIELD, Finding, Proposal, Risk
from samigrate.facts import pod_fields
from samigrate.facts.state import State, Work
from samigrate.transforms import Option, Phase, Transform, says_nothing


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    """With the option `alone: false` only where the pod spec changes anyway: a clean-up is no reason for a rollout."""
    workload, spec = work.workload, state.spec(work.workload)
    if "serviceAccount" not in spec.value:
        return
    if not options.get("alone", True) and not any(proposal.operations for _, proposal in state.done(workload)):
        return
    name, alias = text(spec.value, "serviceAccountName"), text(spec.value, "serviceAccount")
    if name and alias and name != alias:
        message = f"serviceAccount says {alias}, but serviceAccountName says {name} and wins"
        yield work.finding("alias-differs", "R-A1", message, "none needed: the alias is removed", where=f"{workload.pod}/serviceAccount")
    operations = []
    if not name and alias:
        named = pod_fields.set_account(work, spec.value, alias, "the current name of the field")
        operations.append(named._replace(after=(ALIAS_FIELD,)))
    operations += pod_fields.drop_alias(work, spec.value)
    yield Proposal("alias", tuple(operations), (), ((Risk.L0, "the same account under the current name"),))


TRANSFORM = Transform(
    id="account-alias",
    phase=Phase.SPELLING,
    summary="Write `serviceAccountName` where a pod spec uses its deprecated alias `serviceAccount`.",
    why="The API server keeps both fields and reads the alias only where `serviceAccountName` is empty, so a manifest that holds the alias "
    "says one thing to people and linters and may mean another.",
    rules=("R-A1", "R-A4"),
    touches=("pod.serviceAccountName", "pod.serviceAccount"),
    propose=propose,
    describe=says_nothing,
    is_default=True,
    options={"alone": Option("Even where nothing else of the pod spec changes.", "Only where the pod spec changes anyway.")},
    links=("https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",),
    example=(
        """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  serviceAccount: web # named long ago
  containers:
  - name: web
    image: nginx:1.29
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
""",
        "",
    ),
)
