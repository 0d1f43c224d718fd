"""Who is in a scope, and who names whom: the lookups that decisions are made from.

A `Layer` indexes the resources of some files; a `Scope` is what is applied together; a `View` is a scope as one
workload sees it. A namespace that no manifest states is a symbol of its scope: equal to itself, in doubt against
a concrete one (R-D2); one that is filled in later is in doubt against whatever it may become. What stands in
another scope of the input is seen where it names a concrete namespace (`elsewhere`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from samigrate.domain.model import CLUSTER_SCOPED, DEFAULT_ACCOUNT, DEFAULT_NAMESPACE, Resource, Unread
from samigrate.kustomize.building import BuildStep, BuiltObject
from samigrate.kustomize.overlays import Overlay
from samigrate.scope.elsewhere import Elsewhere
from samigrate.scope.layer import BINDINGS, Layer, Subject, added, subjects
from samigrate.scope.matching import Match
from samigrate.scope.spaces import FEW, Placed, Spaces, near

T = TypeVar("T")


class Visible(NamedTuple):
    """A resource as a workload sees it: `namespace` resolved in this scope (None: not stated), `match` against
    the workload's own namespace (SAME or DOUBT; never DIFFERENT)."""

    resource: Resource
    namespace: str | None
    match: Match


class Grant(NamedTuple):
    """A (Cluster)RoleBinding entry that names an account. `pointer` leads to the entry in `binding`; `role` is the
    Role or ClusterRole, None where the scope does not hold it; `via` is "account", "user" or "group". `is_far`: it stands
    in another scope, where the account goes by the name that its build gives it. `is_open`: the name is filled in later."""

    binding: Resource
    pointer: str
    role: Resource | None
    role_kind: str
    role_name: str
    match: Match
    via: str
    is_far: bool = False
    is_open: bool = False


@dataclass(frozen=True, eq=False)
class Scope:
    """What is applied together. Its `near` layers share the scope's own symbol for a namespace that is not stated. `default`
    tells the namespace of objects that state none, by path, `overrides` the namespace that a kustomization sets;
    `overlay` is what else the kustomizations of a build do, None for what is no build. `elsewhere` are all scopes of the
    input. `spaces` are the things of which many were asked for, `known` what was found out before."""

    name: str
    near: tuple[Layer, ...]
    overrides: Mapping[str, str] = field(default_factory=dict)
    default: Callable[[str], str | None] = lambda path: None
    overlay: Overlay | None = None
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    spaces: dict[Hashable, Spaces[Any]] = field(default_factory=dict)
    known: dict[Hashable, Any] = field(default_factory=dict)

    def near_things(
        self, key: Hashable, get: Callable[[Layer], Sequence[T]], namespace_of: Callable[[T], str | None], namespace: str | None
    ) -> list[Placed[T]]:
        """What the layers hold in a namespace, or maybe in it, of what `get` gives of each. `key` is the same for what is
        the same."""
        if key not in self.spaces:
            groups = [get(layer) for layer in self.near]
            things = (thing for group in groups for thing in group)
            if sum(map(len, groups)) <= FEW:
                return near(things, namespace_of, namespace)
            self.spaces[key] = Spaces(things, namespace_of)
        return self.spaces[key].near(namespace)

    def once(self, question: Hashable, find: Callable[[], T]) -> T:
        """What is found out for the first who asks, and told to all others."""
        if question not in self.known:
            self.known[question] = find()
        result: T = self.known[question]
        return result

    @cached_property
    def paths(self) -> frozenset[str]:
        held = frozenset(resource.at.path for layer in self.near for resource in layer.resources)
        return held.union(unread_file.at.path for unread_file in self.unread)

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        return tuple(unread_file for layer in self.near for unread_file in layer.unread)

    def namespace(self, resource: Resource) -> str | None:
        """The namespace the object lands in; None where it is not stated, and for cluster-scoped kinds."""
        if resource.id.kind in CLUSTER_SCOPED:
            return None
        if self.overlay and (built := self.overlay.made(resource)):
            return built.names[-1][0] or self.default(resource.at.path)
        return self.overrides.get(resource.at.path) or resource.id.namespace or self.default(resource.at.path)

    def subject_namespace(self, subject: Subject) -> str | None:
        """The namespace a subject means. A RoleBinding's own where it states none; kustomize's `namespace:` rewrites the
        subject `default` always, and others go along with the account in the build that they name (ecosystem facts)."""
        override = self.overrides.get(subject.binding.at.path)
        if override and subject.via == "account" and (subject.name == DEFAULT_ACCOUNT or subject.namespace is None):
            return override
        if subject.namespace is None:
            return self.namespace(subject.binding) if subject.binding.id.kind == "RoleBinding" else None
        built = self._built_account(subject.name, subject.namespace) if subject.via == "account" else None
        return built.names[-1][0] or subject.namespace if built else self._filled(subject.namespace, subject.binding)

    def subject_name(self, subject: Subject) -> str:
        """What the build makes of the name of the account that a subject means."""
        spaces = (subject.namespace, self.subject_namespace(subject))
        built = next(filter(None, (self._built_account(subject.name, space) for space in spaces)), None)
        return built.names[-1][1] if built else self._filled(subject.name, subject.binding)

    def _filled(self, name: str, resource: Resource) -> str:
        """A name that an object states, after what the build fills into it."""
        return self.overlay.building.filled(name) if self.overlay and self.overlay.made(resource) else name

    @cached_property
    def patched_subjects(self) -> tuple[Subject, ...]:
        """The accounts that bindings name only after the build's patches."""
        if self.overlay is None:
            return ()
        result = ((resource, Resource(resource.at, steps[-1].value)) for resource in self._bindings() if (steps := self.built(resource)))
        return tuple(subject for resource, new in result for subject in added(subjects(resource), subjects(new)))

    @cached_property
    def doubted_bindings(self) -> tuple[tuple[Resource, str, str], ...]:
        """(binding, file, why) of what the build does to bindings and is not known here."""
        overlay = self.overlay
        return tuple((resource, *doubt) for resource in self._bindings() for doubt in overlay.doubts(resource)) if overlay else ()

    def _bindings(self) -> Iterator[Resource]:
        return (resource for layer in self.near for kind in BINDINGS for resource in layer.by_kind.get(kind, ()))

    def built(self, resource: Resource) -> Sequence[BuildStep]:
        """The object after each thing that the build does to it, but for its name and namespace."""
        made = self.overlay.made(resource) if self.overlay else None
        return made.steps if made else ()

    def names(self, resource: Resource) -> tuple[str, ...]:
        """What the object is called: as it is written, and as the build makes it."""
        built = self.overlay.made(resource) if self.overlay else None
        return tuple(dict.fromkeys((resource.id.name, *(name for _, name in (built.names if built else ())))))

    def built_name(self, account: str, namespace: str | None) -> str:
        """What the build makes of an account's name in a namespace: it renames those that it has."""
        built = self._built_account(account, namespace)
        return built.names[-1][1] if built else self.overlay.building.filled(account) if self.overlay else account

    def names_of(self, account: str, namespace: str | None) -> list[str]:
        """The names by which the build's files may call the account: as it is written, and as each layer has made it."""
        built = self._built_account(account, namespace)
        return list(dict.fromkeys([account, *(name for _, name in (built.names if built else ())), self.built_name(account, namespace)]))

    def _built_account(self, account: str, namespace: str | None) -> BuiltObject | None:
        value = self._built_accounts.get(account, ())
        return next(
            (built for built in value if (namespace or DEFAULT_NAMESPACE) in {space or DEFAULT_NAMESPACE for space, _ in built.names}), None
        )

    @cached_property
    def _built_accounts(self) -> Mapping[str, list[BuiltObject]]:
        """The accounts of the build, by each of their names."""
        built_objects: dict[str, list[BuiltObject]] = defaultdict(list)
        resources = (resource for layer in self.near for resource in layer.by_kind.get(("", "ServiceAccount"), ())) if self.overlay else ()
        for built in filter(None, (self.overlay.made(resource) for resource in resources if self.overlay)):
            for name in dict.fromkeys(name for _, name in built.names):
                built_objects[name].append(built)
        return built_objects

    def name_beside(self, account: str, resource: Resource) -> str:
        """What the build will call an account that is to stand beside an object."""
        prefix, suffix = self.overlay.way.names(resource.at.path) if self.overlay else ("", "")
        return prefix + account + suffix
