"""What a patch makes of an object: a strategic merge, or JSON 6902 operations.

Lists whose entries have a key, in objects of Kubernetes' own kinds, are merged by it; all other lists are replaced.
Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samigrate.base.values import Value, at, mapping, resolve, text
from samigrate.domain.json_patch import Inapplicable, apply
from samigrate.domain.model import NOWHERE, Operation
from samigrate.kustomize.selecting import api

_KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("containers", "initContainers", "ephemeralContainers", "volumes", "env", "webhooks"), ("name",)),
    **dict.fromkeys(("imagePullSecrets", "secrets", "resourceClaims", "schedulingGates"), ("name",)),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
}
"""What the entries of a list are known by, by the list's field."""
_OWN_GROUPS = frozenset(("", "apps", "batch", "extensions", "policy", "autoscaling"))
_OWN_APIS = frozenset(("rbac.authorization", "networking", "admissionregistration", "apiextensions", "apiregistration", "storage"))
"""Those of Kubernetes' own groups that end in `.k8s.io`."""
_DIRECTIVE = "$patch"


def patched(value: Value, patch: Value) -> Value:
    """The object after a patch; None where the patch deletes it."""
    if isinstance(patch, list):
        return _operated(value, patch)
    if text(patch, _DIRECTIVE) == "delete":
        return None
    metadata = {key: one for key, one in mapping(patch, "metadata").items() if key not in ("name", "namespace")}
    group = api(value)[0]
    is_keyed = group in _OWN_GROUPS or group.removesuffix(".k8s.io") in _OWN_APIS
    return merged(value, {**mapping(patch), "metadata": metadata}, is_keyed=is_keyed)


def merged(value: Value, patch: Value, *, is_keyed: bool, field: str = "") -> Value:
    """A strategic merge of what stands in a field."""
    if isinstance(patch, dict):
        content = {key: one for key, one in patch.items() if not key.startswith("$")}
        if not isinstance(value, dict) or patch.get(_DIRECTIVE) == "replace":
            return {key: merged(None, one, is_keyed=is_keyed, field=key) for key, one in content.items() if one is not None}
        result = dict(value)
        for key, entry in content.items():
            if entry is None or _directive(entry) == "delete":
                result.pop(key, None)
            else:
                result[key] = merged(value.get(key), entry, is_keyed=is_keyed, field=key)
        return result
    if isinstance(patch, list):
        return _merged_list(value if isinstance(value, list) else [], patch, field, is_keyed=is_keyed)
    return patch


def _directive(value: Value) -> str | None:
    return text(value, _DIRECTIVE)


def _merged_list(value: Sequence[Value], patch: Sequence[Value], field: str, *, is_keyed: bool) -> list[Value]:
    entries = [one for one in patch if not (isinstance(one, dict) and set(one) == {_DIRECTIVE})]
    keys = _KEYS.get(field, ()) if is_keyed else ()
    key = next((each for each in keys if entries and all(_is_known(one, each) for one in entries)), None)
    if key is None or len(entries) < len(patch):  # `- $patch: replace` says that the rest is the whole list
        return [merged(None, one, is_keyed=is_keyed) if isinstance(one, dict) else one for one in entries]
    changes = {one[key]: one for one in entries if _directive(one) != "delete"}
    gone = [one[key] for one in entries if _directive(one) == "delete"]
    remaining = [one for one in value if not isinstance(one, dict) or one.get(key) not in gone]
    existing = [one[key] for one in remaining if _is_known(one, key)]
    new = [merged(None, one, is_keyed=is_keyed) for called, one in changes.items() if called not in existing]
    return [*new, *(_merged_entry(one, key, changes, is_keyed=is_keyed) for one in remaining)]


def _is_known(entry: Value, key: str) -> bool:
    """Whether an entry of a list can be known by a key: not by what YAML makes of a name that is filled in later."""
    return isinstance(at(entry, key), str | int)


def _merged_entry(entry: Value, key: str, changes: Mapping[Value, Value], *, is_keyed: bool) -> Value:
    change = changes.get(entry[key]) if _is_known(entry, key) else None
    return entry if change is None else merged(entry, change, is_keyed=is_keyed)


def _operated(value: Value, patch: Sequence[Value]) -> Value:
    for entry in patch:
        op, path, start = text(entry, "op"), text(entry, "path"), text(entry, "from")
        try:
            if op in ("add", "replace") and path is not None:
                value = apply(value, Operation(NOWHERE, op, path, entry.get("value")))
            elif op == "remove" and path is not None:
                value = apply(value, Operation(NOWHERE, "remove", path))
            elif op in ("copy", "move") and path is not None and start is not None:
                content = resolve(value, start)
                value = apply(value, Operation(NOWHERE, "remove", start)) if op == "move" else value
                value = apply(value, Operation(NOWHERE, "add", path, content))
        except Inapplicable:
            continue  # kustomize refuses the whole build
    return value
