"""Say on the workload and on its new account what was done and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from samigrate.base.values import Value, mapping
from samigrate.domain.model import Finding, PodSpec, Proposal, Strength
from samigrate.domain.record import PREVIOUS_ACCOUNT, PREVIOUS_AUTOMOUNT
from samigrate.facts import metadata
from samigrate.facts.state import State, Work
from samigrate.transforms import Phase, Transform, ordered, says_nothing

LIMIT = 900
_ORDER = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER, Strength.SILENT)


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload = work.workload
    if not workload.rule.annotate or not any(proposal.operations for _, proposal in state.done(workload)):
        return
    after, prefix = state.spec(workload), work.settings.prefix
    present = mapping(state.value(workload.resource), "metadata", "annotations")
    expected = {f"{prefix}/reason": _reason(work, state), f"{prefix}/evidence": _evidence(work)}
    if workload.component:
        expected = {key: f"{workload.component}: {said}" for key, said in expected.items() if said}
    if present != mapping(workload.resource.value, "metadata", "annotations"):  # another pod template has spoken, too
        join = {f"{prefix}/reason": " ", f"{prefix}/evidence": "; "}
        expected = {key: _cut(join[key].join(filter(None, (present.get(key), said)))) for key, said in expected.items()}
    previous = {
        f"{prefix}/{PREVIOUS_ACCOUNT}": (workload.spec.account, after.account),
        f"{prefix}/{PREVIOUS_AUTOMOUNT}": (_stated(workload.spec), _stated(after)),
    }
    expected |= {key: old for key, (old, new) in previous.items() if old != new and key not in present}
    new = {key: value for key, value in expected.items() if value and present.get(key) != value}
    operations = tuple(metadata.write(workload, state, new, "why the workload changed"))
    if operations:
        yield Proposal("annotations", operations)


def _stated(spec: PodSpec) -> str:
    return {True: "true", False: "false", None: "unset"}[spec.automount]


def _reason(work: Work, state: State) -> str:
    """What was done and why, the same for the same change wherever and whenever it is made (R-F3)."""
    proposals = defaultdict(list)
    for id_, proposal in state.done(work.workload):
        proposals[id_].append(proposal)
    sentences = [sentence for transform in ordered(proposals) for sentence in transform.describe(work, state, proposals[transform.id])]
    return " ".join(dict.fromkeys(sentence.text for sentence in sorted(sentences, key=lambda sentence: sentence.topic)))


def _evidence(work: Work) -> str:
    """The strongest evidence first, cut to fit (R-F3)."""
    declared = [sign for sign in work.verdict.evidence if sign.source == "declaration"]
    evidence = declared or sorted(work.verdict.evidence, key=lambda sign: _ORDER.index(sign.strength))
    if evidence and evidence[0].strength in (Strength.PROOF, Strength.STRONG):
        evidence = [sign for sign in evidence if sign.strength in (Strength.PROOF, Strength.STRONG)]
    return _cut("; ".join(dict.fromkeys(sign.detail for sign in evidence)))


def _cut(text: str) -> str:
    return text if len(text.encode()) <= LIMIT else text.encode()[: LIMIT - 3].decode("utf-8", "ignore").rsplit("; ", 1)[0] + "; …"


TRANSFORM = Transform(
    id="annotate",
    phase=Phase.COMMENTARY,
    summary="Say on the workload and on its new account what was done and why.",
    why="The next person to read the manifest, or to debug the pod, should not have to find the pull request. The annotations stand on the "
    "workload's own metadata, never on the pod template, so that a changed wording never restarts a pod.",
    rules=("R-F1", "R-F2", "R-F3", "R-F4", "R-F5", "R-F6"),
    touches=("metadata.annotations",),
    propose=propose,
    describe=says_nothing,
    is_default=True,
    links=("https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",),
    example=(
        """\
apiVersion: v1
kind: Pod
metadata:
  name: web
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
""",
        "",
    ),
)
