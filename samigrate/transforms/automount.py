"""Stop mounting a token into pods that never call the API."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from samigrate.base.values import Value, sequence, text
from samigrate.domain.model import About, Automount, Finding, Level, Operation, PodSpec, Proposal, Risk, Strength
from samigrate.domain.tokens import injected, is_mounted
from samigrate.facts import identity, pod_fields
from samigrate.facts.state import State, Work
from samigrate.transforms import Part, Phase, Sentence, Transform
from samigrate.transforms._sentences import runs_without_token

_LISTS = ("initContainers", "containers", "ephemeralContainers")


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload = work.workload
    spec = state.spec(workload)
    if workload.rule.automount not in (Automount.BOOL, Automount.FALSE_ONLY) or workload.rule.never_false:
        return
    is_wanted = _wanted(work, state, spec)
    if is_wanted is None or (is_wanted and workload.rule.automount is Automount.FALSE_ONLY):  # Knative refuses true (R-C5)
        return
    operations = [_set(work, spec, is_wanted)] if spec.automount is not is_wanted else []
    removed = list(_exported_volumes(work, spec)) if is_wanted is False and work.is_unused else []
    if operations or removed:
        yield Proposal("automount", (*operations, *removed), (), tuple(_risks(work, bool(removed), is_wanted)))


def _wanted(work: Work, state: State, spec: PodSpec) -> bool | None:
    """The value the pod is to have; None where nothing is to be written (R-E2, R-A20)."""
    planned = is_mounted(spec.automount, state.account_automount(work))
    changes_account = spec.account != work.workload.spec.account
    has_export = bool(injected(work.workload))
    if work.is_unused:
        if spec.automount is False and not has_export:
            return None
        return False if planned or changes_account or has_export else None
    if work.verdict.level is Level.UNKNOWN or not changes_account or spec.automount is not None:
        return None
    return work.is_mounted


def _set(work: Work, spec: PodSpec, is_wanted: bool) -> Operation:
    reason = "it declares no use of the API" if work.is_unused else "what it had before its account changed"
    return pod_fields.set_automount(work, spec.value, is_wanted, reason)


def _exported_volumes(work: Work, spec: PodSpec) -> Iterator[Operation]:
    """Injected token volumes that an export left in the manifest: they deliver a token whatever automount says (R-A10)."""
    names = injected(work.workload)
    for holder in ("", *(f"/{kind}/{index}" for kind in _LISTS for index in range(len(sequence(spec.value, kind))))):
        yield from _without(work, spec, holder, names)


def _without(work: Work, spec: PodSpec, holder: str, names: Collection[str]) -> Iterator[Operation]:
    """Take the entries of those names out of the pod's volumes, or out of one container's mounts."""
    key = "volumeMounts" if holder else "volumes"
    owner = spec.value if not holder else spec.value[holder.split("/")[1]][int(holder.split("/")[2])]
    entries = sequence(owner, key)
    gone = [index for index, entry in enumerate(entries) if text(entry, "name") in names]
    location, path, reason = (
        work.workload.resource.at,
        f"{work.workload.pod}{holder}/{key}",
        "an injected token volume left in the manifest",
    )
    if gone and len(gone) == len(entries):
        yield Operation(location, "remove", path, None, entries, (), reason)
        return
    for index in reversed(gone):
        yield Operation(location, "remove", f"{path}/{index}", None, entries[index], (), reason)


def _risks(work: Work, removes: bool, is_wanted: bool) -> Iterator[tuple[Risk, str]]:
    is_sure = any(evidence.strength is Strength.COUNTER for evidence in work.verdict.evidence)
    if is_wanted is False:
        yield (Risk.L1, "images known to need no API") if is_sure else (Risk.L2, "loses a token that nothing declares a use of")
    else:
        yield Risk.L0, "keeps the token it has"
    if removes:
        yield Risk.L3, "an exported token volume is removed"
    yield from identity.kind_risks(work.workload)
    yield from identity.live_risks(work) if is_wanted is False else ()


def describe(work: Work, state: State, proposals: Sequence[Proposal]) -> Iterator[Sentence]:
    return runs_without_token(work, state)


TRANSFORM = Transform(
    id="automount",
    phase=Phase.AUTOMOUNT,
    summary="Stop mounting a token into pods that never call the API.",
    why="Kubernetes mounts a token for the API server into every container unless it is told not to, and a stolen one is how a broken web "
    "app becomes a broken cluster. Where nothing declares a use of the API the pod gets an explicit `false`; where something does, the "
    "token stays, and an explicit `true` is written only beside a change of account. A workload that may or may not need it is left alone.",
    rules=("R-A7", "R-A8", "R-A10", "R-A13", "R-A20", "R-A21", "R-A22", "R-A23", "R-E1", "R-E2"),
    touches=("pod.automountServiceAccountToken", "pod.containers", "pod.initContainers", "pod.volumes"),
    propose=propose,
    describe=describe,
    parts={"automount": Part(About.AUTOMOUNT)},
    is_default=True,
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
""",
        "",
    ),
)
