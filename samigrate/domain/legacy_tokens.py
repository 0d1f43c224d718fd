"""Where a pod consumes legacy token Secrets (R-B2), and the projection that replaces one (R-B12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import TOKEN_PATH, Container, PodSpec
from samigrate.domain.tokens import TOKEN_KEYS, Owner, TokenSecret, mounts
from samigrate.yamltext import Number

ROOT_CA = "kube-root-ca.crt"
SERVICE_CA = "service-ca.crt"
USUAL_MODE = 0o644


@dataclass(frozen=True, slots=True)
class TokenVolume:
    """A volume that holds a legacy token Secret. `source` is its place in `projected.sources`, None for a plain
    secret volume; `secret` is that source's or volume's own mapping."""

    index: int
    name: str
    volume: dict[str, Value]
    source: int | None
    secret: dict[str, Value]
    secret_name: str
    owner: TokenSecret


@dataclass(frozen=True, slots=True)
class TokenVariable:
    """An environment variable (`index` in env) or import (`key` "", index in envFrom) of a legacy token Secret."""

    container: Container
    index: int
    name: str
    key: str
    secret_name: str
    owner: TokenSecret


def volumes(spec: PodSpec, owner: Owner) -> Iterator[TokenVolume]:
    for index, volume in spec.volumes():
        name = text(volume, "name") or ""
        plain = mapping(volume, "secret")
        if (secret := text(plain, "secretName")) and _takes_token_keys(plain) and (token_secret := owner(secret)):
            yield TokenVolume(index, name, volume, None, plain, secret, token_secret)
        for position, source in enumerate(sequence(volume, "projected", "sources")):
            inner = mapping(source, "secret")
            if (secret := text(inner, "name")) and _takes_token_keys(inner) and (token_secret := owner(secret)):
                yield TokenVolume(index, name, volume, position, inner, secret, token_secret)


def _takes_token_keys(secret: Mapping[str, Value]) -> bool:
    """What takes other keys alone has nothing to convert; a conversion leaves such sources behind (R-B2)."""
    items = sequence(secret, "items")
    return not items or any(text(item, "key") in (*TOKEN_KEYS, None) for item in items)


def variables(spec: PodSpec, owner: Owner) -> Iterator[TokenVariable]:
    for container in spec.containers(ephemeral=True):
        for index, variable in enumerate(sequence(container.value, "env")):
            secret, key = text(variable, "valueFrom", "secretKeyRef", "name"), text(variable, "valueFrom", "secretKeyRef", "key")
            if secret and key and (token_secret := owner(secret)):
                yield TokenVariable(container, index, text(variable, "name") or "", key, secret, token_secret)
        for index, source in enumerate(sequence(container.value, "envFrom")):
            if (secret := text(source, "secretRef", "name")) and (token_secret := owner(secret)):
                yield TokenVariable(container, index, text(source, "prefix") or "", "", secret, token_secret)


def takes_token_files(token_volume: TokenVolume) -> bool:
    """Whether the volume takes any file that a projection can give; other keys stay in their Secret (R-B2)."""
    items = sequence(token_volume.secret, "items")
    return not items or any(text(item, "key") in TOKEN_KEYS for item in items)


def takes_token(token_volume: TokenVolume) -> bool:
    """Whether the volume takes the token itself, and not the certificate authority or the namespace alone."""
    items = sequence(token_volume.secret, "items")
    return not items or any(text(item, "key") in ("token", None) for item in items)


def mounting(spec: PodSpec, volume: str) -> Iterator[tuple[Container, int, dict[str, Value]]]:
    """(container, index, mount) of every mount of the volume, ephemeral containers included."""
    for container in spec.containers(ephemeral=True):
        for index, mount in mounts(container):
            if text(mount, "name") == volume:
                yield container, index, mount


def is_default_everywhere(spec: PodSpec, token_volume: TokenVolume) -> bool:
    """R-B22: the plain volume, as a whole, at exactly the default path in every container and nowhere else."""
    if token_volume.source is not None or set(token_volume.secret) - {"secretName"}:
        return False
    uses = list(mounting(spec, token_volume.name))
    plain = all(set(mount) <= {"name", "mountPath", "readOnly"} and mount.get("mountPath") == TOKEN_PATH for _, _, mount in uses)
    return plain and len(uses) == len({use[0].pointer for use in uses}) == len(list(spec.containers(ephemeral=True)))


def projection(token_volume: TokenVolume, extra: Sequence[str], expiration: int) -> tuple[list[dict[str, Value]], Value]:
    """(sources, defaultMode) of the projected form; the mode is None where none is to be written (R-B12 to R-B14).

    `extra` are keys that the Secret holds beside the token's own (R-B2): they stay a secret source.
    """
    items = [item for item in sequence(token_volume.secret, "items") if isinstance(item, dict)]
    usual = (
        token_volume.secret.get("defaultMode")
        if token_volume.source is None
        else mapping(token_volume.volume, "projected").get("defaultMode")
    )
    token = next((item for item in items if item.get("key") == "token"), None)
    mode = token.get("mode") if token else None
    moves = mode is not None and mode != (USUAL_MODE if usual is None else usual)
    other_entry = (_usual_mode(mode) if usual is None else usual) if moves else None
    expected = items or [{"key": key, "path": key} for key in (*TOKEN_KEYS, *extra)]
    sources = [_source(token_volume, item, other_entry, expiration) for item in expected]
    return _merge(sources), mode if moves else usual


def _usual_mode(beside: Value) -> int:
    """0644, spelled as the mode beside it is."""
    return Number(USUAL_MODE, "0644") if isinstance(beside, Number) and beside.spelling.startswith("0") else USUAL_MODE


def injected_sources(expiration: int) -> list[dict[str, Value]]:
    """The files that admission mounts (R-A11)."""
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": expiration}},
        {"configMap": {"name": ROOT_CA, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]


def _source(token_volume: TokenVolume, item: Mapping[str, Value], other_mode: Value, expiration: int) -> dict[str, Value]:
    key, path = item.get("key"), item.get("path")
    mode = {"mode": item["mode"]} if item.get("mode") is not None else {"mode": other_mode} if other_mode is not None else {}
    optional = {"optional": True} if token_volume.secret.get("optional") is True else {}
    if key == "token":
        return {"serviceAccountToken": {"path": path, "expirationSeconds": expiration}}
    if key == "ca.crt":
        return {"configMap": {"name": ROOT_CA, **optional, "items": [{"key": "ca.crt", "path": path, **mode}]}}
    if key == "namespace":
        return {"downwardAPI": {"items": [{"path": path, "fieldRef": {"fieldPath": "metadata.namespace"}, **mode}]}}
    return {"secret": {"name": token_volume.secret_name, **optional, "items": [{"key": key, "path": path, **mode}]}}


def _merge(sources: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """Neighbouring items of one Secret or ConfigMap in one source."""
    merged: list[dict[str, Value]] = []
    for source in sources:
        (kind, inner), last = next(iter(source.items())), merged[-1] if merged else {}
        before = last.get(kind)
        if kind in ("configMap", "secret") and before and before["name"] == inner["name"]:
            merged[-1] = {kind: {**before, "items": [*before["items"], *inner["items"]]}}
        else:
            merged.append(source)
    return merged


def explicit_paths(sources: Sequence[Value]) -> list[str]:
    """Paths that projected sources state (whole secrets and configMaps state none)."""
    result = [text(source, "serviceAccountToken", "path") for source in sources]
    for source in sources:
        for kind in ("secret", "configMap", "downwardAPI"):
            result += [text(item, "path") for item in sequence(source, kind, "items")]
    return [path for path in result if path]
