"""A scope as one workload sees it: what is in its namespace, or maybe in it, and what names its account."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from copy import copy
from typing import TypeVar

from samigrate.base.values import at, mapping, text
from samigrate.domain.model import AUTOMOUNT_FIELD, CLUSTER_SCOPED, TOKEN_SECRET_TYPE, Location, Resource, Unread, Workload
from samigrate.domain.placeholders import is_filled_in, may_be
from samigrate.domain.tokens import TokenSecret, named_account
from samigrate.scope.elsewhere import InScope
from samigrate.scope.identities import Identity, covers
from samigrate.scope.index import Grant, Scope, Visible
from samigrate.scope.layer import ANY, RBAC, Layer, Subject
from samigrate.scope.matching import Match, compare
from samigrate.scope.spaces import FEW, Placed
from samigrate.scope.unread import may_name

T = TypeVar("T")
OWNER = "kubernetes.io/service-account.name"
"""The annotation by which a token Secret names its account."""


class View:
    """A scope as one workload sees it; `apart` are the scopes that hold a copy of it, which it does not see."""

    def __init__(self, scope: Scope, workload: Workload) -> None:
        self.scope = scope
        self.namespace = scope.namespace(workload.resource)
        self._owners: dict[str, TokenSecret | None] = {}
        self._account = workload.spec.account
        self.apart = scope.elsewhere.copies(workload.id, self.namespace)

    def moved_to(self, namespace: str | None) -> View:
        """The same scope as an object of another namespace sees it."""
        view = copy(self)
        view.namespace, view._owners = namespace, {}
        return view

    def once(self, question: Hashable, find: Callable[[], T]) -> T:
        """What all workloads of the namespace are told alike, but for those that see other copies."""
        return self.scope.once((question, self.namespace, self.apart), find)

    def resources(self) -> Iterator[Resource]:
        """Every object of the scope in the workload's namespace, or maybe in it, and every cluster-scoped one."""
        return (resource for resource in self._near(lambda layer: layer.resources) if self._seen(resource))

    def _near(self, get: Callable[[Layer], Iterable[T]]) -> Iterator[T]:
        """What the scope's own layers hold."""
        return (item for layer in self.scope.near for item in get(layer))

    def _far(self, located: Iterable[InScope[T]], location_of: Callable[[T], Location]) -> Iterator[InScope[T]]:
        """What other scopes hold, each thing once: but for copies of the workload's own environment."""
        visited: set[int] = set()
        if isinstance(located, list) and min(len(located), len(self.apart)) > FEW:
            located = self.scope.elsewhere.without(located, self.apart)
        for candidate in located:
            if (
                candidate.scope is self.scope
                or candidate.scope in self.apart
                or location_of(candidate.thing).path in self.scope.paths
                or id(candidate.thing) in visited
            ):
                continue
            visited.add(id(candidate.thing))
            yield candidate

    def _match(self, located: InScope[T]) -> Match:
        """How sure it is that what another scope holds is applied together with this one."""
        return Match.DOUBT if self.scope.elsewhere.are_alternatives(self.scope, located.scope) else Match.SAME

    def _seen(self, resource: Resource) -> Visible | None:
        if resource.id.kind in CLUSTER_SCOPED:
            return Visible(resource, None, Match.SAME)
        namespace = self.scope.namespace(resource)
        match = compare(self.namespace, namespace, near=True)
        return Visible(resource, namespace, match) if match else None

    def find(self, group: str, kind: str, name: str) -> list[Visible]:
        """Objects of that name in the workload's namespace (SAME) or maybe in it (DOUBT)."""
        near = self._resources(("name", group, kind, name), lambda layer: layer.by_name.get((group, kind, name), ()), kind)
        namespace = None if kind in CLUSTER_SCOPED else self.namespace
        if namespace is None and kind not in ("Namespace", "Project"):
            return near
        called = self.scope.built_name(name, namespace) if kind == "ServiceAccount" else name
        far = self._far(self.scope.elsewhere.named.get((group, kind, namespace, called), ()), _at)
        return near + [Visible(located.thing, namespace, self._match(located)) for located in far]

    def all(self, group: str, kind: str) -> list[Visible]:
        """Every object of a kind in the workload's namespace, or maybe in it; every one of the scope of a cluster-scoped
        kind."""
        return self.once(("all", group, kind), lambda: self._all(group, kind))

    def _all(self, group: str, kind: str) -> list[Visible]:
        near = self._resources(("kind", group, kind), lambda layer: layer.by_kind.get((group, kind), ()), kind)
        if self.namespace is None:
            return near
        far = self._far(self.scope.elsewhere.of_kind.get((group, kind, self.namespace), ()), _at)
        return near + [Visible(located.thing, self.namespace, self._match(located)) for located in far]

    def tokens_of(self, account: str) -> list[Visible]:
        """The Secrets in the workload's namespace, or maybe in it, that say to be of the account of that name."""
        return self.once("tokens", self._tokens).get(account, [])

    def _tokens(self) -> dict[str, list[Visible]]:
        by_owner: dict[str, list[Visible]] = {}
        for visible in self.all("", "Secret"):
            if owner := text(visible.resource.value, "metadata", "annotations", OWNER):
                by_owner.setdefault(owner, []).append(visible)
        return by_owner

    def _resources(self, key: Hashable, get: Callable[[Layer], Sequence[Resource]], kind: str) -> list[Visible]:
        """What the scope's own layers hold of a kind."""
        if kind in CLUSTER_SCOPED:
            return [Visible(resource, None, Match.SAME) for resource in self._near(get)]
        return [Visible(*placed) for placed in self.scope.near_things(key, get, self.scope.namespace, self.namespace)]

    def everywhere(self, group: str, kind: str) -> list[Resource]:
        """Every object of a kind in the scope, whatever its namespace."""
        return self.scope.once(("everywhere", group, kind), lambda: list(self._near(lambda layer: layer.by_kind.get((group, kind), ()))))

    def anywhere(self, group: str, kind: str) -> list[Resource]:
        """Every object of a kind in all of the input, but for copies of the workload's own environment."""
        far = self._far(self.scope.elsewhere.by_kind.get((group, kind), ()), lambda resource: resource.at)
        return self.everywhere(group, kind) + [located.thing for located in far]

    def unread(self, account: str) -> list[Unread]:
        """What could not be read and may speak of the account of that name."""
        near = [unread_file for unread_file in self.scope.unread if may_name(unread_file, account, self.namespace, near=True)]
        far = self._far(self.scope.elsewhere.unread, _at)
        called = self.scope.built_name(account, self.namespace)
        return near + [located.thing for located in far if may_name(located.thing, called, self.namespace, near=False)]

    def grants(self, account: str) -> list[Grant]:
        """What names the account of that name in the workload's namespace, directly (R-D3)."""
        return self.once(("grants", account), lambda: [*self._near_grants(account), *self._far_grants(account)])

    def _near_grants(self, account: str) -> Iterator[Grant]:
        names, mine = self.scope.names_of(account, self.namespace), self.scope.built_name(account, self.namespace)
        for subject, _, match in self.scope.near_things(
            ("subjects", *names),
            lambda layer: [one for name in names for one in layer.subjects.get(("account", name), ())],
            self.scope.subject_namespace,
            self.namespace,
        ):
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
        called, index = self.scope.built_name(account, self.namespace), self.scope.elsewhere.subjects
        for located in self._far(index.get((self.namespace, called), ()), _at_binding):
            yield _grant(located.thing, located.scope, self._match(located), is_far=True)
        for located in self._far(index.get((ANY, called), ()), _at_binding):
            if compare(self.namespace, located.scope.subject_namespace(located.thing), near=False):
                yield _grant(located.thing, located.scope, Match.DOUBT, is_far=True)

    def group_grants(self) -> list[Grant]:
        """What every account of the workload's namespace holds."""
        names = ["system:serviceaccounts", *([f"system:serviceaccounts:{self.namespace}"] if self.namespace else [])]
        near = self._near(lambda layer: [subject for name in names for subject in layer.subjects.get(("group", name), ())])
        far = self._far((located for name in names for located in self.scope.elsewhere.subjects.get(name, ())), _at_binding)
        grants = [_grant(subject, self.scope, Match.SAME) for subject in near]
        return grants + [_grant(located.thing, located.scope, self._match(located), is_far=True) for located in far]

    def account(self, name: str) -> list[Visible]:
        """ServiceAccounts of that name in the workload's namespace, or maybe in it; the surest first."""
        return self.once(("account", name), lambda: sorted(self.find("", "ServiceAccount", name), key=lambda visible: -visible.match))

    def automount(self, name: str) -> bool | None:
        """What the account of that name says; None where it says nothing, is not in the input, or is in doubt."""
        return self.once(("mounts", name), lambda: self._automount(name))

    def _automount(self, name: str) -> bool | None:
        sure = [visible.resource for visible in self.account(name) if visible.match is Match.SAME]
        values = [resource.value.get(AUTOMOUNT_FIELD) for resource in sure]
        return values[0] if values and isinstance(values[0], bool) and all(one is values[0] for one in values) else None

    def sharers(self, account: str) -> Iterator[tuple[Workload, View]]:
        """The workloads that surely run as the account of that name in the workload's namespace, as they see it."""
        for workload, _, match in self._workloads_near(("users", account), lambda layer: layer.users.get(account, ())):
            if match is Match.SAME:
                yield workload, View(self.scope, workload)
        if self.namespace is not None:
            existing = self.scope.elsewhere.users.get((self.namespace, self.scope.built_name(account, self.namespace)), ())
            for located in self._far(existing, _at_object):
                if self._match(located) is Match.SAME:
                    yield located.thing, View(located.scope, located.thing)

    def token_owner(self, secret: str) -> TokenSecret | None:
        """Whose token a Secret of the workload's namespace holds, by the tiers of R-B7; None for any other Secret."""
        if secret not in self._owners:
            self._owners[secret] = self._find_owner(secret)
        return self._owners[secret]

    def _find_owner(self, secret: str) -> TokenSecret | None:
        all_visible = self.find("", "Secret", secret)
        for visible in all_visible:
            owner = at(visible.resource.value, "metadata", "annotations", "kubernetes.io/service-account.name")
            if text(visible.resource.value, "type") == TOKEN_SECRET_TYPE and isinstance(owner, str) and owner:
                route = self.scope.overlay and self.scope.overlay.way  # where it renames an account, the Secret keeps the old name
                is_other = route and any(route.is_renamed(one.resource.at.path) for one in self.account(owner))
                return TokenSecret(owner, "certain" if visible.match is Match.SAME and not is_other else "medium")
        if all_visible:
            return None  # the input holds it, and it is of another type
        named = named_account(secret)
        if named is None:
            return TokenSecret("", "low") if secret.endswith("-token") else None
        account, is_regular = named
        is_known = account in (self._account, "default") or any(seen.match is Match.SAME for seen in self.account(account))
        return TokenSecret(account, "high" if is_regular and is_known else "medium")

    def identities(self, account: str) -> list[tuple[Identity, Match]]:
        """Places outside RBAC that name the account of that name in the workload's namespace, wildcards included."""
        result = []
        names = self.scope.names_of(account, self.namespace)
        for identity in self._near(lambda layer: (one for name in (*names, ANY) for one in layer.identities.get(name, ()))):
            if match := max(self._names(identity, name) for name in names):
                result.append((identity, match))
        if self.namespace is not None:
            called, index = self.scope.built_name(account, self.namespace), self.scope.elsewhere.identities
            destination = (located for space in (self.namespace, ANY) for name in (called, ANY) for located in index.get((space, name), ()))
            far = [located for located in self._far(destination, _at_identity) if covers(located.thing.name, called)]
            result += [(located.thing, self._match(located)) for located in far if covers(located.thing.namespace or "*", self.namespace)]
        return result

    def _names(self, identity: Identity, account: str) -> Match:
        stated = identity.namespace if identity.namespace is not None else self.scope.namespace(identity.resource)
        if not covers(identity.name, account):
            return Match.DIFFERENT
        if "*" not in (stated or ""):
            return compare(self.namespace, stated, near=True)
        return Match.SAME if self.namespace is None or covers(stated or "", self.namespace) else Match.DIFFERENT

    def users(self, account: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, that run as the account, in the input or in a cluster."""
        return self.once(("users", account), lambda: self._users(account))

    def _users(self, account: str) -> list[Workload]:
        near = self._workloads_near(
            ("users and live", account), lambda layer: (*layer.users.get(account, ()), *layer.live_users.get(account, ()))
        )
        called = self.scope.built_name(account, self.namespace)
        existing = self.scope.elsewhere.users.get((self.namespace, called), ()) if self.namespace else ()
        return [placed.thing for placed in near] + self._workloads(existing)

    def live(self, workload: Workload) -> list[Workload]:
        """The workload as it runs in a cluster, as far as dumps tell: by the name that its build gives it."""
        built = self.scope.overlay.made(workload.resource) if self.scope.overlay else None
        key = workload.id.group, workload.id.kind, built.names[-1][1] if built else workload.id.name
        return [one for one in self._near(lambda layer: layer.live_named.get(key, ())) if self._seen(one.resource)]

    def user_names(self, account: str) -> list[str]:
        """The same by kind, namespace and name, in order, each once: copies of an object are one user."""
        return self.once(("user names", account), lambda: self._user_names(account))

    def _user_names(self, account: str) -> list[str]:
        ids = {user.id for user in self.users(account)}
        copies = {id_ for id_ in ids if id_.namespace is not None and id_._replace(namespace=None) in ids}
        return sorted(map(str, ids - copies))

    def claimants(self, name: str, pattern: str) -> list[Workload]:
        """Workloads of the workload's namespace, or maybe of it, whose account would want that name; one of those that are
        copies of each other."""
        return self.once(("claims", pattern, name), lambda: self._claimants(name, pattern))

    def _claimants(self, name: str, pattern: str) -> list[Workload]:
        near = self._workloads_near(("claims", pattern, name), lambda layer: layer.claims(pattern).get(name, ()))
        existing = self.scope.elsewhere.claims(pattern).get((self.namespace, name), ()) if self.namespace else ()
        found = [placed.thing for placed in near] + self._workloads(existing)
        return list({(workload.id, workload.component): workload for workload in found}.values())

    def _workloads_near(self, key: Hashable, get: Callable[[Layer], Sequence[Workload]]) -> list[Placed[Workload]]:
        return self.scope.near_things(key, get, lambda workload: self.scope.namespace(workload.resource), self.namespace)

    def neighbours(self) -> Iterator[Workload]:
        """All workloads of the workload's namespace, or maybe of it."""
        yield from (workload for workload in self._near(lambda layer: layer.workloads) if self._seen(workload.resource))
        yield from self._others()

    def _others(self) -> list[Workload]:
        """The workloads of other scopes in the workload's namespace."""
        return self._workloads(self.scope.elsewhere.in_namespace.get(self.namespace, ())) if self.namespace else []

    def _workloads(self, located: Iterable[InScope[Workload]]) -> list[Workload]:
        return [one.thing for one in self._far(located, _at_object) if self._match(one) is Match.SAME]


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


def _at(entry: Resource | Unread) -> Location:
    return entry.at


def _at_binding(subject: Subject) -> Location:
    return subject.binding.at


def _at_identity(identity: Identity) -> Location:
    return identity.resource.at


def _at_object(workload: Workload) -> Location:
    return workload.resource.at
