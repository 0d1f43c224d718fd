"""What the other scopes of an input say: a fact does not stop at the folder that it stands in.

A binding, an account, a policy or a workload that names a concrete namespace, by itself or because its build sets one,
is in that namespace whichever folder it comes from. It does not count where its own scope holds a copy of the workload
that asks: then the two are the same application for two environments. Where its scope holds a copy of another workload
beside the one that asks, the two may be environments as well, and the fact is in doubt.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from samigrate.domain import account_names as names
from samigrate.domain.model import DEFAULT_ACCOUNT, Resource, ResourceId, Unread, Workload
from samigrate.domain.placeholders import is_filled_in
from samigrate.scope.identities import Identity
from samigrate.scope.layer import ANY, Subject

if TYPE_CHECKING:
    from samigrate.scope.index import Scope

T = TypeVar("T")


class InScope(NamedTuple, Generic[T]):
    """A thing and the scope it stands in."""

    thing: T
    scope: Scope


_NO_SCOPES: frozenset[Scope] = frozenset()
_Index = Mapping[Hashable, list[InScope[T]]]


class Elsewhere:
    """The scopes of an input, indexed by what they name. Names are those that a build makes of them."""

    def __init__(self, *, is_declared: bool = False) -> None:
        """`is_declared`: the user has said that all of it is applied together, copies or not."""
        self.is_declared = is_declared
        self.scopes: list[Scope] = []
        self._workloads: dict[Scope, frozenset[ResourceId]] = {}
        self._remaining: dict[tuple[int, frozenset[Scope]], list[InScope[Any]]] = {}
        self._claims: dict[str, _Index[Workload]] = {}

    def copies(self, id_: ResourceId, namespace: str | None) -> frozenset[Scope]:
        """The scopes that hold a workload of that name, in that namespace."""
        return _NO_SCOPES if self.is_declared else self._holders.get(id_._replace(namespace=namespace), _NO_SCOPES)

    def are_alternatives(self, scope: Scope, other: Scope) -> bool:
        """Whether one of two scopes holds a copy of any of the other's workloads."""
        return not self.is_declared and scope is not other and not self._ids(scope).isdisjoint(self._ids(other))

    def _ids(self, scope: Scope) -> frozenset[ResourceId]:
        if scope not in self._workloads:
            present = (workload for layer in scope.near for workload in layer.workloads)
            self._workloads[scope] = frozenset(one.id._replace(namespace=scope.namespace(one.resource)) for one in present)
        return self._workloads[scope]

    def without(self, located: list[InScope[T]], apart: frozenset[Scope]) -> list[InScope[T]]:
        """What stands in none of some scopes, of one list of an index: the same for all copies of a workload."""
        key = id(located), apart
        if key not in self._remaining:
            self._remaining[key] = [one for one in located if one.scope not in apart]
        return self._remaining[key]

    @cached_property
    def _holders(self) -> Mapping[Hashable, frozenset[Scope]]:
        scopes_by_key: dict[Hashable, set[Scope]] = defaultdict(set)
        for scope, workload in self._each(lambda layer: layer.workloads):
            scopes_by_key[workload.id._replace(namespace=scope.namespace(workload.resource))].add(scope)
        return {key: frozenset(scopes) for key, scopes in scopes_by_key.items()}

    def is_shared(self, path: str) -> bool:
        """Whether more than one scope has the file: what is written there is meant for all of them."""
        return self._homes[path] > 1

    @cached_property
    def _homes(self) -> Mapping[str, int]:
        return Counter(path for scope in self.scopes for path in scope.paths)

    @cached_property
    def subjects(self) -> _Index[Subject]:
        """Subjects of bindings by (namespace, account's name); by (ANY, name) where the namespace is filled in later,
        but for `default`, which is everywhere. Groups by their name."""
        index: dict[Hashable, list[InScope[Subject]]] = defaultdict(list)
        for scope, subject in self._each(lambda layer: (one for each in layer.subjects.values() for one in each)):
            if subject.via == "group":
                index[subject.name].append(InScope(subject, scope))
                continue
            namespace, name = scope.subject_namespace(subject), scope.subject_name(subject)
            if namespace is None or is_filled_in(name):
                continue
            if not is_filled_in(namespace):
                index[namespace, name].append(InScope(subject, scope))
            elif name != DEFAULT_ACCOUNT:
                index[ANY, name].append(InScope(subject, scope))
        return index

    @cached_property
    def identities(self) -> _Index[Identity]:
        """Places outside RBAC by (namespace, account's name), ANY for what has a wildcard."""
        index: dict[Hashable, list[InScope[Identity]]] = defaultdict(list)
        for scope, identity in self._each(lambda layer: (one for each in layer.identities.values() for one in each)):
            namespace = identity.namespace if identity.namespace is not None else scope.namespace(identity.resource)
            if namespace:
                name = ANY if "*" in identity.name else scope.built_name(identity.name, namespace)
                index[ANY if "*" in namespace else namespace, name].append(InScope(identity, scope))
        return index

    @cached_property
    def named(self) -> _Index[Resource]:
        """Objects by (group, kind, namespace, name); the namespace of a Namespace is None."""
        index: dict[Hashable, list[InScope[Resource]]] = defaultdict(list)
        for located in self._objects():
            namespace = located.scope.namespace(located.thing)
            if namespace is not None or located.thing.id.kind in ("Namespace", "Project"):
                name = (
                    located.scope.built_name(located.thing.id.name, namespace)
                    if located.thing.id.kind == "ServiceAccount"
                    else located.thing.id.name
                )
                index[located.thing.id.group, located.thing.id.kind, namespace, name].append(located)
        return index

    @cached_property
    def by_kind(self) -> _Index[Resource]:
        """Objects by (group, kind)."""
        index: dict[Hashable, list[InScope[Resource]]] = defaultdict(list)
        for located in self._objects():
            index[located.thing.id.group, located.thing.id.kind].append(located)
        return index

    @cached_property
    def of_kind(self) -> _Index[Resource]:
        """Objects by (group, kind, namespace)."""
        index: dict[Hashable, list[InScope[Resource]]] = defaultdict(list)
        for located in self._objects():
            if (namespace := located.scope.namespace(located.thing)) is not None:
                index[located.thing.id.group, located.thing.id.kind, namespace].append(located)
        return index

    @cached_property
    def users(self) -> _Index[Workload]:
        """Workloads by (namespace, account)."""
        index: dict[Hashable, list[InScope[Workload]]] = defaultdict(list)
        for scope, workload in self._each(lambda layer: layer.workloads):
            namespace = scope.namespace(workload.resource)
            index[namespace, scope.built_name(workload.spec.account, namespace)].append(InScope(workload, scope))
        return index

    @cached_property
    def in_namespace(self) -> _Index[Workload]:
        """Workloads by namespace."""
        index: dict[Hashable, list[InScope[Workload]]] = defaultdict(list)
        for scope, workload in self._each(lambda layer: layer.workloads):
            index[scope.namespace(workload.resource)].append(InScope(workload, scope))
        return index

    @cached_property
    def unread(self) -> list[InScope[Unread]]:
        return [InScope(one, scope) for scope, one in self._each(lambda layer: layer.unread)]

    def _objects(self) -> Iterator[InScope[Resource]]:
        return (InScope(one, scope) for scope, one in self._each(lambda layer: layer.resources))

    def claims(self, pattern: str) -> _Index[Workload]:
        """Workloads by (namespace, name that their account would want)."""
        if pattern not in self._claims:
            index: dict[Hashable, list[InScope[Workload]]] = defaultdict(list)
            for scope, workload in self._each(lambda layer: layer.workloads):
                index[scope.namespace(workload.resource), names.candidate(workload, pattern)].append(InScope(workload, scope))
            self._claims[pattern] = index
        return self._claims[pattern]

    def _each(self, get: Callable[..., Iterable[T]]) -> Iterator[tuple[Scope, T]]:
        for scope in self.scopes if len(self.scopes) > 1 else ():  # one alone has no elsewhere
            for layer in scope.near:
                for thing in get(layer):
                    yield scope, thing
