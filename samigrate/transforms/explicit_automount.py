"""Say on the pod that it gets no token, where its account alone says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value
from samigrate.domain.model import Automount, Finding, Proposal, Risk
from samigrate.facts import identity, pod_fields
from samigrate.facts.state import State, Work
from samigrate.transforms import Phase, Transform, says_nothing


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload, spec = work.workload, state.spec(work.workload)
    if workload.rule.automount not in (Automount.BOOL, Automount.FALSE_ONLY) or workload.rule.never_false:
        return
    if spec.automount is not None or state.account_automount(work) is not False:
        return
    reason = f"what its account {spec.account} says already"
    operation = pod_fields.set_automount(work, spec.value, False, reason)
    yield Proposal("explicit-automount", (operation,), (), ((Risk.L0, reason), *identity.kind_risks(workload)))


TRANSFORM = Transform(
    id="explicit-automount",
    phase=Phase.PODS,
    summary="Say on the pod that it gets no token, where its account alone says so.",
    why="A scanner that reads pods only does not see what an account says, and neither does the next reader of the manifest. The pods get "
    "what they had: none. Written only where the account's manifest is in the input and says `false`.",
    rules=("R-A7", "R-A20"),
    touches=("pod.automountServiceAccountToken",),
    propose=propose,
    describe=says_nothing,
    links=("https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",),
    example=(
        """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: nginx:1.29
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
automountServiceAccountToken: false
""",
        "",
    ),
)
