"""Tell scanners, in their own words, that a token is wanted where it stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, mapping
from samigrate.domain.model import Finding, Level, Proposal, Risk, Strength
from samigrate.domain.tokens import api_tokens
from samigrate.facts import metadata
from samigrate.facts.state import State, Work
from samigrate.optouts import scanners
from samigrate.transforms import Phase, Transform, says_nothing

_LONGEST = 200
"""Of a reason, in characters: it stands in one line of a manifest."""


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload = work.workload
    if not workload.rule.annotate or work.verdict.level not in (Level.REQUIRED, Level.LIKELY) or not api_tokens(state.tokens(work)):
        return
    present = mapping(state.value(workload.resource), "metadata", "annotations")
    silenced = {word.scanner.lower() for word, _ in scanners.found(present) if word.is_about_tokens}
    silenced |= {scanner.lower() for scanner, _ in workload.resource.silenced}
    names = [name for name in work.settings.record if name not in silenced]
    expected = dict(scanners.written(name, _reason(work), present) for name in names)
    if expected:
        expected[f"{work.settings.prefix}/{scanners.RECORDED}"] = ", ".join(names)
        operations = tuple(metadata.write(workload, state, expected, "scanners are told that its token is wanted"))
        yield Proposal("record", operations, (), ((Risk.L0, "annotations alone"),))


def _reason(work: Work) -> str:
    """The strongest piece of evidence."""
    pieces = [
        evidence for evidence in work.verdict.evidence if evidence.strength in (Strength.PROOF, Strength.STRONG)
    ] or work.verdict.evidence
    return f"uses the Kubernetes API: {next((evidence.detail for evidence in pieces), 'so it seems')}"[:_LONGEST]


TRANSFORM = Transform(
    id="record-optouts",
    phase=Phase.RECORDS,
    summary="Tell scanners, in their own words, that a token is wanted where it stays.",
    why="A scanner counts every mounted token, wanted or not, and somebody writes the exception by hand. `--record checkov,polaris` writes "
    "it, with the reason, on workloads that use the API and keep their token. What is recorded so is no evidence: it would feed on itself.",
    rules=("R-F3",),
    touches=("metadata.annotations",),
    propose=propose,
    describe=says_nothing,
    links=("https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html",),
    example=(
        """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: example.com/operator:1
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: web
  namespace: shop
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: ServiceAccount, name: web, namespace: shop}
""",
        "",
    ),
)
