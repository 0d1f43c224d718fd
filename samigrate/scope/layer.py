"""The resources of some files, indexed: by kind, by name, and by whom they name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple, TypeVar

from samigrate.base.values import Value, at, sequence, text
from samigrate.domain import account_names as names
from samigrate.domain.model import Resource, Unread, Workload
from samigrate.domain.placeholders import OPEN, is_filled_in
from samigrate.scope.identities import Identity, identities

K = TypeVar("K", bound=Hashable)

RBAC = "rbac.authorization.k8s.io"
BINDINGS = ((RBAC, "RoleBinding"), (RBAC, "ClusterRoleBinding"))
OPENSHIFT_BINDINGS = (("authorization.openshift.io", "RoleBinding"), ("authorization.openshift.io", "ClusterRoleBinding"))


ANY = "*"
"""Stands for names that are not known: they hold a wildcard, or are filled in later."""


class Subject(NamedTuple):
    """Whom a binding names: `pointer` leads to the entry; `via` is "account", "user" or "group"."""

    binding: Resource
    pointer: str
    namespace: str | None
    name: str
    via: str


def subjects(binding: Resource) -> Iterator[Subject]:
    """Who a binding names, its own namespace still to be resolved where a subject states none (R-D3)."""
    for index, entry in enumerate(sequence(binding.value, "subjects")):
        name, kind, pointer = text(entry, "name"), text(entry, "kind"), f"/subjects/{index}"
        if kind == "ServiceAccount" and (name or is_filled_in(at(entry, "name"))):
            yield Subject(binding, pointer, _namespace(entry), name or OPEN, "account")
        if name is None:
            continue
        elif kind == "User" and (user := _user(name)):
            yield Subject(binding, pointer, *user, "user")
        elif kind == "Group" or kind == "SystemGroup":
            yield Subject(binding, pointer, None, name, "group")
    for index, name in enumerate(sequence(binding.value, "userNames")):
        if isinstance(name, str) and (user := _user(name)):
            yield Subject(binding, f"/userNames/{index}", *user, "user")
    for index, name in enumerate(sequence(binding.value, "groupNames")):
        if isinstance(name, str):
            yield Subject(binding, f"/groupNames/{index}", None, name, "group")


def added(before: Iterable[Subject], after: Iterable[Subject]) -> Iterator[Subject]:
    """The accounts that a binding names after a change and not before."""
    known = {(subject.namespace, subject.name) for subject in before}
    return (subject for subject in after if subject.via != "group" and (subject.namespace, subject.name) not in known)


def _namespace(entry: Value) -> str | None:
    stated = at(entry, "namespace")
    return OPEN if isinstance(stated, dict | list) else text(entry, "namespace")


_PART = r"((?:\$\{[^{}]*\}|\{\{.*?\}\}|[^:{}])+)"
_USER = re.compile(f"system:serviceaccount:{_PART}:{_PART}")


def _user(name: str) -> tuple[str, str] | None:
    """The namespace and the name of the account that a user name means (R-D1)."""
    match = _USER.fullmatch(name)
    return (match[1], match[2]) if match else None


class Layer:
    """The resources of some files, indexed by kind, by name, and by whom they name."""

    def __init__(
        self,
        resources: Iterable[Resource],
        workloads: Iterable[Workload],
        marked: frozenset[tuple[str, int, str]],
        unread: Iterable[Unread] = (),
        live: Iterable[Workload] = (),
    ) -> None:
        """`marked`: keys of the resources whose text holds one of MARKERS; `live`: what runs in a cluster as a dump has it,
        each under the name of the workload that people edit."""
        self.unread = tuple(unread)
        self.resources = tuple(resources)
        self.workloads = tuple(workloads)
        self.live = tuple(live)
        self._marked = marked
        self._claims: dict[str, Mapping[str, list[Workload]]] = {}

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, str], list[Resource]]:
        resources: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in self.resources:
            resources[resource.id.group, resource.id.kind].append(resource)
        return dict(resources)

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str, str], list[Resource]]:
        resources: dict[tuple[str, str, str], list[Resource]] = defaultdict(list)
        for resource in self.resources:
            resources[resource.id.group, resource.id.kind, resource.id.name].append(resource)
        return dict(resources)

    @cached_property
    def subjects(self) -> Mapping[tuple[str, str], list[Subject]]:
        """By (via, name); (via, ANY) holds those whose name is filled in later."""
        subjects_by_key: dict[tuple[str, str], list[Subject]] = defaultdict(list)
        for kind in (*BINDINGS, *OPENSHIFT_BINDINGS):
            for binding in self.by_kind.get(kind, []):
                for subject in subjects(binding):
                    via = "group" if subject.via == "group" else "account"
                    is_open = via == "account" and is_filled_in(subject.name)
                    subjects_by_key[via, ANY if is_open else subject.name].append(subject)
        return dict(subjects_by_key)

    @cached_property
    def identities(self) -> Mapping[str, list[Identity]]:
        """By account name; "*" holds those with a wildcard in it."""
        identities_by_key: dict[str, list[Identity]] = defaultdict(list)
        pods = {workload.resource.key for workload in self.workloads}
        for resource in self.resources:
            if resource.key in self._marked and resource.id.kind != "ServiceAccount" and "authorization" not in resource.id.group:
                for identity in identities(resource):
                    if identity.form != "reference" or resource.key not in pods:
                        identities_by_key["*" if "*" in identity.name else identity.name].append(identity)
        return dict(identities_by_key)

    @cached_property
    def users(self) -> Mapping[str, list[Workload]]:
        """Workloads by the account they run as."""
        return _grouped(self.workloads, lambda workload: workload.spec.account)

    @cached_property
    def live_users(self) -> Mapping[str, list[Workload]]:
        """What runs in a cluster, by the account that it runs as."""
        return _grouped(self.live, lambda workload: workload.spec.account)

    @cached_property
    def live_named(self) -> Mapping[tuple[str, str, str], list[Workload]]:
        """What runs in a cluster, by group, kind and name."""
        return _grouped(self.live, lambda workload: (workload.id.group, workload.id.kind, workload.id.name))

    def claims(self, pattern: str) -> Mapping[str, list[Workload]]:
        """Workloads by the name their account would want."""
        if pattern not in self._claims:
            self._claims[pattern] = _grouped(self.workloads, lambda workload: names.candidate(workload, pattern))
        return self._claims[pattern]


def _grouped(workloads: Iterable[Workload], key: Callable[[Workload], K]) -> Mapping[K, list[Workload]]:
    groups: dict[K, list[Workload]] = defaultdict(list)
    for workload in workloads:
        groups[key(workload)].append(workload)
    return dict(groups)
