"""Places outside RBAC that name an account: identity strings of clouds, meshes and vaults, and references (domain D.1, R-D1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.values import Value, mapping, pointer, resolve, sequence, text
from samigrate.domain.model import Resource, Workload


class Identity(NamedTuple):
    """A place that names an account outside RBAC. `namespace` is None where the place does not say; both may hold
    wildcards. `form` is "text" for what identifies a workload, "login" for a role that its token logs in to, "rights"
    for a subject of a binding that stands inside another object, "selector" for what goes by the account's labels or by
    the workload's own (see `is_selected`), "reference" for a field that only uses the account as a credential of its own
    (R-D21). `pointer` leads to the entry: a string, or a mapping with name and namespace."""

    namespace: str | None
    name: str
    form: str
    resource: Resource
    pointer: str


_NAME = r"(?P<name>\([-a-z0-9.|]{1,500}\)|[-a-z0-9.*]{1,253})"
_SPACE = r"(?P<ns>[^\s:/\[\]\"',]{1,120}|\[[^\]]{1,60}\][*+]?)"
"""As long as names may be, so that a long text is read once."""
_FORMS = (
    re.compile(rf"system:serviceaccount:{_SPACE}:{_NAME}"),
    re.compile(rf"ns/{_SPACE}/sa/{_NAME}"),
    re.compile(rf"(?<![-a-z0-9.*]){_NAME}\.(?P<ns>[-a-z0-9*]{{1,63}})\.serviceaccount\.identity\."),
    re.compile(rf"svc\.id\.goog\[{_SPACE}/{_NAME}\]"),
    re.compile(rf"\bk8s:sa:{_NAME}(?P<ns>)"),
)
_PLAIN = re.compile(r"[-a-z0-9.*]*")
_CREDENTIALS = ("serviceAccountName", "serviceAccountRef", "serviceAccount")
_LISTS = frozenset(("serviceAccounts", "notServiceAccounts"))
_LOGINS = {
    "bound_service_account_names": ("bound_service_account_namespaces",),
    "boundServiceAccountNames": ("boundServiceAccountNamespaces",),
    "targetServiceAccounts": ("targetNamespaces", "targetNamespaces"),
}
"""Fields of a Vault role that list the accounts which may log in, and where their namespaces are, beside them."""
_GRANTS = frozenset(("roleRef", "roleBindings", "clusterRoleBindings", "clusterRoleName", "roleName"))
"""Fields beside `subjects` by which they are given rights: a binding within another object, or an operator's word for it."""
_CILIUM = "policy.serviceaccount"
_LABELS = (_CILIUM, "kuma.io/service-account")
"""Labels that a mesh or a network gives to a pod by its account, as they end."""
_NAMESPACES = ("k8s.kuma.io/namespace", "k8s:io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace")
"""Labels that say the namespace beside those."""
_BY_NAME = re.compile(r"""(?:projectcalico\.org/name|kubernetes\.io/metadata\.name)\s*==\s*(['"])([-a-z0-9]+)\1""")
_SUBJECT = re.compile(r"kind:\s*ServiceAccount\s+name:\s*([-a-z0-9.]+)")
_OF_THE_CLUSTER = ("Cluster", "Global")
_TEMPLATE = re.compile(r"\.PodSpec\.ServiceAccountName\b|\.PodSpec\.DeprecatedServiceAccount\b")


def identities(resource: Resource) -> Iterator[Identity]:
    """Every such place in the object, RBAC subjects and pod specs included: the caller knows which those are."""
    yield from _of(resource, resource.value, "", "", "")


def is_wildcard(identity: Identity) -> bool:
    return "*" in identity.name or "*" in (identity.namespace or "")


def covers(pattern: str, name: str) -> bool:
    """Whether a name, or a pattern with `*`, covers a name."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))  # which never tries twice, as `.*` would


def _of(resource: Resource, value: Value, json_pointer: str, key: str, above: str) -> Iterator[Identity]:
    if isinstance(value, dict):
        yield from _in_mapping(resource, value, json_pointer)
        for name, item in value.items():
            if name not in _LOGINS and not (name in _CREDENTIALS and _is_apart(value, name)):
                yield from _of(resource, item, json_pointer + pointer(name), name, key)
    elif isinstance(value, list):
        names_accounts = key in _LISTS or (key == "names" and above == "serviceAccounts")
        for index, item in enumerate(value):
            if isinstance(item, str) and names_accounts:
                namespace, _, name = item.rpartition("/")
                yield Identity(namespace or None, name, "text", resource, f"{json_pointer}/{index}")
            elif key == "serviceAccounts" and (name := text(item, "metadata", "name") or ""):  # eksctl
                yield Identity(text(item, "metadata", "namespace") or "default", name, "text", resource, f"{json_pointer}/{index}")
            else:
                yield from _of(resource, item, f"{json_pointer}/{index}", key, above)
    elif isinstance(value, str):
        yield from _in_text(resource, value, json_pointer, key)


def _is_apart(value: dict[str, Value], name: str) -> bool:
    """Whether an account's name and its namespace stand in fields of their own, side by side: an identity, as a cloud's
    associations have it."""
    return isinstance(value.get("namespace"), str) and bool(text(value, name))


def _in_mapping(resource: Resource, value: dict[str, Value], json_pointer: str) -> Iterator[Identity]:
    yield from _granted(resource, value, json_pointer)
    if value.get("kind") == "ServiceAccount" and (name := text(value, "name")):
        yield Identity(text(value, "namespace"), name, "text", resource, json_pointer)
    if name := text(value, "serviceAccount", "name"):  # FlowSchema and Antrea
        yield Identity(text(value, "serviceAccount", "namespace"), name, "text", resource, json_pointer)
    if name := text(value, "serviceAccountRef", "name"):  # External Secrets, cert-manager, Infisical
        yield Identity(text(value, "serviceAccountRef", "namespace"), name, "reference", resource, f"{json_pointer}/serviceAccountRef")
    for key in _CREDENTIALS:
        if _is_apart(value, key):
            yield Identity(text(value, "namespace"), value[key], "text", resource, json_pointer + pointer(key))
    yield from _logins(resource, value, json_pointer)
    yield from _labels(resource, value, json_pointer)
    yield from _selectors(resource, value, json_pointer)


def _granted(resource: Resource, value: dict[str, Value], json_pointer: str) -> Iterator[Identity]:
    """Who is given rights by a mapping."""
    if not _GRANTS.isdisjoint(value):
        stated = text(value, "metadata", "namespace")
        for index, entry in enumerate(sequence(value, "subjects")):
            if name := _subject(entry, stated):
                yield Identity(*name, "rights", resource, f"{json_pointer}/subjects/{index}")
        for index, entry in enumerate(sequence(value, "userNames")):
            if isinstance(entry, str) and (name := _subject({"name": entry}, None)):
                yield Identity(*name, "rights", resource, f"{json_pointer}/userNames/{index}")
    for index, entry in enumerate(sequence(value, "owners")):  # Capsule
        if text(entry, "kind") == "ServiceAccount" and (name := _subject(entry, None)):
            yield Identity(*name, "rights", resource, f"{json_pointer}/owners/{index}")


def _subject(entry: Value, namespace: str | None) -> tuple[str | None, str] | None:
    """The namespace and the name of the account that a subject is."""
    name = text(entry, "name") or ""
    if hit := _FORMS[0].fullmatch(name):
        return _known(hit["ns"]), hit["name"]
    if text(entry, "kind") != "ServiceAccount" or not name:
        return None
    stated = text(entry, "namespace") or namespace
    return stated and _known(stated), name


def _known(namespace: str) -> str:
    """A namespace as it is matched: what is a placeholder, or an expression, may be any."""
    return namespace if _PLAIN.fullmatch(namespace) else "*"


def _granted_in_text(resource: Resource, value: str, json_pointer: str) -> Iterator[Identity]:
    """Bindings in a text that holds manifests: it may be applied later, here or in another cluster."""
    for document in re.split(r"^---.*$", value, flags=re.MULTILINE):
        if "ServiceAccount" in document and any(word in document for word in _GRANTS):
            try:
                result = yamltext.load(document).value
            except yamltext.YamlError:  # a template, say: nothing is known but that the account is named
                for hit in _SUBJECT.finditer(document):
                    yield Identity("*", hit[1], "rights", resource, json_pointer)
                continue
            if isinstance(result, dict):
                yield from (
                    identity._replace(pointer=json_pointer) for identity in _of(resource, result, "", "", "") if identity.form == "rights"
                )


def _logins(resource: Resource, value: dict[str, Value], json_pointer: str) -> Iterator[Identity]:
    for key, beside in _LOGINS.items():
        spaces: Sequence[str | None] = [one for one in sequence(value, *beside) if isinstance(one, str)] or [None]
        for index, name in enumerate(sequence(value, key)):
            if isinstance(name, str):
                yield from (Identity(space, name, "login", resource, f"{json_pointer}{pointer(key)}/{index}") for space in spaces)


def _labels(resource: Resource, value: dict[str, Value], json_pointer: str) -> Iterator[Identity]:
    namespace = next((found for key in _NAMESPACES if (found := text(value, key))), None)
    for key, item in value.items():
        if key.endswith(_LABELS) and isinstance(item, str):
            yield Identity(namespace, item, "text", resource, json_pointer + pointer(key))
    if (text(value, "key") or "").endswith(_LABELS):
        for index, item in enumerate(sequence(value, "values")):
            if isinstance(item, str):
                yield Identity(None, item, "text", resource, f"{json_pointer}/values/{index}")


def _selectors(resource: Resource, value: dict[str, Value], json_pointer: str) -> Iterator[Identity]:
    namespace = "*" if resource.id.kind.startswith(_OF_THE_CLUSTER) else None
    spaces: Sequence[str | None] = _namespaces(value.get("namespaceSelector")) or [namespace]
    result = [key for key in ("serviceAccountSelector", "spiffeIDTemplate") if value.get(key)]
    result += ["serviceAccounts/selector"] if text(value, "serviceAccounts", "selector") else []
    for key in result:
        yield from (Identity(space, "*", "selector", resource, f"{json_pointer}/{key}") for space in spaces)


def _namespaces(selector: Value) -> list[str]:
    """The namespaces that a selector names, where it goes by their names alone."""
    if isinstance(selector, str):
        return [hit[2] for hit in [_BY_NAME.fullmatch(selector.strip())] if hit]
    name = text(selector, "matchLabels", "kubernetes.io/metadata.name")
    return [name] if name else []


def is_selected(identity: Identity, account: str, labels: Mapping[str, Value], workload: Workload) -> bool:
    """Whether a selector tells the account apart by a label that it has, or makes an identity of its name for such a
    pod. Calico gives every account a label with its name."""
    value = resolve(identity.resource.value, identity.pointer)
    if identity.pointer.endswith("/spiffeIDTemplate"):
        pods = mapping(identity.resource.value, "spec", "podSelector")
        return _TEMPLATE.search(str(value)) is not None and _may_select(pods, mapping(workload.metadata, "labels"))
    if isinstance(value, str):
        words = set(re.findall(r"[\w./-]+", value))
        return bool(words & labels.keys()) or ("projectcalico.org/name" in words and account in words)
    keys = [text(one, "key") for one in sequence(value, "matchExpressions")]
    return not labels.keys().isdisjoint([*mapping(value, "matchLabels"), *filter(None, keys)])


def _may_select(selector: Mapping[str, Value], labels: Mapping[str, Value]) -> bool:
    """Whether a label selector may be true of the labels; one that says more than what they are is taken to be."""
    return all(labels.get(key) == item for key, item in mapping(selector, "matchLabels").items())


def _in_text(resource: Resource, value: str, json_pointer: str, key: str) -> Iterator[Identity]:
    if key in _CREDENTIALS and value:
        yield Identity(None, value, "reference", resource, json_pointer)
    elif len(value) > 5:
        if "subjects" in value:
            yield from _granted_in_text(resource, value, json_pointer)
        for form in _FORMS:
            for hit in form.finditer(value):
                for name in _alternatives(hit["name"]):
                    yield Identity(_known(hit["ns"]) or None, name, "text", resource, json_pointer)


def _alternatives(name: str) -> list[str]:
    """The names that a text matches, which may be part of a regular expression."""
    names = name[1:-1].split("|") if name.startswith("(") else [name]
    return [one.replace(".*", "*").rstrip(".") for one in names]
