"""Who holds a token: the admission table (R-A7 to R-A10), and legacy token Secrets (R-B1).

Reads plain values only; knows no scope: what an account or a Secret says is asked of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from samigrate.base.values import Value, at, mapping, sequence, text
from samigrate.domain.model import INJECTED_VOLUME, TOKEN_PATH, Container, PodSpec, Workload

ID = "[bcdfghjklmnpqrstvwxz2456789]"
"""A character of generated names (k8s.io/apimachinery `util/rand`)."""
SUFFIX = f"{ID}{{5}}"
"""The alphabet of generated names (R-B6)."""
_GENERATED = re.compile(rf"(?P<account>.+)-token-{SUFFIX}")
_POSSIBLE = re.compile(r"(?P<account>.+)-token-[0-9a-z]{5}")
API_AUDIENCE = re.compile(r"(?:https?://)?kubernetes(?:\.default(?:\.svc(?:\.[a-z0-9.-]+)?)?)?(?::\d+)?/?|api", re.IGNORECASE)
"""The usual names of an API server among the audiences of tokens."""
TOKEN_KEYS = ("token", "ca.crt", "namespace")

Owner = Callable[[str], "TokenSecret | None"]
"""Tells whose token a Secret of the pod's namespace holds."""


class TokenSecret(NamedTuple):
    """A legacy token Secret: the account it names, and how sure that is (R-B7: certain, high, medium, low)."""

    account: str
    tier: str

    @property
    def is_sure(self) -> bool:
        return self.tier in ("certain", "high")


class Token(NamedTuple):
    """One way in which a container can read a token: `how` is injected, projected, legacy or env; `name` the
    volume or variable; `path` the mount path; `audience` None for the Kubernetes API."""

    container: str
    how: str
    name: str
    path: str
    audience: str | None = None


def named_account(secret: str) -> tuple[str, bool] | None:
    """(account, whether the suffix is of R-B6's alphabet) of a name like `<account>-token-x7k2p`; None otherwise."""
    if match := _GENERATED.fullmatch(secret):
        return match["account"], True
    if match := _POSSIBLE.fullmatch(secret):
        return match["account"], False
    return None


def is_for_the_api(audience: str | None, declared: Collection[str] = ()) -> bool:
    """Whether a projected token is for the Kubernetes API (R-E5): without an audience, with an API server's usual one,
    or with one that the config declares to be it (`api-audience`)."""
    return not audience or audience in declared or API_AUDIENCE.fullmatch(audience) is not None


def injected(workload: Workload) -> frozenset[str]:
    """Names of volumes that admission has put into a pod before it was exported, and that no container mounts but where
    admission mounts them (R-A10): `kube-api-access-x7k2p`, or `<account>-token-x7k2p` from before bound tokens. The latter
    counts in a Pod alone, since admission looks at no template, and not in one that says `automountServiceAccountToken: false`."""
    used: dict[str, list[dict[str, Value]]] = {}
    for container in workload.spec.containers(ephemeral=True):
        for _, mount in mounts(container):
            used.setdefault(text(mount, "name") or "", []).append(mount)
    names = {name for _, volume in workload.spec.volumes() if (name := text(volume, "name"))}
    return frozenset(name for name in names if _is_injected(name, used.get(name, []), workload))


def _is_injected(name: str, uses: list[dict[str, Value]], workload: Workload) -> bool:
    if any(text(mount, "mountPath") != TOKEN_PATH for mount in uses):
        return False
    if name.startswith(INJECTED_VOLUME):
        return True
    is_exported = workload.id.kind == "Pod" and workload.spec.automount is not False and bool(uses)
    return is_exported and named_account(name) == (workload.spec.account, True) and all(mount.get("readOnly") is True for mount in uses)


def mounts(container: Container) -> Iterator[tuple[int, dict[str, Value]]]:
    for index, mount in enumerate(sequence(container.value, "volumeMounts")):
        if isinstance(mount, dict):
            yield index, mount


def is_mounted(automount: bool | None, account_automount: bool | None) -> bool:
    """R-A7: the pod's value, else the account's, else true."""
    return automount if automount is not None else account_automount if account_automount is not None else True


def of_volume(volume: dict[str, Value], owner: Owner, declared: Collection[str] = ()) -> list[tuple[str, str | None]]:
    """(how, audience) of every token that the volume delivers, each once: one file more of it is no other way to it. The
    audience is None for the Kubernetes API; `declared` are further audiences of its own."""
    result: list[tuple[str, str | None]] = []
    for source in [{"secret": mapping(volume, "secret")}, *sequence(volume, "projected", "sources")]:
        if not isinstance(source, dict):
            continue
        if isinstance(source.get("serviceAccountToken"), dict):
            audience = text(source, "serviceAccountToken", "audience")
            result.append(("projected", None if is_for_the_api(audience, declared) else audience))
        secret = text(source, "secret", "secretName") or text(source, "secret", "name")
        if secret and _selects_token(mapping(source, "secret")) and (token_secret := owner(secret)) and token_secret.is_sure:
            result.append(("legacy", None))
    return list(dict.fromkeys(result))


def _selects_token(secret: dict[str, Value]) -> bool:
    items = sequence(secret, "items")
    return not items or any(text(item, "key") == "token" for item in items)


def held(spec: PodSpec, account_automount: bool | None, owner: Owner, declared: Collection[str] = ()) -> list[Token]:
    """Every token that a container of the pod can read (R-A7; ephemeral containers get none injected, R-A13), each once
    however often its volume is mounted there. `declared`: as for `of_volume`."""
    volumes = {name: of_volume(volume, owner, declared) for _, volume in spec.volumes() if (name := text(volume, "name"))}
    reused = next((name for name in volumes if name.startswith(INJECTED_VOLUME)), None)
    injected = [("injected", None)] if reused is None else volumes[reused]
    tokens: list[Token] = []
    for container in spec.containers(ephemeral=True):
        mounted = [(text(mount, "name") or "", text(mount, "mountPath") or "") for _, mount in mounts(container)]
        for name, path in dict(reversed(mounted)).items():  # by volume, where it is mounted first
            tokens += [Token(container.name, how, name, path, audience) for how, audience in volumes.get(name, [])]
        is_covered = any(path == TOKEN_PATH or name == reused for name, path in mounted) or container.list == "ephemeralContainers"
        if not is_covered and is_mounted(spec.automount, account_automount):
            tokens += [Token(container.name, how, reused or "", TOKEN_PATH, audience) for how, audience in injected]
        tokens += [Token(container.name, "env", name, "") for name in _token_variables(container, owner)]
    return tokens


def _token_variables(container: Container, owner: Owner) -> Iterator[str]:
    for variable in sequence(container.value, "env"):
        secret = text(variable, "valueFrom", "secretKeyRef", "name")
        if (
            secret
            and at(variable, "valueFrom", "secretKeyRef", "key") == "token"
            and (token_secret := owner(secret))
            and token_secret.is_sure
        ):
            yield text(variable, "name") or ""
    for source in sequence(container.value, "envFrom"):
        secret = text(source, "secretRef", "name")
        if secret and (token_secret := owner(secret)) and token_secret.is_sure:
            yield f"envFrom {secret}"


def api_tokens(tokens: list[Token]) -> list[Token]:
    """Those for the Kubernetes API (R-E5)."""
    return [token for token in tokens if token.audience is None]
