"""What the kustomizations of a build do to a workload besides gathering it, and which edits that forbids.

An edit of a base meets what every overlay does to it: a patch that sets the same field wins, one that names a volume
merges with what we have made of it, and kustomize renames an account only where it knows that a name stands
(R-F21).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from samigrate.base.values import Value, at, mapping, parts, pointer, resolve, sequence, text
from samigrate.domain.model import Finding, Key, Proposal, Resource, Severity, Workload
from samigrate.kustomize.building import Building, BuiltObject
from samigrate.kustomize.gathering import NOWHERE_ELSE, Build, Way
from samigrate.kustomize.kustomization import Patch

RENAMED = frozenset({"Pod", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
"""Kinds in whose pods kustomize renames `serviceAccountName` by itself; it asks for the kind alone, not its group."""
ACCOUNT = ("serviceAccountName", "serviceAccount")
"""The field that names a pod's account, and its deprecated alias: what is written to one changes what the other means."""
_LISTS = frozenset({"volumes", "containers", "initContainers", "ephemeralContainers"})


@dataclass(frozen=True, eq=False)
class Overlay:
    """One way through a build, and what the build makes of the objects that lie on it."""

    build: Build
    way: Way
    building: Building

    def made(self, resource: Resource) -> BuiltObject | None:
        """What the build makes of an object on this way; None for one that it does not know."""
        return self._made.get(resource.key)

    @cached_property
    def _made(self) -> dict[Key, BuiltObject]:
        routes = self.way.routes
        return {
            key: built
            for key, built_objects in self.building.made.items()
            for built in built_objects[::-1]
            if routes.get(key[0], frozenset()).issuperset(built.route)
        }

    def patches_of(self, resource: Resource) -> Sequence[tuple[Patch, Value]]:
        """The patches that are for an object, in the order in which they are laid over it."""
        built = self.made(resource)
        return built.met if built else ()

    def obstacle(self, workload: Workload, proposal: Proposal) -> tuple[str, str]:
        """(why a part of a change must be left out in this build, the way out), or ("", "")."""
        for patch, value in self.patches_of(workload.resource):
            if description := _sets(value, workload, proposal):
                return f"{patch.path or patch.at.path} patches {description}", "change it there, or take the patch into the workload"
        kind, fields = workload.id.kind, _fields(workload, proposal)
        if path := next((path for path, written, _ in self._replaced(workload) if written in fields), ""):
            return f"a replacement in {path} writes its {fields[0]}", "change it there"
        is_new = any(operation.pointer == workload.pod + "/serviceAccountName" for operation in proposal.operations)
        if is_new and self.way.is_renamed(workload.resource.at.path) and not self.renames(kind):
            folder = self.build.folder or "."
            return (
                f"the build of {folder} renames the account, but not its name in a {kind}",
                f"add `configurations:` with a nameReference from ServiceAccount to {kind} {workload.pod.lstrip('/')}/serviceAccountName",
            )
        return "", ""

    def remarks(self, workload: Workload, proposal: Proposal) -> Iterator[Finding]:
        """What people should know of an edit that is made."""
        if not proposal.resources:
            return
        for member in self.build.members:
            for patch in member.patched:
                if patch.target.get("kind") == "ServiceAccount" and not patch.target.get("name"):
                    message = f"{workload.id.name}: a patch in {patch.at.path} is for every ServiceAccount, and so for the new one"
                    action = "give its target a name, if the new account is not meant"
                    yield Finding("patch-meets-account", "R-F21", Severity.WARNING, message, action, patch.at, "", workload.id)

    def has_user(self, name: str, bindings: list[Resource]) -> bool:
        """Whether a binding names a User of that name: kustomize would take it for the account, and rename it."""
        if not any(self.way.landings.get(binding.at.path, NOWHERE_ELSE) != NOWHERE_ELSE for binding in bindings):
            return False
        entries = (entry for binding in bindings for entry in sequence(binding.value, "subjects"))
        return any(text(entry, "kind") == "User" and text(entry, "name") == name for entry in entries)

    def account(self, workload: Workload, stated: str | None) -> str | None:
        """The account that the workload names after what the build's patches write, None for none; "" where a
        replacement writes what is not known here."""
        for _, value in self.patches_of(workload.resource):
            stated = _written(value, workload, stated)
        for _, written, value in self._replaced(workload):
            if written in ACCOUNT:
                stated = value if isinstance(value, str) else ""
        return self.building.filled(stated) if stated and self.made(workload.resource) else stated

    def is_built(self, workload: Workload) -> bool:
        """Whether the workload is among what is built: no patch deletes it, and it is no component's alone."""
        built = self.made(workload.resource)
        return not self.build.members[0].is_component and not (built and built.is_deleted)

    def doubts(self, resource: Resource) -> Iterator[tuple[str, str]]:
        """(file, why) of what the build does to an object that is not known here."""
        if built := self.made(resource):
            yield from ((path, f"the patch {path} is not read") for path in built.unread)
            yield from ((path, f"a replacement in {path} writes its {field}") for path, field, value in built.replaced if value is None)

    def _replaced(self, workload: Workload) -> Sequence[tuple[str, str, Value]]:
        built = self.made(workload.resource)
        return built.replaced if built else ()

    def renames(self, kind: str) -> bool:
        """Whether kustomize renames the account that pods of that kind name together with the account."""
        if kind in RENAMED:
            return True
        rules = [rule for member in self.build.members for path in member.data for rule in self._name_references(path)]
        existing = (text(one, "kind") for rule in rules if text(rule, "kind") == "ServiceAccount" for one in sequence(rule, "fieldSpecs"))
        return kind in existing

    def _name_references(self, path: str) -> Iterator[Value]:
        """What the configuration in a file says of who names whom."""
        for value in self.building.sides.get(path, ()):
            yield from sequence(value, "nameReference")


def _fields(workload: Workload, proposal: Proposal) -> tuple[str, ...]:
    """The fields of the pod that a part of a change writes, but for its lists; the account's go together."""
    location, above = workload.resource.at, workload.pod + "/"
    inside = (
        operation.pointer.removeprefix(above)
        for operation in proposal.operations
        if operation.target == location and operation.pointer.startswith(above)
    )
    result = dict.fromkeys(parts(f"/{pointer_}")[0] for pointer_ in inside)
    if not result.keys().isdisjoint(ACCOUNT):
        result = {**dict.fromkeys(ACCOUNT), **result}
    return tuple(field for field in result if field not in _LISTS)


def _sets(value: Value, workload: Workload, proposal: Proposal) -> str:
    """What of a part's fields the patch sets as well, in words; "" where nothing."""
    fields, volumes = _fields(workload, proposal), _volumes(workload, proposal)
    if isinstance(value, list):
        reported = (_operation_sets(entry, workload, fields, volumes) or _moves(entry, proposal) for entry in value)
        return next((what for what in reported if what), "")
    spec = mapping(resolve(value, workload.pod)) if isinstance(value, dict) else {}
    for field in fields:
        if field in spec:
            return f"its {field}"
    for name in volumes:
        if any(text(one, "name") == name for one in sequence(spec, "volumes")):
            return f"its volume {name}"
        if any(operation.op == "remove" for operation in proposal.operations) and _mounts(spec, name):
            return f"a mount of its volume {name}"
    return ""


def _volumes(workload: Workload, proposal: Proposal) -> tuple[str, ...]:
    """The volumes that a part of a change edits or adds."""
    above = workload.pod + "/volumes/"
    edited = (
        operation for operation in proposal.operations if operation.target == workload.resource.at and operation.pointer.startswith(above)
    )
    positions = ((operation, operation.pointer.removeprefix(above).partition("/")) for operation in edited)
    named = (text(resolve(workload.spec.value, f"/volumes/{place}") or operation.value, "name") for operation, (place, _, _) in positions)
    return tuple(dict.fromkeys(name for name in named if name))


def _mounts(spec: Value, volume: str) -> bool:
    containers = [one for key in ("initContainers", "containers") for one in sequence(spec, key)]
    return any(text(mount, "name") == volume for one in containers for mount in sequence(one, "volumeMounts"))


def _written(value: Value, workload: Workload, stated: str | None) -> str | None:
    """The account's name after a patch that may write it."""
    if not isinstance(value, list):
        return text(resolve(value, workload.pod), "serviceAccountName") or stated
    for entry in value:
        if text(entry, "path") == f"{workload.pod}/serviceAccountName":
            stated = None if text(entry, "op") == "remove" else text(entry, "value") or stated
    return stated


def _operation_sets(entry: Value, workload: Workload, fields: tuple[str, ...], volumes: tuple[str, ...]) -> str:
    path = text(entry, "path") or ""
    if workload.pod.startswith(path) and (len(path) == len(workload.pod) or workload.pod[len(path)] == "/"):
        # It writes the whole pod, or what holds it.
        return "" if text(entry, "op") == "test" or not isinstance(at(entry, "value"), dict) else "what holds its pods"
    if not path.startswith(workload.pod + "/"):
        return ""
    inside = path[len(workload.pod) + 1 :].split("/")
    if inside[0] in fields:
        return f"its {inside[0]}"
    if volumes and inside[0] == "volumes" and inside[1:] != ["-"]:
        content = text(resolve(workload.spec.value, "/" + "/".join(inside[:2])), "name")
        if content is None or content in volumes:
            return f"its volume {content or volumes[0]}"
    return ""


def _moves(entry: Value, proposal: Proposal) -> str:
    """What the patch finds by its place in a list, where the place would be another one, in words."""
    path = parts(text(entry, "path") or "")
    for operation in proposal.operations:
        *above, last = parts(operation.pointer) or [""]
        current = path[len(above)] if path[: len(above)] == above and len(path) > len(above) else ""
        if operation.op == "remove" and last.isdigit() and current.isdigit() and int(current) >= int(last):
            return f"by its place what would move ({pointer(*path[: len(above) + 1])})"
    return ""
