"""Places outside RBAC that name an account: identity strings of clouds, meshes and vaults, and references (domain D.1, R-D1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from samigrate.model import Resource
from samigrate.values import Value, pointer, sequence, text


class Identity(NamedTuple):
    """A place that names an account outside RBAC. `namespace` is None where the place does not say; both may hold
    wildcards. `form` is "text" for what identifies a workload, "reference" for a field that only uses the account as
    a credential of its own (R-D21). `pointer` leads to the entry: a string, or a mapping with name and namespace."""

    namespace: str | None
    name: str
    form: str
    resource: Resource
    pointer: str


MARKERS = (
    "system:serviceaccount:",
    "/sa/",
    ".serviceaccount.identity.",
    "svc.id.goog[",
    "k8s:sa:",
    "policy.serviceaccount",
    "serviceAccount",
    "ServiceAccount",
    "service_account_name",
)
"""Words without which a text names no account."""
_NAME = r"(?P<name>[-a-z0-9.*]+)"
_SPACE = r"(?P<ns>[-a-z0-9.*]+)"
_FORMS = (
    re.compile(rf"system:serviceaccount:{_SPACE}:{_NAME}"),
    re.compile(rf"ns/{_SPACE}/sa/{_NAME}"),
    re.compile(rf"{_NAME}\.(?P<ns>[-a-z0-9*]+)\.serviceaccount\.identity\."),
    re.compile(rf"svc\.id\.goog\[{_SPACE}/{_NAME}\]"),
    re.compile(rf"\bk8s:sa:{_NAME}(?P<ns>)"),
)
_CREDENTIALS = frozenset(("serviceAccountName", "serviceAccountRef", "serviceAccount"))
_LISTS = frozenset(("serviceAccounts", "notServiceAccounts", "targetServiceAccounts", "bound_service_account_names"))
_CILIUM = "policy.serviceaccount"


def identities(resource: Resource) -> Iterator[Identity]:
    """Every such place in the object, RBAC subjects and pod specs included: the caller knows which those are."""
    yield from _of(resource, resource.value, "", "", "")


def is_wildcard(identity: Identity) -> bool:
    return "*" in identity.name or "*" in (identity.namespace or "")


def covers(pattern: str, name: str) -> bool:
    """Whether a name, or a pattern with `*`, covers a name."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def _of(resource: Resource, value: Value, where: str, key: str, above: str) -> Iterator[Identity]:
    if isinstance(value, dict):
        yield from _in_mapping(resource, value, where)
        for name, item in value.items():
            yield from _of(resource, item, where + pointer(name), name, key)
    elif isinstance(value, list):
        names_accounts = key in _LISTS or (key == "names" and above == "serviceAccounts")
        for index, item in enumerate(value):
            if isinstance(item, str) and names_accounts:
                namespace, _, name = item.rpartition("/")
                yield Identity(namespace or None, name, "text", resource, f"{where}/{index}")
            else:
                yield from _of(resource, item, f"{where}/{index}", key, above)
    elif isinstance(value, str):
        yield from _in_text(resource, value, where, key)


def _in_mapping(resource: Resource, value: dict[str, Value], where: str) -> Iterator[Identity]:
    if value.get("kind") == "ServiceAccount" and (name := text(value, "name")):
        yield Identity(text(value, "namespace"), name, "text", resource, where)
    if name := text(value, "serviceAccount", "name"):  # FlowSchema and Antrea
        yield Identity(text(value, "serviceAccount", "namespace"), name, "text", resource, where)
    if name := text(value, "serviceAccountRef", "name"):  # External Secrets, cert-manager, Infisical
        yield Identity(text(value, "serviceAccountRef", "namespace"), name, "reference", resource, f"{where}/serviceAccountRef")
    for key, item in value.items():
        if key.endswith(_CILIUM) and isinstance(item, str):
            yield Identity(None, item, "text", resource, where + pointer(key))
    if (text(value, "key") or "").endswith(_CILIUM):
        for index, item in enumerate(sequence(value, "values")):
            if isinstance(item, str):
                yield Identity(None, item, "text", resource, f"{where}/values/{index}")


def _in_text(resource: Resource, value: str, where: str, key: str) -> Iterator[Identity]:
    if key in _CREDENTIALS and value:
        yield Identity(None, value, "reference", resource, where)
    elif len(value) > 5:
        for form in _FORMS:
            for hit in form.finditer(value):
                yield Identity(hit["ns"] or None, hit["name"].rstrip("."), "text", resource, where)
