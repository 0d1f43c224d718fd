"""Who is in a scope, and who names whom: the lookups that decisions are made from.

A `Layer` indexes the resources of some files; a `Scope` is what is applied together; a `View` is a scope as one
workload sees it. A namespace that no manifest states is a symbol of its scope: equal to itself, in doubt against
a concrete one (domain R-D2).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

from samigrate.kustomize.overlays import Overlay
from samigrate.model import TOKEN_SECRET_TYPE, Resource, Workload
from samigrate.scope.identities import Identity, covers
from samigrate.scope.layer import RBAC, Layer, Subject
from samigrate.tokens import TokenSecret, named_account
from samigrate.values import at, mapping, text

T = TypeVar("T")
CLUSTER_SCOPED = frozenset(
    {
        *("Namespace", "Project", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "APIService"),
        *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"),
        *("PriorityClass", "StorageClass", "SecurityContextConstraints", "FlowSchema", "ClusterPolicy"),
    }
)


class Match(enum.IntEnum):
    """Three values: an in-doubt match counts as strong evidence, never as licence to edit."""

    DIFFERENT = 0
    DOUBT = 1
    SAME = 2


class Seen(NamedTuple):
    """A resource as a workload sees it: `namespace` resolved in this scope (None: not stated), `match` against
    the workload's own namespace (SAME or DOUBT; never DIFFERENT)."""

    resource: Resource
    namespace: str | None
    match: Match


class Grant(NamedTuple):
    """A (Cluster)RoleBinding entry that names an account. `pointer` leads to the entry in `binding`; `role` is the
    Role or ClusterRole, None where the input does not hold it; `via` is "account", "user" or "group"."""

    binding: Resource
    pointer: str
    role: Resource | None
    role_kind: str
    role_name: str
    match: Match
    via: str


class Answers(NamedTuple):
    """What was asked of one namespace of a scope before: its workloads all get the same."""

    grants: dict[str, list[Grant]]
    users: dict[str, list[Workload]]
    user_names: dict[str, list[str]]


@dataclass(frozen=True, eq=False)
class Scope:
    """What is applied together. `near` layers share the scope's own symbol for a namespace nobody states; `far`
    layers are seen through concrete namespaces only. `default` tells the namespace of objects that state none, by path,
    `overrides` the namespace that a kustomization sets; `overlay` is what else the kustomizations of a build do, None
    for what is no build. `answers` are what was asked of each namespace before."""

    name: str
    near: tuple[Layer, ...]
    far: tuple[Layer, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    default: Callable[[str], str | None] = lambda path: None
    overlay: Overlay | None = None
    answers: dict[str | None, Answers] = field(default_factory=dict)

    @cached_property
    def near_paths(self) -> frozenset[str]:
        return frozenset(resource.at.path for layer in self.near for resource in layer.resources)

    def namespace(self, resource: Resource) -> str | None:
        """The namespace the object lands in; None where nobody states it, and for cluster-scoped kinds."""
        if resource.id.kind in CLUSTER_SCOPED:
            return None
        return self.overrides.get(resource.at.path) or resource.id.namespace or self.default(resource.at.path)

    def subject_namespace(self, subject: Subject) -> str | None:
        """The namespace a subject means. A RoleBinding's own where it states none; kustomize's `namespace:`
        rewrites the subject `default` always, and others where the account is in the build (ecosystem facts)."""
        override = self.overrides.get(subject.binding.at.path)
        if override and subject.via == "account" and self._is_rewritten(subject):
            return override
        if subject.namespace is None and subject.binding.id.kind == "RoleBinding":
            return self.namespace(subject.binding)
        return subject.namespace

    def _is_rewritten(self, subject: Subject) -> bool:
        if subject.name == "default" or subject.namespace is None:
            return True
        accounts = [account for layer in self.near for account in layer.by_name.get(("", "ServiceAccount", subject.name), [])]
        return any(subject.namespace == (account.id.namespace or "default") for account in accounts)


def compare(one: str | None, other: str | None, *, near: bool) -> Match:
    """Two namespaces, None being the scope's own symbol. Outside the symbol's reach only equal names match."""
    if one is not None and one == other:
        return Match.SAME
    if not near or (one is not None and other is not None):
        return Match.DIFFERENT
    return Match.SAME if one is other else Match.DOUBT


class View:
    """A scope as one workload sees it."""

    def __init__(self, scope: Scope, workload: Workload) -> None:
        self.scope = scope
        self.namespace = scope.namespace(workload.resource)
        self._answers = scope.answers.setdefault(self.namespace, Answers({}, {}, {}))
        self._owners: dict[str, TokenSecret | None] = {}
        self._account = workload.spec.account

    def elsewhere(self, namespace: str | None) -> View:
        """The same scope as an object of another namespace sees it."""
        other = copy(self)
        other.namespace, other._owners = namespace, {}
        return other

    def resources(self) -> Iterator[Resource]:
        """Every object in the workload's namespace, or maybe in it, and every cluster-scoped one."""
        return (one for one, near in self._reach(lambda layer: layer.resources, _itself) if self._seen(one, near))

    def _reach(self, get: Callable[[Layer], Iterable[T]], of: Callable[[T], Resource]) -> Iterator[tuple[T, bool]]:
        """What the layers hold, each thing once, and whether the scope's own symbol reaches it."""
        for layer in self.scope.near:
            for item in get(layer):
                yield item, True
        for layer in self.scope.far:
            for item in get(layer):
                if of(item).at.path not in self.scope.near_paths:
                    yield item, False

    def _seen(self, resource: Resource, near: bool) -> Seen | None:
        if resource.id.kind in CLUSTER_SCOPED:
            return Seen(resource, None, Match.SAME)
        namespace = self.scope.namespace(resource)
        match = compare(self.namespace, namespace, near=near)
        return Seen(resource, namespace, match) if match else None

    def _named(self, group: str, kind: str, name: str) -> Iterator[Resource]:
        return (one for one, _ in self._reach(lambda layer: layer.by_name.get((group, kind, name), ()), _itself))

    def find(self, group: str, kind: str, name: str) -> list[Seen]:
        """Objects of that name in the workload's namespace (SAME) or maybe in it (DOUBT)."""
        found = self._reach(lambda layer: layer.by_name.get((group, kind, name), ()), _itself)
        return [seen for one, near in found if (seen := self._seen(one, near))]

    def all(self, group: str, kind: str) -> list[Seen]:
        """Every object of a kind in the workload's namespace, or maybe in it; every one of a cluster-scoped kind."""
        found = self._reach(lambda layer: layer.by_kind.get((group, kind), ()), _itself)
        return [seen for one, near in found if (seen := self._seen(one, near))]

    def everywhere(self, group: str, kind: str) -> list[Resource]:
        """Every object of a kind in the scope, whatever its namespace."""
        return [one for one, _ in self._reach(lambda layer: layer.by_kind.get((group, kind), ()), _itself)]

    def grants(self, account: str) -> list[Grant]:
        """What names the account of that name in the workload's namespace, directly (R-D3)."""
        if account not in self._answers.grants:
            self._answers.grants[account] = self._grants(account)
        return self._answers.grants[account]

    def _grants(self, account: str) -> list[Grant]:
        return [
            self._grant(subject, match)
            for subject, near in self._reach(lambda layer: layer.subjects.get(("account", account), ()), _binding)
            if (match := compare(self.namespace, self.scope.subject_namespace(subject), near=near))
        ]

    def group_grants(self) -> list[Grant]:
        """What every account of the workload's namespace holds."""
        names = ["system:serviceaccounts", *([f"system:serviceaccounts:{self.namespace}"] if self.namespace else [])]
        found = self._reach(lambda layer: [one for name in names for one in layer.subjects.get(("group", name), ())], _binding)
        return [self._grant(subject, Match.SAME) for subject, _ in found]

    def _grant(self, subject: Subject, match: Match) -> Grant:
        reference = mapping(subject.binding.value, "roleRef")
        kind = text(reference, "kind") or ("Role" if text(reference, "namespace") else "ClusterRole")
        name = text(reference, "name") or ""
        return Grant(subject.binding, subject.pointer, self._role(subject.binding, kind, name), kind, name, match, subject.via)

    def _role(self, binding: Resource, kind: str, name: str) -> Resource | None:
        home = self.scope.namespace(binding)
        for group in (RBAC, binding.id.group):
            for role in self._named(group, kind, name):
                if kind == "ClusterRole" or self.scope.namespace(role) == home:
                    return role
        return None

    def account(self, name: str) -> list[Seen]:
        """ServiceAccounts of that name in the workload's namespace, or maybe in it; the surest first."""
        return sorted(self.find("", "ServiceAccount", name), key=lambda seen: -seen.match)

    def token_owner(self, secret: str) -> TokenSecret | None:
        """Whose token a Secret of the workload's namespace holds, by the tiers of R-B7; None for any other Secret."""
        if secret not in self._owners:
            self._owners[secret] = self._find_owner(secret)
        return self._owners[secret]

    def _find_owner(self, secret: str) -> TokenSecret | None:
        held = self.find("", "Secret", secret)
        for seen in held:
            owner = at(seen.resource.value, "metadata", "annotations", "kubernetes.io/service-account.name")
            if text(seen.resource.value, "type") == TOKEN_SECRET_TYPE and isinstance(owner, str) and owner:
                way = self.scope.overlay and self.scope.overlay.way  # where it renames an account, the Secret keeps the old name
                is_other = way and any(way.is_renamed(one.resource.at.path) for one in self.account(owner))
                return TokenSecret(owner, "certain" if seen.match is Match.SAME and not is_other else "medium")
        if held:
            return None  # the input holds it, and it is of another type
        named = named_account(secret)
        if named is None:
            return TokenSecret("", "low") if secret.endswith("-token") else None
        account, is_regular = named
        is_known = account in (self._account, "default") or any(seen.match is Match.SAME for seen in self.account(account))
        return TokenSecret(account, "high" if is_regular and is_known else "medium")

    def identities(self, account: str) -> list[tuple[Identity, Match]]:
        """Places outside RBAC that name the account of that name in the workload's namespace, wildcards included."""
        found = []
        for identity, near in self._reach(lambda layer: (*layer.identities.get(account, ()), *layer.identities.get("*", ())), _named_in):
            if match := self._names(identity, account, near):
                found.append((identity, match))
        return found

    def _names(self, identity: Identity, account: str, near: bool) -> Match:
        stated = identity.namespace if identity.namespace is not None else self.scope.namespace(identity.resource)
        if not covers(identity.name, account):
            return Match.DIFFERENT
        if "*" not in (stated or ""):
            return compare(self.namespace, stated, near=near)
        return Match.SAME if self.namespace is None or covers(stated or "", self.namespace) else Match.DIFFERENT

    def users(self, account: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, that run as the account."""
        if account not in self._answers.users:
            found = self._reach(lambda layer: layer.users.get(account, ()), _object)
            self._answers.users[account] = [one for one, near in found if self._seen(one.resource, near)]
        return self._answers.users[account]

    def user_names(self, account: str) -> list[str]:
        """The same by kind, namespace and name, in order, each once: copies of an object are one user."""
        if account not in self._answers.user_names:
            self._answers.user_names[account] = sorted({str(user.id) for user in self.users(account)})
        return self._answers.user_names[account]

    def claimants(self, name: str, pattern: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, whose account would want that name."""
        return [
            one for one, near in self._reach(lambda layer: layer.claims(pattern).get(name, ()), _object) if self._seen(one.resource, near)
        ]

    def neighbours(self) -> Iterator[Workload]:
        """All workloads of the workload's namespace, or maybe of it."""
        return (one for one, near in self._reach(lambda layer: layer.workloads, _object) if self._seen(one.resource, near))


def _itself(resource: Resource) -> Resource:
    return resource


def _binding(subject: Subject) -> Resource:
    return subject.binding


def _named_in(identity: Identity) -> Resource:
    return identity.resource


def _object(workload: Workload) -> Resource:
    return workload.resource
