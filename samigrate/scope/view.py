"""A scope as one workload sees it: what is in its namespace, or maybe in it, and what names its account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import TypeVar

from samigrate.base.values import at, mapping, text
from samigrate.domain import account_names as names
from samigrate.domain.model import CLUSTER_SCOPED, TOKEN_SECRET_TYPE, Location, Resource, Unread, Workload
from samigrate.domain.placeholders import is_filled_in, may_be
from samigrate.domain.tokens import TokenSecret, named_account
from samigrate.scope.elsewhere import There
from samigrate.scope.identities import Identity, covers
from samigrate.scope.index import Answers, Grant, Scope, Seen
from samigrate.scope.layer import ANY, RBAC, Layer, Subject
from samigrate.scope.matching import Match, compare
from samigrate.scope.unread import may_name

T = TypeVar("T")


class View:
    """A scope as one workload sees it; `apart` are the scopes that hold a copy of it, which it does not see."""

    def __init__(self, scope: Scope, workload: Workload) -> None:
        self.scope = scope
        self.namespace = scope.namespace(workload.resource)
        self._answers = scope.answers.setdefault(self.namespace, Answers({}, {}, {}))
        self._owners: dict[str, TokenSecret | None] = {}
        self._account = workload.spec.account
        self.apart = scope.elsewhere.copies(workload.id, self.namespace)

    def moved_to(self, namespace: str | None) -> View:
        """The same scope as an object of another namespace sees it."""
        other = copy(self)
        other.namespace, other._owners = namespace, {}
        other._answers = self.scope.answers.setdefault(namespace, Answers({}, {}, {}))
        return other

    def resources(self) -> Iterator[Resource]:
        """Every object of the scope in the workload's namespace, or maybe in it, and every cluster-scoped one."""
        return (one for one in self._near(lambda layer: layer.resources) if self._seen(one))

    def _near(self, get: Callable[[Layer], Iterable[T]]) -> Iterator[T]:
        """What the scope's own layers hold."""
        return (item for layer in self.scope.near for item in get(layer))

    def _far(self, found: Iterable[There[T]], place: Callable[[T], Location]) -> Iterator[There[T]]:
        """What other scopes hold, each thing once: but for copies of the workload's own environment."""
        seen: set[int] = set()
        for one in found:
            if one.scope is self.scope or one.scope in self.apart or place(one.thing).path in self.scope.paths or id(one.thing) in seen:
                continue
            seen.add(id(one.thing))
            yield one

    def _match(self, one: There[T]) -> Match:
        """How sure it is that what another scope holds is applied together with this one."""
        return Match.DOUBT if one.scope in self.scope.elsewhere.alternatives(self.scope) else Match.SAME

    def _seen(self, resource: Resource) -> Seen | None:
        if resource.id.kind in CLUSTER_SCOPED:
            return Seen(resource, None, Match.SAME)
        namespace = self.scope.namespace(resource)
        match = compare(self.namespace, namespace, near=True)
        return Seen(resource, namespace, match) if match else None

    def find(self, group: str, kind: str, name: str) -> list[Seen]:
        """Objects of that name in the workload's namespace (SAME) or maybe in it (DOUBT)."""
        near = [seen for one in self._near(lambda layer: layer.by_name.get((group, kind, name), ())) if (seen := self._seen(one))]
        namespace = None if kind in CLUSTER_SCOPED else self.namespace
        if namespace is None and kind not in ("Namespace", "Project"):
            return near
        called = self.scope.built_name(name, namespace) if kind == "ServiceAccount" else name
        far = self._far(self.scope.elsewhere.named.get((group, kind, namespace, called), ()), _at)
        return near + [Seen(one.thing, namespace, self._match(one)) for one in far]

    def all(self, group: str, kind: str) -> list[Seen]:
        """Every object of a kind in the workload's namespace, or maybe in it; every one of the scope of a cluster-scoped
        kind."""
        near = [seen for one in self._near(lambda layer: layer.by_kind.get((group, kind), ())) if (seen := self._seen(one))]
        if self.namespace is None:
            return near
        far = self._far(self.scope.elsewhere.of_kind.get((group, kind, self.namespace), ()), _at)
        return near + [Seen(one.thing, self.namespace, self._match(one)) for one in far]

    def everywhere(self, group: str, kind: str) -> list[Resource]:
        """Every object of a kind in the scope, whatever its namespace."""
        return list(self._near(lambda layer: layer.by_kind.get((group, kind), ())))

    def anywhere(self, group: str, kind: str) -> list[Resource]:
        """Every object of a kind in all of the input, but for copies of the workload's own environment."""
        far = self._far(self.scope.elsewhere.by_kind.get((group, kind), ()), lambda one: one.at)
        return self.everywhere(group, kind) + [one.thing for one in far]

    def unread(self, account: str) -> list[Unread]:
        """What could not be read and may speak of the account of that name."""
        near = [one for one in self.scope.unread if may_name(one, account, self.namespace, near=True)]
        far = self._far(self.scope.elsewhere.unread, _at)
        called = self.scope.built_name(account, self.namespace)
        return near + [one.thing for one in far if may_name(one.thing, called, self.namespace, near=False)]

    def grants(self, account: str) -> list[Grant]:
        """What names the account of that name in the workload's namespace, directly (R-D3)."""
        key = account, self.apart
        if key not in self._answers.grants:
            self._answers.grants[key] = [*self._near_grants(account), *self._far_grants(account)]
        return self._answers.grants[key]

    def _near_grants(self, account: str) -> Iterator[Grant]:
        names, mine = self.scope.names_of(account, self.namespace), self.scope.built_name(account, self.namespace)
        for subject in self._near(lambda layer: (one for name in names for one in layer.subjects.get(("account", name), ()))):
            if match := compare(self.namespace, self.scope.subject_namespace(subject), near=True):
                yield _grant(subject, self.scope, match)
        for subject in self.scope.patched_subjects:  # in doubt: the patch may be for another object of the name
            if subject.name in names and compare(self.namespace, self.scope.subject_namespace(subject), near=True):
                yield _grant(subject, self.scope, Match.DOUBT)
        for subject in self._near(lambda layer: layer.subjects.get(("account", ANY), ())):
            is_here, called = compare(self.namespace, self.scope.subject_namespace(subject), near=True), self.scope.subject_name(subject)
            is_named = subject.name == account or called in names
            if is_here and (is_named or is_filled_in(mine) or any(may_be(called, name) for name in names)):
                yield _grant(subject, self.scope, is_here if is_named else Match.DOUBT)

    def _far_grants(self, account: str) -> Iterator[Grant]:
        if self.namespace is None:
            return
        called, known = self.scope.built_name(account, self.namespace), self.scope.elsewhere.subjects
        for one in self._far(known.get((self.namespace, called), ()), _at_binding):
            yield _grant(one.thing, one.scope, self._match(one), is_far=True)
        for one in self._far(known.get((ANY, called), ()), _at_binding):
            if compare(self.namespace, one.scope.subject_namespace(one.thing), near=False):
                yield _grant(one.thing, one.scope, Match.DOUBT, is_far=True)

    def group_grants(self) -> list[Grant]:
        """What every account of the workload's namespace holds."""
        names = ["system:serviceaccounts", *([f"system:serviceaccounts:{self.namespace}"] if self.namespace else [])]
        near = self._near(lambda layer: [one for name in names for one in layer.subjects.get(("group", name), ())])
        far = self._far((one for name in names for one in self.scope.elsewhere.subjects.get(name, ())), _at_binding)
        found = [_grant(one, self.scope, Match.SAME) for one in near]
        return found + [_grant(one.thing, one.scope, self._match(one), is_far=True) for one in far]

    def account(self, name: str) -> list[Seen]:
        """ServiceAccounts of that name in the workload's namespace, or maybe in it; the surest first."""
        return sorted(self.find("", "ServiceAccount", name), key=lambda seen: -seen.match)

    def automount(self, name: str) -> bool | None:
        """What the account of that name says; None where it says nothing, is not in the input, or is in doubt."""
        sure = [seen.resource for seen in self.account(name) if seen.match is Match.SAME]
        said = [one.value.get("automountServiceAccountToken") for one in sure]
        return said[0] if said and isinstance(said[0], bool) and all(one is said[0] for one in said) else None

    def sharers(self, account: str) -> Iterator[tuple[Workload, View]]:
        """The workloads that surely run as the account of that name in the workload's namespace, as they see it."""
        for workload in self._near(lambda layer: layer.users.get(account, ())):
            if (seen := self._seen(workload.resource)) and seen.match is Match.SAME:
                yield workload, View(self.scope, workload)
        if self.namespace is not None:
            known = self.scope.elsewhere.users.get((self.namespace, self.scope.built_name(account, self.namespace)), ())
            for one in self._far(known, _at_object):
                if self._match(one) is Match.SAME:
                    yield one.thing, View(one.scope, one.thing)

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
        names = self.scope.names_of(account, self.namespace)
        for identity in self._near(lambda layer: (one for name in (*names, ANY) for one in layer.identities.get(name, ()))):
            if match := max(self._names(identity, name) for name in names):
                found.append((identity, match))
        if self.namespace is not None:
            called, known = self.scope.built_name(account, self.namespace), self.scope.elsewhere.identities
            there = (one for space in (self.namespace, ANY) for name in (called, ANY) for one in known.get((space, name), ()))
            far = [one for one in self._far(there, _at_identity) if covers(one.thing.name, called)]
            found += [(one.thing, self._match(one)) for one in far if covers(one.thing.namespace or "*", self.namespace)]
        return found

    def _names(self, identity: Identity, account: str) -> Match:
        stated = identity.namespace if identity.namespace is not None else self.scope.namespace(identity.resource)
        if not covers(identity.name, account):
            return Match.DIFFERENT
        if "*" not in (stated or ""):
            return compare(self.namespace, stated, near=True)
        return Match.SAME if self.namespace is None or covers(stated or "", self.namespace) else Match.DIFFERENT

    def users(self, account: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, that run as the account."""
        key = account, self.apart
        if key not in self._answers.users:
            near = self._near(lambda layer: layer.users.get(account, ()))
            called = self.scope.built_name(account, self.namespace)
            known = self.scope.elsewhere.users.get((self.namespace, called), ()) if self.namespace else ()
            self._answers.users[key] = [one for one in near if self._seen(one.resource)] + self._workloads(known)
        return self._answers.users[key]

    def user_names(self, account: str) -> list[str]:
        """The same by kind, namespace and name, in order, each once: copies of an object are one user."""
        key = account, self.apart
        if key not in self._answers.user_names:
            self._answers.user_names[key] = sorted({str(user.id) for user in self.users(account)})
        return self._answers.user_names[key]

    def claimants(self, name: str, pattern: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, whose account would want that name."""
        near = [one for one in self._near(lambda layer: layer.claims(pattern).get(name, ())) if self._seen(one.resource)]
        return near + [one for one in self._others() if names.candidate(one, pattern) == name]

    def neighbours(self) -> Iterator[Workload]:
        """All workloads of the workload's namespace, or maybe of it."""
        yield from (one for one in self._near(lambda layer: layer.workloads) if self._seen(one.resource))
        yield from self._others()

    def _others(self) -> list[Workload]:
        """The workloads of other scopes in the workload's namespace."""
        return self._workloads(self.scope.elsewhere.in_namespace.get(self.namespace, ())) if self.namespace else []

    def _workloads(self, found: Iterable[There[Workload]]) -> list[Workload]:
        return [one.thing for one in self._far(found, _at_object) if self._match(one) is Match.SAME]


def _grant(subject: Subject, scope: Scope, match: Match, *, is_far: bool = False) -> Grant:
    reference = mapping(subject.binding.value, "roleRef")
    kind = text(reference, "kind") or ("Role" if text(reference, "namespace") else "ClusterRole")
    name = text(reference, "name") or ""
    role, is_open = _role(subject.binding, scope, kind, name), subject.via != "group" and is_filled_in(scope.subject_name(subject))
    return Grant(subject.binding, subject.pointer, role, kind, name, match, subject.via, is_far, is_open)


def _role(binding: Resource, scope: Scope, kind: str, name: str) -> Resource | None:
    home = scope.namespace(binding)
    for group in (RBAC, binding.id.group):
        for layer in scope.near:
            for role in layer.by_name.get((group, kind, name), ()):
                if kind == "ClusterRole" or scope.namespace(role) == home:
                    return role
    return None


def _at(one: Resource | Unread) -> Location:
    return one.at


def _at_binding(subject: Subject) -> Location:
    return subject.binding.at


def _at_identity(identity: Identity) -> Location:
    return identity.resource.at


def _at_object(workload: Workload) -> Location:
    return workload.resource.at
