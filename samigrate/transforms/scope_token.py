"""Mount the token into the containers that need it, and into no other of the pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samigrate.base.values import Value, text
from samigrate.base.wording import count
from samigrate.domain import legacy_tokens
from samigrate.domain.model import (
    INJECTED_VOLUME,
    TOKEN_PATH,
    Automount,
    Container,
    Finding,
    Level,
    Operation,
    Proposal,
    Risk,
    Sign,
    Strength,
)
from samigrate.domain.tokens import api_tokens, is_mounted, mounts
from samigrate.facts import identity, pod_fields
from samigrate.facts.state import State, Work
from samigrate.transforms import Phase, Sentence, Topic, Transform
from samigrate.transforms._sentences import runs_without_token

VOLUME = "sa-token"
_POSITIVE = (Strength.PROOF, Strength.STRONG, Strength.WEAK)


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    workload, spec = work.workload, state.spec(work.workload)
    if (
        workload.rule.automount is not Automount.BOOL
        or workload.rule.never_false
        or work.verdict.level not in (Level.REQUIRED, Level.LIKELY)
    ):
        return
    if not is_mounted(spec.automount, state.account_automount(work)):
        return
    names = [text(volume, "name") or "" for _, volume in spec.volumes()]
    injected = [one for one in spec.containers() if all(mount.get("mountPath") != TOKEN_PATH for _, mount in mounts(one))]
    spared = _spared(work, injected)
    if len(injected) < 2 and not spared:
        return
    if reason := _obstacle(work, names, spared):
        action = "part the pod, or mount a token by hand where it is needed"
        yield work.finding("token-not-scoped", "R-B23", f"every container keeps the token: {reason}", action)
        return
    operations = [pod_fields.set_automount(work, spec.value, False, "the token is mounted where it is needed, and nowhere else")]
    needing = [one for one in injected if one.name not in spared]
    if needing:
        name = next(name for name in (VOLUME, *(f"{VOLUME}-{number}" for number in range(2, 100))) if name not in names)
        operations += [*(_mount(work, one, name) for one in needing), _volume(work, spec.value, name)]
    yield Proposal("scope-token", tuple(operations), (), tuple(_risks(work, spec.value, len(needing), len(injected))))


def _spared(work: Work, containers: Sequence[Container]) -> set[str]:
    """Containers that need no token mounted for them. Where something shows that the pod uses the API, and not which
    container, only those that are known not to are spared; a mount of its own answers for itself (R-E2)."""
    evidence = [sign for sign in work.verdict.evidence if sign.sign is not Sign.MOUNTED_TOKEN]
    speaking = {sign.container for sign in evidence if sign.strength in _POSITIVE}
    existing = {sign.container for sign in evidence if sign.strength is Strength.COUNTER}
    is_about_pod = any(sign.container is None and sign.strength in (Strength.PROOF, Strength.STRONG) for sign in evidence)
    silent = {one.name for one in containers} - speaking
    if not is_about_pod:
        return silent
    return silent & existing if silent - existing or speaking else set()  # some container uses the pod's rights


def _obstacle(work: Work, volumes: Sequence[str], spared: set[str]) -> str:
    if any(evidence.sign is Sign.SIDECAR for evidence in work.verdict.evidence):
        return "an injected sidecar takes the token that admission mounts"
    if any(name.startswith(INJECTED_VOLUME) for name in volumes):
        return "it holds an exported token volume"
    return "" if spared else "nothing says that one of its containers does without"


def _mount(work: Work, container: Container, name: str) -> Operation:
    mount = {"name": name, "mountPath": TOKEN_PATH, "readOnly": True}
    pointer = f"{work.workload.pod}{container.pointer}/volumeMounts"
    has_list = isinstance(container.value.get("volumeMounts"), list)
    value, op = (mount, "add") if has_list else ([mount], "replace" if "volumeMounts" in container.value else "add")
    return Operation(work.workload.resource.at, op, pointer + "/-" * has_list, value, None, (), f"{container.name} uses the API")


def _volume(work: Work, spec: Mapping[str, Value], name: str) -> Operation:
    """What admission would have mounted (R-A11, R-B12), under a name that it does not take for its own (R-A10)."""
    sources = legacy_tokens.injected_sources(work.settings.token_expiration)
    volume = {"name": name, "projected": {"sources": sources}}
    has_list = isinstance(spec.get("volumes"), list)
    value, op = (volume, "add") if has_list else ([volume], "replace" if "volumes" in spec else "add")
    pointer = f"{work.workload.pod}/volumes" + "/-" * has_list
    return Operation(work.workload.resource.at, op, pointer, value, None, ("containers",), "the token, for the containers that mount it")


def _risks(work: Work, spec: Mapping[str, Value], number: int, every: int) -> Iterator[tuple[Risk, str]]:
    yield Risk.L2, f"{number} of {count(every, 'container')} keep{'s' * (number == 1)} the token"
    if legacy_tokens.SERVICE_CA in str(spec):
        yield Risk.L3, "reads the service CA that OpenShift mounts beside the token (R-A12)"
    yield from identity.kind_risks(work.workload)


def describe(work: Work, state: State, proposals: Sequence[Proposal]) -> Iterator[Sentence]:
    yield from runs_without_token(work, state)
    if api_tokens(state.tokens(work)):
        yield Sentence(Topic.TOKEN, "Mounts its token into the containers that need it, and into no other.")


TRANSFORM = Transform(
    id="scope-token",
    phase=Phase.PODS,
    summary="Mount the token into the containers that need it, and into no other of the pod.",
    why="Automount is for the whole pod: where one container calls the API, the web server beside it gets the same token. A projected "
    "volume is mounted container by container. Which need it is told by the evidence; where that speaks of the pod as a whole, only "
    "containers whose image is known to need no token go without.",
    rules=("R-A8", "R-A10", "R-A11", "R-B12", "R-B23", "R-E2"),
    touches=("pod.automountServiceAccountToken", "pod.volumes", "pod.containers", "pod.initContainers"),
    propose=propose,
    describe=describe,
    narrows=True,
    links=("https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken",),
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
  - name: reload
    image: bitnami/kubectl:1.34
    command: [kubectl, get, configmaps, --watch]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
""",
        "",
    ),
)
