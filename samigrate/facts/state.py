"""The planned state: the sources plus the operations of the transforms so far.

A transform is given a `Work` (one workload with its verdict and its views) and the `State`, and yields proposals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from samigrate.base.values import Value, at, resolve, sequence, text
from samigrate.catalog import Catalog
from samigrate.domain.json_patch import apply
from samigrate.domain.model import (
    AUTOMOUNT_FIELD,
    Finding,
    Key,
    Level,
    NewResource,
    PodSpec,
    Proposal,
    Resource,
    ResourceId,
    Severity,
    Verdict,
    Workload,
)
from samigrate.domain.running import RunningPods
from samigrate.domain.tokens import Token, TokenSecret, held, is_mounted
from samigrate.scope.view import View
from samigrate.settings.config import Settings


@dataclass(frozen=True, eq=False)
class Work:
    """One workload of one file, what is known of it, and the scopes it belongs to."""

    workload: Workload
    views: tuple[View, ...]
    verdict: Verdict
    settings: Settings
    catalog: Catalog
    ignored: frozenset[str] = frozenset()
    live: RunningPods | None = None
    """What a dump tells of it, where it is a cluster's own object."""

    @cached_property
    def account_automount(self) -> bool | None:
        """What the source's account says; None where it is unset or the account is not in the input."""
        return stated_automount(self.views, self.workload.spec.account)

    @property
    def is_mounted(self) -> bool:
        """Whether the source's pods get a token mounted; assumed where the account is not in the input (R-A7)."""
        return is_mounted(self.workload.spec.automount, self.account_automount)

    @property
    def is_unused(self) -> bool:
        """Whether its token goes: nothing declares a use of the API, or `--unknown disable` says so (R-E2)."""
        return self.verdict.level is Level.NONE or (self.verdict.level is Level.UNKNOWN and self.settings.unknown == "disable")

    def token_owner(self, secret: str) -> TokenSecret | None:
        """Whose token a Secret holds; unsure where the scopes of the workload's file do not agree."""
        token_secrets = [view.token_owner(secret) for view in self.views]
        existing = [owner for owner in token_secrets if owner is not None]
        if not existing:
            return None
        agree = len(existing) == len(token_secrets) and len(set(existing)) == 1
        return existing[0] if agree else TokenSecret(existing[0].account, "medium")

    @cached_property
    def tokens(self) -> list[Token]:
        """Every token that the source's containers can read."""
        spec, stated = self.workload.spec, self.account_automount
        if self.live and self.live.pods:  # admission has mounted what they mount, whatever the account says by now
            spec, stated = PodSpec({**spec.value, AUTOMOUNT_FIELD: False}), False
        return held(spec, stated, self.token_owner, self.settings.api_audience)

    @property
    def is_object(self) -> bool:
        """Whether this is an object that holds no pods, such as an account or a binding; it has no verdict then."""
        return not self.workload.rule.pods

    def is_ignored(self, transform: str) -> bool:
        return transform in self.ignored or "all" in self.ignored

    def finding(
        self, id_: str, rule: str, message: str, action: str, severity: Severity = Severity.NOTE, where: str | None = None
    ) -> Finding:
        """A finding on the workload (or object), whose name stands before the message. `where` leads to the place in
        the object; without it that is the pod spec."""
        resource = self.workload.resource
        pointer = self.workload.pod if where is None else where
        return Finding(id_, rule, severity, f"{resource.id.name}: {message}", action, resource.at, pointer, resource.id)


def stated_automount(views: tuple[View, ...], account: str) -> bool | None:
    """The automount value that the named account has in the input; None where unset, unknown or in doubt."""
    return next((value for view in views if (value := view.automount(account)) is not None), None)


def subject_name(subject: Value) -> tuple[str | None, str | None, str | None]:
    """The kind, the name and the namespace of a binding's subject."""
    return text(subject, "kind"), text(subject, "name"), text(subject, "namespace")


class State:
    """Planned values by resource, and the accounts that the run creates."""

    def __init__(self) -> None:
        self._values: dict[Key, Value] = {}
        self._accounts: dict[tuple[int, str | None, str], tuple[ResourceId, NewResource]] = {}
        self._done: dict[tuple[str, int, str, str], list[tuple[str, Proposal]]] = {}
        self._specs: dict[Key, dict[str, PodSpec]] = {}
        self._subjects: dict[Key, set[object]] = {}

    def value(self, resource: Resource) -> dict[str, Value]:
        """The resource as planned so far."""
        found = self._values.get(resource.key, resource.value)
        return found if isinstance(found, dict) else {}

    def spec(self, workload: Workload) -> PodSpec:
        key = workload.resource.key
        if key not in self._values:
            return workload.spec
        specs = self._specs.setdefault(key, {})
        if workload.pod not in specs:
            result = resolve(self.value(workload.resource), workload.pod)
            specs[workload.pod] = PodSpec(result if isinstance(result, dict) else {})
        return specs[workload.pod]

    def subjects(self, binding: Resource) -> Collection[object]:
        """Whom a binding names, each as `subject_name` tells it."""
        if binding.key not in self._subjects:
            self._subjects[binding.key] = {subject_name(entry) for entry in sequence(self.value(binding), "subjects")}
        return self._subjects[binding.key]

    def done(self, workload: Workload) -> list[tuple[str, Proposal]]:
        """(transform, proposal) of what is planned for the workload so far."""
        return self._done.get(workload.key, [])

    def accept(self, work: Work, transform: str, proposal: Proposal, resources: Mapping[Key, Resource]) -> None:
        """Take a proposal into the planned state. `resources` are all of the root, by key."""
        for operation in proposal.operations:
            key = operation.target.path, operation.target.document, operation.target.item
            self._values[key] = apply(self._values.get(key, resources[key].value), operation)
            self._specs.pop(key, None)
            if operation.op == "add" and operation.pointer == "/subjects/-" and key in self._subjects:
                self._subjects[key].add(subject_name(operation.value))  # a binding may gain a subject from each workload
            else:
                self._subjects.pop(key, None)
        for added in proposal.resources:
            for view in work.views:
                name = at(added.value, "metadata", "name")
                self._accounts.setdefault((id(view.scope), view.namespace, name), (work.workload.id, added))
        self._done.setdefault(work.workload.key, []).append((transform, proposal))

    def created(self, work: Work, name: str) -> list[tuple[View, ResourceId, NewResource]]:
        """Accounts of that name which the run creates in the workload's namespace, and for whom."""
        keys = [(view, (id(view.scope), view.namespace, name)) for view in work.views]
        return [(view, *self._accounts[key]) for view, key in keys if key in self._accounts]

    def account_automount(self, work: Work) -> bool | None:
        """What the planned account of the workload says."""
        name = self.spec(work.workload).account
        created = self.created(work, name)
        if created:
            value = created[0][2].value.get(AUTOMOUNT_FIELD)
            return value if isinstance(value, bool) else None
        return stated_automount(work.views, name)

    def tokens(self, work: Work) -> list[Token]:
        """Every token that the workload's containers will be able to read."""
        return held(self.spec(work.workload), self.account_automount(work), work.token_owner, work.settings.api_audience)

    def changed(self) -> Mapping[Key, Value]:
        """Planned values of the resources that operations were taken for."""
        return self._values
