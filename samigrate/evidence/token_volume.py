"""Tokens that the pod mounts or imports by its own choice (R-E5, R-B7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.model import Evidence, Sign, Strength, Workload
from samigrate.domain.tokens import injected, is_for_the_api
from samigrate.evidence import EvidenceSource

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings

ROOT_CA = "kube-root-ca.crt"
_PLACEHOLDER = re.compile(r"\$[({]|\{\{|<[^<>]+>")


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    volumes = {name: (index, volume) for index, volume in workload.spec.volumes() if (name := text(volume, "name"))}
    of_admission = injected(workload) if volumes else frozenset()  # no choice of the workload's (R-A10, R-E2)
    for container in workload.spec.containers(ephemeral=True):
        mounted = dict.fromkeys(text(mount, "name") or "" for mount in sequence(container.value, "volumeMounts"))
        for name in (name for name in mounted if name in volumes and name not in of_admission):
            index, volume = volumes[name]
            for strength, detail, json_pointer in _of_volume(volume, view, settings):
                pointer = f"{workload.pod}/volumes/{index}{json_pointer}"
                yield Evidence(
                    "token-volume",
                    Sign.MOUNTED_TOKEN,
                    strength,
                    f"mounts volume {name}: {detail}",
                    workload.resource.at,
                    pointer,
                    container.name,
                )
        for strength, description, json_pointer in _of_environment(container.value, view):
            pointer = workload.pod + container.pointer + json_pointer
            yield Evidence("token-volume", Sign.MOUNTED_TOKEN, strength, description, workload.resource.at, pointer, container.name)


def _of_volume(volume: dict[str, Value], view: View, settings: Settings) -> Iterator[tuple[Strength, str, str]]:
    secret = text(volume, "secret", "secretName")
    if secret and (owner := _owner(secret, view)) and (strength := _weight(_keys(mapping(volume, "secret")))):
        yield strength, f"the token Secret {secret} of account {owner}", "/secret/secretName"
    if text(volume, "configMap", "name") == ROOT_CA:
        yield Strength.STRONG, "the API's certificate authority", "/configMap/name"
    sources = [source for source in sequence(volume, "projected", "sources") if isinstance(source, dict)]
    has_token = any("serviceAccountToken" in source for source in sources)  # beside one, for any audience, the CA says nothing more
    for index, source in enumerate(sequence(volume, "projected", "sources")):
        pointer = f"/projected/sources/{index}"
        if not isinstance(source, dict):
            continue
        if text(source, "configMap", "name") == ROOT_CA and not has_token:
            yield Strength.STRONG, "the API's certificate authority", pointer + "/configMap/name"
        if "serviceAccountToken" in source:
            audience = text(source, "serviceAccountToken", "audience") or ""
            if is_for_the_api(audience, settings.api_audience):
                yield Strength.PROOF, "a token for the API", pointer + "/serviceAccountToken"
            elif _PLACEHOLDER.search(audience):
                yield Strength.STRONG, f"a token for {audience}, which may be the API", pointer + "/serviceAccountToken"
        secret = text(source, "secret", "name")
        if secret and (owner := _owner(secret, view)) and (strength := _weight(_keys(mapping(source, "secret")))):
            yield strength, f"the token Secret {secret} of account {owner}", pointer + "/secret/name"


def _keys(secret: dict[str, Value]) -> set[str]:
    """What a volume or source takes of a token Secret."""
    items = {key for item in sequence(secret, "items") if (key := text(item, "key"))}
    return items or {"token"}


def _weight(keys: set[str]) -> Strength | None:
    """The token is proof. Who takes the API's certificate without it talks to the API all the same (R-E3); the
    namespace alone says nothing. A converted volume must weigh what it weighed before."""
    if "token" in keys:
        return Strength.PROOF
    return Strength.STRONG if "ca.crt" in keys else None


def _of_environment(container: dict[str, Value], view: View) -> Iterator[tuple[Strength, str, str]]:
    for index, item in enumerate(sequence(container, "env")):
        secret = text(item, "valueFrom", "secretKeyRef", "name")
        weight = _weight({text(item, "valueFrom", "secretKeyRef", "key") or ""})
        if secret and weight and (owner := _owner(secret, view)):
            yield weight, f"variable {text(item, 'name')} comes from the token Secret {secret} of account {owner}", f"/env/{index}"
        if text(item, "valueFrom", "configMapKeyRef", "name") == ROOT_CA:
            yield Strength.STRONG, f"variable {text(item, 'name')} holds the API's certificate authority", f"/env/{index}"
    for index, item in enumerate(sequence(container, "envFrom")):
        secret = text(item, "secretRef", "name")
        if secret and (owner := _owner(secret, view)):
            yield Strength.PROOF, f"its variables come from the token Secret {secret} of account {owner}", f"/envFrom/{index}"


def _owner(secret: str, view: View) -> str | None:
    """The account whose token a Secret surely holds; medium and low tiers are no evidence (R-B7)."""
    owner = view.token_owner(secret)
    return owner[0] if owner is not None and owner[1] in ("certain", "high") else None


SOURCE = EvidenceSource("token-volume", (Sign.MOUNTED_TOKEN,), _find)
