"""Who holds a token: the admission table (domain A.3), and legacy token Secrets (domain B.1).

Reads plain values only; knows no scope: what an account or a Secret says is asked of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from samigrate.model import INJECTED_VOLUME, TOKEN_PATH, Container, PodSpec
from samigrate.values import Value, at, mapping, sequence, text

SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}"
"""The alphabet of generated names (R-B6)."""
_GENERATED = re.compile(rf"(?P<account>.+)-token-{SUFFIX}")
_POSSIBLE = re.compile(r"(?P<account>.+)-token-[0-9a-z]{5}")
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
    if found := _GENERATED.fullmatch(secret):
        return found["account"], True
    if found := _POSSIBLE.fullmatch(secret):
        return found["account"], False
    return None


def mounts(container: Container) -> Iterator[tuple[int, dict[str, Value]]]:
    for index, mount in enumerate(sequence(container.value, "volumeMounts")):
        if isinstance(mount, dict):
            yield index, mount


def is_mounted(automount: bool | None, account_automount: bool | None) -> bool:
    """R-A7: the pod's value, else the account's, else true."""
    return automount if automount is not None else account_automount if account_automount is not None else True


def of_volume(volume: dict[str, Value], owner: Owner) -> list[tuple[str, str | None]]:
    """(how, audience) of every token that the volume delivers, each once: one file more of it is no other way to it."""
    found: list[tuple[str, str | None]] = []
    for source in [{"secret": mapping(volume, "secret")}, *sequence(volume, "projected", "sources")]:
        if not isinstance(source, dict):
            continue
        if isinstance(source.get("serviceAccountToken"), dict):
            found.append(("projected", text(source, "serviceAccountToken", "audience")))
        secret = text(source, "secret", "secretName") or text(source, "secret", "name")
        if secret and _selects_token(mapping(source, "secret")) and (known := owner(secret)) and known.is_sure:
            found.append(("legacy", None))
    return list(dict.fromkeys(found))


def _selects_token(secret: dict[str, Value]) -> bool:
    items = sequence(secret, "items")
    return not items or any(text(item, "key") == "token" for item in items)


def held(spec: PodSpec, account_automount: bool | None, owner: Owner) -> list[Token]:
    """Every token that a container of the pod can read (A.3; ephemeral containers get none injected, R-A13)."""
    volumes = {name: of_volume(volume, owner) for _, volume in spec.volumes() if (name := text(volume, "name"))}
    reused = next((name for name in volumes if name.startswith(INJECTED_VOLUME)), None)
    injected = [("injected", None)] if reused is None else volumes[reused]
    found: list[Token] = []
    for container in spec.containers(ephemeral=True):
        paths = set()
        for _, mount in mounts(container):
            name, path = text(mount, "name") or "", text(mount, "mountPath") or ""
            paths.add(path)
            found += [Token(container.name, how, name, path, audience) for how, audience in volumes.get(name, [])]
        if TOKEN_PATH not in paths and container.list != "ephemeralContainers" and is_mounted(spec.automount, account_automount):
            found += [Token(container.name, how, reused or "", TOKEN_PATH, audience) for how, audience in injected]
        found += [Token(container.name, "env", name, "") for name in _token_variables(container, owner)]
    return found


def _token_variables(container: Container, owner: Owner) -> Iterator[str]:
    for variable in sequence(container.value, "env"):
        secret = text(variable, "valueFrom", "secretKeyRef", "name")
        if secret and at(variable, "valueFrom", "secretKeyRef", "key") == "token" and (known := owner(secret)) and known.is_sure:
            yield text(variable, "name") or ""
    for source in sequence(container.value, "envFrom"):
        secret = text(source, "secretRef", "name")
        if secret and (known := owner(secret)) and known.is_sure:
            yield f"envFrom {secret}"


def api_tokens(tokens: list[Token]) -> list[Token]:
    """Those for the Kubernetes API (R-E5)."""
    return [token for token in tokens if token.audience is None]
