"""Replace legacy token Secrets in volumes by projected tokens, which expire and die with their pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain import legacy_tokens
from samigrate.domain.legacy_tokens import TokenVolume
from samigrate.domain.model import ACCOUNT_FIELD, DEFAULT_ACCOUNT, About, Finding, Operation, Proposal, Risk, Severity, Sign, Strength
from samigrate.domain.tokens import TOKEN_KEYS, injected
from samigrate.facts import identity, outside, pod_fields, policies, pull_secrets
from samigrate.facts.state import State, Work
from samigrate.scope.matching import Match
from samigrate.transforms import Part, Phase, Sentence, Topic, Transform
from samigrate.transforms._token_variables import possible, variables
from samigrate.yamltext import FIRST

_OF_ROOT = "0600, owner 0"
_OTHER_AUDIENCE = ("VAULT_", "AWS_WEB_IDENTITY", "AZURE_FEDERATED", "GOOGLE_APPLICATION_CREDENTIALS")


def propose(work: Work, state: State, options: Mapping[str, Value]) -> Iterator[Proposal | Finding]:
    spec = work.workload.spec
    yield from variables(work)
    sure: list[TokenVolume] = []
    taken_out = injected(work.workload) if work.is_unused else frozenset()
    for token_volume in legacy_tokens.volumes(spec, work.token_owner):
        if token_volume.name in taken_out:
            continue  # an export's own volume goes with the token (`automount`)
        if not token_volume.owner.is_sure:
            if legacy_tokens.takes_token(token_volume):
                yield possible(work, f"volume {token_volume.name}", token_volume.secret_name)
        elif reason := _hindrance(work, token_volume):
            yield reason
        elif legacy_tokens.takes_token_files(token_volume):
            sure.append(token_volume)
    sure.sort(
        key=lambda found: (legacy_tokens.is_default_everywhere(spec, found), found.index, -(found.source or 0))
    )  # removals last, sources from the end
    own_token_volumes = [found for found in sure if found.owner.account == spec.account]
    token_volumes = [found for found in sure if found not in own_token_volumes]
    for token_volume in own_token_volumes:
        yield from _notes(work, token_volume)
        yield Proposal(f"volume {token_volume.name}", tuple(_convert(work, state, token_volume)), (), tuple(_risks(work, [token_volume])))
    if token_volumes:
        yield from _switch(work, state, token_volumes, has_own=bool(own_token_volumes))


# ---------------------------------------------------------------- the account the token is for


def _switch(work: Work, state: State, token_volumes: list[TokenVolume], *, has_own: bool) -> Iterator[Proposal | Finding]:
    """R-B11: a token of another account takes its pod along, where the pod's own account is `default` and unused."""
    spec, accounts = work.workload.spec, sorted({found.owner.account for found in token_volumes})
    if reason := _bound_to_its_account(work, token_volumes, accounts, has_own=has_own):
        names = ", ".join(accounts)
        message = f"volume {token_volumes[0].name} holds the token of {names}, and the pod runs as {spec.account}: {reason}"
        action = f"run it as {names}, move that part to a pod of its own, or keep a token Secret made by hand"
        yield work.finding(
            "token-of-another-account", "R-B11", message, action, Severity.WARNING, f"{work.workload.pod}/volumes/{token_volumes[0].index}"
        )
        return
    account = accounts[0]
    removes = any(legacy_tokens.is_default_everywhere(spec, found) for found in token_volumes) and spec.automount is not False
    named = pod_fields.set_account(work, spec.value, account, "the account that its token is for")
    operations = [named, *pod_fields.drop_alias(work, spec.value)]
    if not removes and spec.automount is not False:
        beside = pod_fields.set_automount(
            work, work.workload.spec.value, False, "the account's token is in the volume; no container gains another"
        )
        operations.append(beside._replace(after=(ACCOUNT_FIELD,)))
    for token_volume in token_volumes:
        yield from _notes(work, token_volume)
        operations += _convert(work, state, token_volume)
    if not any(sequence(visible.resource.value, "imagePullSecrets") for view in work.views for visible in view.account(account)):
        yield from pull_secrets.findings(work, f"the account {account}")
    risks = (
        *outside.risks(work),
        *policies.risks(work),
        *identity.live_risks(work),
        (Risk.L3, f"runs as {account} instead of default"),
        *_risks(work, token_volumes),
    )
    yield Proposal("identity", tuple(operations), (), risks)


def _bound_to_its_account(work: Work, token_volumes: list[TokenVolume], accounts: list[str], *, has_own: bool) -> str:
    """Why the pod cannot run as the token's account, or ""."""
    spec = work.workload.spec
    if spec.account != DEFAULT_ACCOUNT:
        return "a pod has one account"
    if len(accounts) > 1:
        return "a pod has one account"
    if identity.hook(work.workload):
        return "a hook keeps its account"
    if has_own:
        return "it uses the token of default, too"
    if all(token_volume.secret.get("optional") is True for token_volume in token_volumes) and not any(
        view.account(accounts[0]) for view in work.views
    ):
        return "that account is not in the input, and may not exist: the Secret is optional"
    for evidence in work.verdict.evidence:
        is_about = evidence.sign is Sign.MOUNTED_TOKEN and any(
            f"/volumes/{token_volume.index}" in evidence.pointer or token_volume.name in evidence.detail for token_volume in token_volumes
        )
        if evidence.strength in (Strength.PROOF, Strength.STRONG) and not is_about:
            return f"it may use the token of default ({evidence.detail})"
    if any(token.how == "env" for token in work.tokens):
        return "it reads a token from its environment"
    for view in work.views:
        for visible in view.account(DEFAULT_ACCOUNT):
            if sequence(visible.resource.value, "imagePullSecrets") and not sequence(spec.value, "imagePullSecrets"):
                return "the pull secrets of default would be lost"
    return ""


# ---------------------------------------------------------------- volumes


def _hindrance(work: Work, token_volume: TokenVolume) -> Finding | None:
    """Why a token volume stays as it is whatever its account, or None."""
    spec, pointer = work.workload.spec, _where(work, token_volume)
    uses = list(legacy_tokens.mounting(spec, token_volume.name))
    if any("subPath" in mount or "subPathExpr" in mount for _, _, mount in uses):
        message = f"volume {token_volume.name} is mounted with a subPath, which never sees a renewed token"
        return work.finding("subpath-token", "R-B18", message, "mount the folder, or map items to the wanted name", Severity.ERROR, pointer)
    for container, _, _ in uses:
        for variable in sequence(container.value, "env"):
            name = text(variable, "name") or ""
            if name.startswith(_OTHER_AUDIENCE):
                message = f"volume {token_volume.name} seems to be read by something else than the API ({name})"
                return work.finding(
                    "token-audience", "R-B21", message, "project a token with that audience by hand", Severity.WARNING, pointer
                )
    items = token_volume.secret.get("items") or []
    if not isinstance(items, list) or not all(text(item, "key") and _is_safe(text(item, "path")) for item in items):
        message = f"volume {token_volume.name} has an item without a key and a usable path"
        return work.finding("invalid-item-path", "R-B13", message, "mend the item", Severity.ERROR, pointer)
    modes = [item.get("mode") for item in items if isinstance(item, dict) and item.get("key") == "token"]
    if any(mode != modes[0] for mode in modes):
        message = f"volume {token_volume.name} holds its token several times, with modes that differ"
        return work.finding("projection-mode", "R-B14", message, "give them one mode", Severity.WARNING, pointer)
    if token_volume.source is not None:
        return _clash(work, token_volume)
    return None


def _where(work: Work, token_volume: TokenVolume) -> str:
    return f"{work.workload.pod}/volumes/{token_volume.index}"


def _is_safe(path: str | None) -> bool:
    return path is not None and not path.startswith(("/", "..")) and ".." not in path.split("/")


def _clash(work: Work, token_volume: TokenVolume) -> Finding | None:
    """R-B15: what the other sources of a projected volume already write."""
    pointer = _where(work, token_volume)
    siblings = [
        source for place, source in enumerate(sequence(token_volume.volume, "projected", "sources")) if place != token_volume.source
    ]
    sources, mode = legacy_tokens.projection(token_volume, _extra_keys(work, token_volume), work.settings.token_expiration)
    used = set(legacy_tokens.explicit_paths(siblings)) & set(legacy_tokens.explicit_paths(sources))
    if used:
        message = f"volume {token_volume.name} has another source that writes {', '.join(sorted(used))}"
        return work.finding("projection-clash", "R-B15", message, "keep one of them", Severity.WARNING, pointer)
    if mode != mapping(token_volume.volume, "projected").get("defaultMode") and siblings:
        message = f"volume {token_volume.name} gives its token a mode of its own, which a projected token cannot have beside other sources"
        return work.finding("projection-mode", "R-B14", message, "set the volume's defaultMode", Severity.WARNING, pointer)
    return None


def _convert(work: Work, state: State, token_volume: TokenVolume) -> Iterator[Operation]:
    location, spec = work.workload.resource.at, work.workload.spec
    reason = f"a projected token instead of the Secret {token_volume.secret_name}"
    if spec.automount is not False and legacy_tokens.is_default_everywhere(spec, token_volume):
        yield from _remove(work, token_volume)
        return
    sources, mode = legacy_tokens.projection(token_volume, _extra_keys(work, token_volume), work.settings.token_expiration)
    pointer = _where(work, token_volume)
    if token_volume.source is None:
        projected = {**({"defaultMode": mode} if mode is not None else {}), "sources": sources}
        yield Operation(location, "add", f"{pointer}/projected", projected, None, ("secret",), reason)
        yield Operation(location, "remove", f"{pointer}/secret", None, token_volume.secret, (), reason)
        return
    if mode is not None and mode != mapping(token_volume.volume, "projected").get("defaultMode"):
        op = "replace" if "defaultMode" in mapping(token_volume.volume, "projected") else "add"
        yield Operation(location, op, f"{pointer}/projected/defaultMode", mode, None, (FIRST,), "the mode its token had")
    start = _place(work, state, token_volume)
    yield Operation(location, "remove", f"{pointer}/projected/sources/{start}", None, {"secret": token_volume.secret}, (), reason)
    for offset, source in enumerate(sources):
        yield Operation(location, "add", f"{pointer}/projected/sources/{start + offset}", source, None, (), reason)


def _place(work: Work, state: State, token_volume: TokenVolume) -> int:
    """The index of the source in the planned volume, where earlier sources may have been converted already."""
    planned = sequence(state.spec(work.workload).value, "volumes")[token_volume.index]
    sources = sequence(planned, "projected", "sources")
    return next(
        place
        for place, source in enumerate(sources)
        if mapping(source, "secret") is token_volume.secret or mapping(source, "secret") == token_volume.secret
    )


def _remove(work: Work, token_volume: TokenVolume) -> Iterator[Operation]:
    """R-B22: injection does the same, and keeps doing it."""
    location, pod, spec = work.workload.resource.at, work.workload.pod, work.workload.spec
    reason = "the injected token takes its place"
    for container, index, mount in legacy_tokens.mounting(spec, token_volume.name):
        full = len(sequence(container.value, "volumeMounts")) == 1
        pointer = f"{pod}{container.pointer}/volumeMounts"
        yield Operation(location, "remove", pointer if full else f"{pointer}/{index}", None, [mount] if full else mount, (), reason)
    full = len(sequence(spec.value, "volumes")) == 1
    pointer = f"{pod}/volumes" if full else _where(work, token_volume)
    yield Operation(location, "remove", pointer, None, [token_volume.volume] if full else token_volume.volume, (), reason)
    if spec.automount is None:
        yield pod_fields.set_automount(work, work.workload.spec.value, True, "the mount it had is proof that it uses the token")


def _extra_keys(work: Work, token_volume: TokenVolume) -> list[str]:
    """Keys that the Secret holds beside the token's own, as far as the input shows (R-B2)."""
    keys: dict[str, None] = {}
    for view in work.views:
        for visible in view.find("", "Secret", token_volume.secret_name):
            if visible.match is Match.SAME:
                keys |= dict.fromkeys((*mapping(visible.resource.value, "data"), *mapping(visible.resource.value, "stringData")))
    return [key for key in keys if key not in TOKEN_KEYS]


def _risks(work: Work, converted: list[TokenVolume]) -> Iterator[tuple[Risk, str]]:
    yield Risk.L2, "a token that expires instead of one that does not"
    for token_volume in converted:
        if token_volume.secret.get("optional") is True:
            yield Risk.L3, "an optional Secret"
        if any(text(item, "key") == legacy_tokens.SERVICE_CA for item in sequence(token_volume.secret, "items")):
            yield Risk.L3, "the service CA of OpenShift"
    yield from identity.kind_risks(work.workload)


def _notes(work: Work, token_volume: TokenVolume) -> Iterator[Finding]:
    pointer = _where(work, token_volume)
    if token_volume.secret.get("optional") is True:
        message = f"volume {token_volume.name} was optional; a projected token is always there"
        yield work.finding("optional-token", "R-B19", message, "check that the pod should hold a token at all", Severity.WARNING, pointer)
    foreign = [key for item in sequence(token_volume.secret, "items") if (key := text(item, "key")) and key not in TOKEN_KEYS]
    if foreign or _extra_keys(work, token_volume):
        names = ", ".join(foreign or _extra_keys(work, token_volume))
        message = f"volume {token_volume.name} still takes {names} from the Secret"
        yield work.finding("token-secret-extra-key", "R-B13", message, "move it to a Secret of its own", where=pointer)
    yield from _token_file_note(work, token_volume, pointer)
    if token_volume.source is not None and (wholes := _later_wholes(token_volume)):
        message = (
            f"volume {token_volume.name} takes {', '.join(wholes)} as a whole, which would replace the token if it holds a key of that name"
        )
        yield work.finding("projection-clash", "R-B15", message, "list the keys it is to give under items", where=pointer)


def _later_wholes(token_volume: TokenVolume) -> list[str]:
    """Secrets without items behind the token's source: the kubelet writes them in order, and the last one wins."""
    later = sequence(token_volume.volume, "projected", "sources")[(token_volume.source or 0) + 1 :]
    return [name for one in later if (name := text(one, "secret", "name")) and not sequence(one, "secret", "items")]


def _token_file_note(work: Work, token_volume: TokenVolume, pointer: str) -> Iterator[Finding]:
    stated = "defaultMode" in token_volume.secret or any(
        isinstance(item, dict) and "mode" in item for item in sequence(token_volume.secret, "items")
    )
    owner = _token_file(work)
    message = f"the mode of volume {token_volume.name} does not bind its projected token: the file will be {owner}"
    if owner == _OF_ROOT and not stated:
        message = f"the token of volume {token_volume.name} will be {owner}: what starts as root and goes on as another user cannot read it"
    elif not owner or not stated:
        return
    yield work.finding("token-file-mode", "R-B16", message, "check that every reader of the file may read it", where=pointer)


def _token_file(work: Work) -> str:
    """How the kubelet will own the token file where it does not follow the mode, or "" (R-B16)."""
    spec = work.workload.spec
    fields = mapping(spec.value, "securityContext")
    if fields.get("fsGroup") is not None:
        return f"0640, group {fields['fsGroup']}"
    own = (mapping(container.value, "securityContext").get("runAsUser") for container in spec.containers())
    users = {fields.get("runAsUser") if user is None else user for user in own}
    return f"0600, owner {users.pop()}" if len(users) == 1 and None not in users else ""


def describe(work: Work, state: State, proposals: Sequence[Proposal]) -> Iterator[Sentence]:
    account = state.spec(work.workload).account
    is_variable = [proposal.part.startswith("env ") for proposal in proposals]
    if any(proposal.part == "identity" for proposal in proposals):
        yield Sentence(Topic.ACCOUNT, f"Mounts a token of the account {account}, so it runs as that account.")
    if not all(is_variable):
        yield Sentence(Topic.TOKEN, "Its token comes from the kubelet and expires; before, it came from a Secret and did not.")
    else:
        yield Sentence(Topic.TOKEN, "What it took from a token Secret besides the token comes from the cluster itself.")


_EXPIRES = Part(
    title="let the tokens of {workloads} expire",
    why="{workloads} {get} tokens that expire for token Secrets that never do.",
)
TRANSFORM = Transform(
    id="projected-token",
    phase=Phase.TOKEN_SOURCES,
    summary="Replace legacy token Secrets in volumes by projected tokens, which expire and die with their pod.",
    why="A token Secret holds a credential that never expires and that anyone who reads Secrets can copy. A projected token delivers the "
    "same files at the same paths, is renewed by the kubelet, and ends with its pod. It is always for the pod's own account, so a token "
    "of another account is converted only where the pod can run as that account.",
    rules=(
        "R-B5",
        "R-B6",
        "R-B7",
        "R-B11",
        "R-B12",
        "R-B13",
        "R-B14",
        "R-B15",
        "R-B16",
        "R-B17",
        "R-B18",
        "R-B19",
        "R-B20",
        "R-B21",
        "R-B22",
    ),
    touches=(
        "pod.automountServiceAccountToken",
        "pod.volumes",
        "pod.containers",
        "pod.initContainers",
        "pod.serviceAccountName",
        "pod.serviceAccount",
    ),
    propose=propose,
    describe=describe,
    parts={"identity": _EXPIRES._replace(about=About.ACCOUNT), "volume": _EXPIRES},
    is_default=True,
    links=("https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken",),
    example=(
        """\
apiVersion: v1
kind: Pod
metadata:
  name: reader
spec:
  serviceAccountName: reader
  containers:
  - name: reader
    image: example.com/reader:1
    volumeMounts:
    - name: token
      mountPath: /etc/kube
      readOnly: true
  volumes:
  - name: token
    secret:
      secretName: reader-token-x7k2p
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: reader
""",
        "",
    ),
)
