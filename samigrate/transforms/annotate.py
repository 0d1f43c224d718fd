"""Say on the workload and on its new account what was done and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samigrate.base.values import Value, mapping
from samigrate.domain.model import Finding, Level, PodSpec, Proposal, Strength
from samigrate.domain.tokens import api_tokens
from samigrate.facts import metadata
from samigrate.facts.state import State, Work
from samigrate.transforms import Transform

LIMIT = 900
_ORDER = (Strength.PROOF, Strength.STRONG, Strength.WEAK, Strength.COUNTER)


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload = work.workload
    if not workload.rule.annotate or not any(proposal.operations for _, proposal in state.done(workload)):
        return
    after, prefix = state.spec(workload), work.settings.prefix
    present = mapping(state.value(workload.resource), "metadata", "annotations")
    wanted = {f"{prefix}/reason": _reason(work, state, after), f"{prefix}/evidence": _evidence(work)}
    if workload.component:
        wanted = {key: f"{workload.component}: {said}" for key, said in wanted.items() if said}
    if present != mapping(workload.resource.value, "metadata", "annotations"):  # another pod template has spoken, too
        join = {f"{prefix}/reason": " ", f"{prefix}/evidence": "; "}
        wanted = {key: _cut(join[key].join(filter(None, (present.get(key), said)))) for key, said in wanted.items()}
    previous = {
        f"{prefix}/previous-service-account": (workload.spec.account, after.account),
        f"{prefix}/previous-automount": (_stated(workload.spec), _stated(after)),
    }
    wanted |= {key: old for key, (old, new) in previous.items() if old != new and key not in present}
    new = {key: value for key, value in wanted.items() if value and present.get(key) != value}
    operations = tuple(metadata.write(workload, state, new, "why the workload changed"))
    if operations:
        yield Proposal("annotations", operations)


def _stated(spec: PodSpec) -> str:
    return {True: "true", False: "false", None: "unset"}[spec.automount]


def _reason(work: Work, state: State, after: PodSpec) -> str:
    """What was done and why, the same for the same change wherever and whenever it is made (R-F3)."""
    done = state.done(work.workload)
    says = [_identity(work, state, after, is_switch=any(one == ("projected-token", "identity") for one in _parts(done)))]
    if any(transform == "projected-token" and not part.startswith("env ") for transform, part in _parts(done)):
        says.append("Its token comes from the kubelet and expires; before, it came from a Secret and did not.")
    elif any(part.startswith("env ") for _, part in _parts(done)):
        says.append("What it took from a token Secret besides the token comes from the cluster itself.")
    if any(transform == "scope-token" for transform, _ in _parts(done)) and api_tokens(state.tokens(work)):
        says.append("Mounts its token into the containers that need it, and into no other.")
    return " ".join(filter(None, says))


def _parts(done: Sequence[tuple[str, Proposal]]) -> list[tuple[str, str]]:
    return [(transform, proposal.part) for transform, proposal in done]


def _identity(work: Work, state: State, after: PodSpec, *, is_switch: bool) -> str:
    before, level = work.workload.spec, work.verdict.level
    moved, has_token = after.account != before.account, bool(api_tokens(state.tokens(work)))
    if is_switch:
        return f"Mounts a token of the account {after.account}, so it runs as that account."
    if not has_token and api_tokens(work.tokens):
        own = f"as its own account {after.account} " if moved else ""
        if level in (Level.REQUIRED, Level.LIKELY):  # its account has rights, and none of its containers uses them
            return f"None of its containers is known to use the Kubernetes API, so it runs {own}without a token."
        known = "Is not known to use" if level is Level.UNKNOWN else "Declares no use of"
        return f"{known} the Kubernetes API, so it runs {own}without a token."
    if not moved:
        return ""
    if not has_token or level in (Level.NONE, Level.UNKNOWN):
        return f"Runs as its own account {after.account} instead of {before.account}."
    use = "Declares its use of" if level is Level.REQUIRED else "Probably uses"
    return f"{use} the Kubernetes API, so it runs as its own account {after.account} and keeps its token."


def _evidence(work: Work) -> str:
    """The strongest evidence first, cut to fit (R-F3)."""
    declared = [piece for piece in work.verdict.evidence if piece.source == "declaration"]
    pieces = declared or sorted(work.verdict.evidence, key=lambda piece: _ORDER.index(piece.strength))
    if pieces and pieces[0].strength in (Strength.PROOF, Strength.STRONG):
        pieces = [piece for piece in pieces if piece.strength in (Strength.PROOF, Strength.STRONG)]
    return _cut("; ".join(dict.fromkeys(piece.detail for piece in pieces)))


def _cut(text: str) -> str:
    return text if len(text.encode()) <= LIMIT else text.encode()[: LIMIT - 3].decode("utf-8", "ignore").rsplit("; ", 1)[0] + "; …"


TRANSFORM = Transform(
    id="annotate",
    summary="Say on the workload and on its new account what was done and why.",
    why="The next person to read the manifest, or to debug the pod, should not have to find the pull request. The annotations stand on the "
    "workload's own metadata, never on the pod template, so that a changed wording never restarts a pod.",
    rules=("R-F1", "R-F2", "R-F3", "R-F4", "R-F5", "R-F6"),
    propose=propose,
    after=("projected-token", "dedicated-account", "automount", "explicit-automount", "scope-token", "account-alias"),
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
