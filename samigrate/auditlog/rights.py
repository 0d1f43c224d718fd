"""What manifests grant to an account, and which of it calls need: RBAC rules as the API server matches them
(k8s.io/kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from samigrate.base.values import mapping, sequence, text

ALL = "*"


class Need(NamedTuple):
    """One right. `resource` has its subresource; where it is "", `path` is the URL. `namespace` is "" for all of the
    cluster; `names` are () for any object."""

    namespace: str
    verb: str
    group: str
    resource: str
    path: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"{self.resource}.{self.group}" if self.group else self.resource or self.path
        names = f" {', '.join(self.names)}" if self.names else ""
        where = f" in {self.namespace}" if self.namespace else " in all of the cluster" if self.resource else ""
        return f"{self.verb} {what}{names}{where}"


class Granted(NamedTuple):
    """A role that a binding gives; `rules` is None where the role is not among the manifests, `namespace` "" for all."""

    binding: str
    role: str
    namespace: str
    rules: tuple[Mapping[str, Any], ...] | None

    def __str__(self) -> str:
        return f"{self.role} by {self.binding}"


def granted(objects: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[Granted]]:
    """What bindings among the objects grant, by namespace and name of the account."""
    roles = {_key(one): one for one in objects if one.get("kind") in ("Role", "ClusterRole")}
    result: dict[tuple[str, str], list[Granted]] = {}
    for one in objects:
        if one.get("kind") not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        home = (text(one, "metadata", "namespace") or "") if one["kind"] == "RoleBinding" else ""
        reference = mapping(one, "roleRef")
        kind, name = text(reference, "kind") or "", text(reference, "name") or ""
        role = roles.get((kind, home if kind == "Role" else "", name), {})
        is_known = role and "aggregationRule" not in role
        rules = tuple(rule for rule in sequence(role, "rules") if isinstance(rule, dict)) if is_known else None
        binding = f"{one['kind']} {home}/{text(one, 'metadata', 'name')}".replace(" /", " ")
        for account in _subjects(one, home):
            result.setdefault(account, []).append(Granted(binding, f"{kind} {name}", home, rules))
    return result


def _key(role: Mapping[str, Any]) -> tuple[str, str, str]:
    namespace = text(role, "metadata", "namespace") if role["kind"] == "Role" else None
    return str(role["kind"]), namespace or "", text(role, "metadata", "name") or ""


def _subjects(binding: Mapping[str, Any], home: str) -> Iterator[tuple[str, str]]:
    for subject in sequence(binding, "subjects"):
        name = text(subject, "name") or ""
        if text(subject, "kind") == "ServiceAccount":
            yield text(subject, "namespace") or home, name
        elif text(subject, "kind") == "User" and name.startswith("system:serviceaccount:") and name.count(":") == 3:
            yield name.split(":")[2], name.split(":")[3]


def covers(grant: Granted, need: Need) -> bool:
    """Whether a role whose rules are known gives the right."""
    if grant.namespace and (grant.namespace != need.namespace or not need.resource):
        return False
    return any(matches(rule, need) for rule in grant.rules or ())


def matches(rule: Mapping[str, Any], need: Need) -> bool:
    if not {ALL, need.verb} & _set(rule, "verbs"):
        return False
    if not need.resource:
        return any(url == need.path or (url.endswith(ALL) and need.path.startswith(url[:-1])) for url in _set(rule, "nonResourceURLs"))
    names, (_, _, subresource) = _set(rule, "resourceNames"), need.resource.partition("/")
    accepted = {ALL, need.resource, *([f"*/{subresource}"] if subresource else [])}
    has_name = not names or (bool(need.names) and set(need.names) <= names)
    return bool({ALL, need.group} & _set(rule, "apiGroups")) and bool(accepted & _set(rule, "resources")) and has_name


def unused(grant: Granted, needs: Iterable[Need]) -> Iterator[str]:
    """What the role gives and no call needs, as sentences: `delete, patch deployments.apps`."""
    wanted = list(needs)
    idle: dict[str, list[str]] = {}
    for rule in grant.rules or ():
        for what, narrow in _parts(rule):
            for verb in sorted(_set(rule, "verbs")):
                part = narrow | {"verbs": [verb]}
                if not any(covers(grant._replace(rules=(part,)), need) for need in wanted):
                    idle.setdefault(what, []).append(verb)
    return (f"{', '.join(dict.fromkeys(verbs))} {what}" for what, verbs in idle.items())


def _parts(rule: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A rule cut by resource and by URL, each with words for it."""
    names = sorted(_set(rule, "resourceNames"))
    suffix = f" {', '.join(names)}" if names else ""
    for group in sorted(_set(rule, "apiGroups")):
        for resource in sorted(_set(rule, "resources")):
            what = f"{resource}.{group}" if group else resource
            yield what + suffix, {"apiGroups": [group], "resources": [resource], "resourceNames": names}
    for url in sorted(_set(rule, "nonResourceURLs")):
        yield url, {"nonResourceURLs": [url]}


def _set(rule: Mapping[str, Any], key: str) -> set[str]:
    return {item for item in sequence(rule, key) if isinstance(item, str)}
