"""Replace legacy token Secrets in volumes by projected tokens, which expire and die with their pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain import legacy_tokens
from samigrate.domain.legacy_tokens import TokenVolume
from samigrate.domain.model import AUTOMOUNT_FIELD, DEFAULT_ACCOUNT, About, Finding, Operation, Proposal, Risk, Severity, Sign, Strength
from samigrate.domain.tokens import TOKEN_KEYS, injected
from samigrate.facts import identity, layout, outside, policies, pull_secrets
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
    for found in legacy_tokens.volumes(spec, work.token_owner):
        if found.name in taken_out:
            continue  # an export's own volume goes with the token (`automount`)
        if not found.owner.is_sure:
            if legacy_tokens.takes_token(found):
                yield possible(work, f"volume {found.name}", found.secret_name)
        elif reason := _hindrance(work, found):
            yield reason
        elif legacy_tokens.takes_token_files(found):
            sure.append(found)
    sure.sort(
        key=lambda found: (legacy_tokens.is_default_everywhere(spec, found), found.index, -(found.source or 0))
    )  # removals last, sources from the end
    own = [found for found in sure if found.owner.account == spec.account]
    others = [found for found in sure if found not in own]
    for found in own:
        yield from _notes(work, found)
        yield Proposal(f"volume {found.name}", tuple(_convert(work, state, found)), (), tuple(_risks(work, [found])))
    if others:
        yield from _switch(work, state, others, has_own=bool(own))


# ---------------------------------------------------------------- the account the token is for


def _switch(work: Work, state: State, others: list[TokenVolume], *, has_own: bool) -> Iterator[Proposal | Finding]:
    """R-B11: a token of another account takes its pod along, where the pod's own account is `default` and unused."""
    spec, accounts = work.workload.spec, sorted({found.owner.account for found in others})
    if reason := _bound_to_its_account(work, others, accounts, has_own=has_own):
        names = ", ".join(accounts)
        message = f"volume {others[0].name} holds the token of {names}, and the pod runs as {spec.account}: {reason}"
        action = f"run it as {names}, move that part to a pod of its own, or keep a token Secret made by hand"
        yield work.finding(
            "token-of-another-account", "R-B11", message, action, Severity.WARNING, f"{work.workload.pod}/volumes/{others[0].index}"
        )
        return
    account, place = accounts[0], work.workload.resource.at
    removes = any(legacy_tokens.is_default_everywhere(spec, found) for found in others) and spec.automount is not False
    operations = [
        Operation(
            place,
            "replace" if "serviceAccountName" in spec.value else "add",
            f"{work.workload.pod}/serviceAccountName",
            account,
            spec.value.get("serviceAccountName"),
            layout.account(spec.value),
            "the account that its token is for",
        )
    ]
    if "serviceAccount" in spec.value:
        operations.append(
            Operation(place, "remove", f"{work.workload.pod}/serviceAccount", None, spec.value["serviceAccount"], (), "a deprecated alias")
        )
    if not removes and spec.automount is not False:
        beside = _automount(work, False, "the account's token is in the volume; no container gains another")
        operations.append(beside._replace(after=("serviceAccountName",)))
    for found in others:
        yield from _notes(work, found)
        operations += _convert(work, state, found)
    if not any(sequence(seen.resource.value, "imagePullSecrets") for view in work.views for seen in view.account(account)):
        yield from pull_secrets.findings(work, f"the account {account}")
    risks = (*outside.risks(work), *policies.risks(work), (Risk.L3, f"runs as {account} instead of default"), *_risks(work, others))
    yield Proposal("identity", tuple(operations), (), risks)


def _bound_to_its_account(work: Work, others: list[TokenVolume], accounts: list[str], *, has_own: bool) -> str:
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
    if all(found.secret.get("optional") is True for found in others) and not any(view.account(accounts[0]) for view in work.views):
        return "that account is not in the input, and may not exist: the Secret is optional"
    for piece in work.verdict.evidence:
        is_about = piece.sign is Sign.MOUNTED_TOKEN and any(
            f"/volumes/{found.index}" in piece.pointer or found.name in piece.detail for found in others
        )
        if piece.strength in (Strength.PROOF, Strength.STRONG) and not is_about:
            return f"it may use the token of default ({piece.detail})"
    if any(token.how == "env" for token in work.tokens):
        return "it reads a token from its environment"
    for view in work.views:
        for seen in view.account(DEFAULT_ACCOUNT):
            if sequence(seen.resource.value, "imagePullSecrets") and not sequence(spec.value, "imagePullSecrets"):
                return "the pull secrets of default would be lost"
    return ""


# ---------------------------------------------------------------- volumes


def _hindrance(work: Work, found: TokenVolume) -> Finding | None:
    """Why a token volume stays as it is whatever its account, or None."""
    spec, where = work.workload.spec, _where(work, found)
    uses = list(legacy_tokens.mounting(spec, found.name))
    if any("subPath" in mount or "subPathExpr" in mount for _, _, mount in uses):
        message = f"volume {found.name} is mounted with a subPath, which never sees a renewed token"
        return work.finding("subpath-token", "R-B18", message, "mount the folder, or map items to the wanted name", Severity.ERROR, where)
    for container, _, _ in uses:
        for variable in sequence(container.value, "env"):
            name = text(variable, "name") or ""
            if name.startswith(_OTHER_AUDIENCE):
                message = f"volume {found.name} seems to be read by something else than the API ({name})"
                return work.finding(
                    "token-audience", "R-B21", message, "project a token with that audience by hand", Severity.WARNING, where
                )
    items = found.secret.get("items") or []
    if not isinstance(items, list) or not all(text(item, "key") and _is_safe(text(item, "path")) for item in items):
        message = f"volume {found.name} has an item without a key and a usable path"
        return work.finding("invalid-item-path", "R-B13", message, "mend the item", Severity.ERROR, where)
    modes = [item.get("mode") for item in items if isinstance(item, dict) and item.get("key") == "token"]
    if any(mode != modes[0] for mode in modes):
        message = f"volume {found.name} holds its token several times, with modes that differ"
        return work.finding("projection-mode", "R-B14", message, "give them one mode", Severity.WARNING, where)
    if found.source is not None:
        return _clash(work, found)
    return None


def _where(work: Work, found: TokenVolume) -> str:
    return f"{work.workload.pod}/volumes/{found.index}"


def _is_safe(path: str | None) -> bool:
    return path is not None and not path.startswith(("/", "..")) and ".." not in path.split("/")


def _clash(work: Work, found: TokenVolume) -> Finding | None:
    """R-B15: what the other sources of a projected volume already write."""
    where = _where(work, found)
    siblings = [source for place, source in enumerate(sequence(found.volume, "projected", "sources")) if place != found.source]
    sources, mode = legacy_tokens.projection(found, _extra_keys(work, found), work.settings.token_expiration)
    taken = set(legacy_tokens.explicit_paths(siblings)) & set(legacy_tokens.explicit_paths(sources))
    if taken:
        message = f"volume {found.name} has another source that writes {', '.join(sorted(taken))}"
        return work.finding("projection-clash", "R-B15", message, "keep one of them", Severity.WARNING, where)
    if mode != mapping(found.volume, "projected").get("defaultMode") and siblings:
        message = f"volume {found.name} gives its token a mode of its own, which a projected token cannot have beside other sources"
        return work.finding("projection-mode", "R-B14", message, "set the volume's defaultMode", Severity.WARNING, where)
    return None


def _convert(work: Work, state: State, found: TokenVolume) -> Iterator[Operation]:
    place, spec = work.workload.resource.at, work.workload.spec
    reason = f"a projected token instead of the Secret {found.secret_name}"
    if spec.automount is not False and legacy_tokens.is_default_everywhere(spec, found):
        yield from _remove(work, found)
        return
    sources, mode = legacy_tokens.projection(found, _extra_keys(work, found), work.settings.token_expiration)
    where = _where(work, found)
    if found.source is None:
        projected = {**({"defaultMode": mode} if mode is not None else {}), "sources": sources}
        yield Operation(place, "add", f"{where}/projected", projected, None, ("secret",), reason)
        yield Operation(place, "remove", f"{where}/secret", None, found.secret, (), reason)
        return
    if mode is not None and mode != mapping(found.volume, "projected").get("defaultMode"):
        op = "replace" if "defaultMode" in mapping(found.volume, "projected") else "add"
        yield Operation(place, op, f"{where}/projected/defaultMode", mode, None, (FIRST,), "the mode its token had")
    start = _place(work, state, found)
    yield Operation(place, "remove", f"{where}/projected/sources/{start}", None, {"secret": found.secret}, (), reason)
    for offset, source in enumerate(sources):
        yield Operation(place, "add", f"{where}/projected/sources/{start + offset}", source, None, (), reason)


def _place(work: Work, state: State, found: TokenVolume) -> int:
    """Where the source stands in the planned volume, earlier sources of it having been converted perhaps."""
    planned = sequence(state.spec(work.workload).value, "volumes")[found.index]
    sources = sequence(planned, "projected", "sources")
    return next(
        place
        for place, source in enumerate(sources)
        if mapping(source, "secret") is found.secret or mapping(source, "secret") == found.secret
    )


def _remove(work: Work, found: TokenVolume) -> Iterator[Operation]:
    """R-B22: injection does the same, and keeps doing it."""
    place, pod, spec = work.workload.resource.at, work.workload.pod, work.workload.spec
    reason = "the injected token takes its place"
    for container, index, mount in legacy_tokens.mounting(spec, found.name):
        whole = len(sequence(container.value, "volumeMounts")) == 1
        where = f"{pod}{container.pointer}/volumeMounts"
        yield Operation(place, "remove", where if whole else f"{where}/{index}", None, [mount] if whole else mount, (), reason)
    whole = len(sequence(spec.value, "volumes")) == 1
    where = f"{pod}/volumes" if whole else _where(work, found)
    yield Operation(place, "remove", where, None, [found.volume] if whole else found.volume, (), reason)
    if spec.automount is None:
        yield _automount(work, True, "the mount it had is proof that it uses the token")


def _automount(work: Work, wanted: bool, reason: str) -> Operation:
    spec = work.workload.spec.value
    op = "replace" if AUTOMOUNT_FIELD in spec else "add"
    return Operation(
        work.workload.resource.at,
        op,
        f"{work.workload.pod}/{AUTOMOUNT_FIELD}",
        wanted,
        spec.get(AUTOMOUNT_FIELD),
        layout.automount(spec),
        reason,
    )


def _extra_keys(work: Work, found: TokenVolume) -> list[str]:
    """Keys that the Secret holds beside the token's own, as far as the input shows (R-B2)."""
    keys: dict[str, None] = {}
    for view in work.views:
        for seen in view.find("", "Secret", found.secret_name):
            if seen.match is Match.SAME:
                keys |= dict.fromkeys((*mapping(seen.resource.value, "data"), *mapping(seen.resource.value, "stringData")))
    return [key for key in keys if key not in TOKEN_KEYS]


def _risks(work: Work, converted: list[TokenVolume]) -> Iterator[tuple[Risk, str]]:
    yield Risk.L2, "a token that expires instead of one that does not"
    for found in converted:
        if found.secret.get("optional") is True:
            yield Risk.L3, "an optional Secret"
        if any(text(item, "key") == legacy_tokens.SERVICE_CA for item in sequence(found.secret, "items")):
            yield Risk.L3, "the service CA of OpenShift"
    yield from identity.kind_risks(work.workload)


def _notes(work: Work, found: TokenVolume) -> Iterator[Finding]:
    where = _where(work, found)
    if found.secret.get("optional") is True:
        message = f"volume {found.name} was optional; a projected token is always there"
        yield work.finding("optional-token", "R-B19", message, "check that the pod should hold a token at all", Severity.WARNING, where)
    foreign = [key for item in sequence(found.secret, "items") if (key := text(item, "key")) and key not in TOKEN_KEYS]
    if foreign or _extra_keys(work, found):
        names = ", ".join(foreign or _extra_keys(work, found))
        message = f"volume {found.name} still takes {names} from the Secret"
        yield work.finding("token-secret-extra-key", "R-B13", message, "move it to a Secret of its own", where=where)
    yield from _token_file_note(work, found, where)
    if found.source is not None and (wholes := _later_wholes(found)):
        message = f"volume {found.name} takes {', '.join(wholes)} as a whole, which would replace the token if it holds a key of that name"
        yield work.finding("projection-clash", "R-B15", message, "list the keys it is to give under items", where=where)


def _later_wholes(found: TokenVolume) -> list[str]:
    """Secrets without items behind the token's source: what is written later wins, and nobody checks."""
    later = sequence(found.volume, "projected", "sources")[(found.source or 0) + 1 :]
    return [name for one in later if (name := text(one, "secret", "name")) and not sequence(one, "secret", "items")]


def _token_file_note(work: Work, found: TokenVolume, where: str) -> Iterator[Finding]:
    stated = "defaultMode" in found.secret or any(isinstance(item, dict) and "mode" in item for item in sequence(found.secret, "items"))
    owner = _token_file(work)
    message = f"the mode of volume {found.name} does not bind its projected token: the file will be {owner}"
    if owner == _OF_ROOT and not stated:
        message = f"the token of volume {found.name} will be {owner}: what starts as root and goes on as another user cannot read it"
    elif not owner or not stated:
        return
    yield work.finding("token-file-mode", "R-B16", message, "check that every reader of the file may read it", where=where)


def _token_file(work: Work) -> str:
    """How the kubelet will own the token file where it does not follow the mode, or "" (R-B16)."""
    spec = work.workload.spec
    whole = mapping(spec.value, "securityContext")
    if whole.get("fsGroup") is not None:
        return f"0640, group {whole['fsGroup']}"
    own = (mapping(container.value, "securityContext").get("runAsUser") for container in spec.containers())
    users = {whole.get("runAsUser") if user is None else user for user in own}
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
