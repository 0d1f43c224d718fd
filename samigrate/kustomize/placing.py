"""Which file a new account goes into, and the kustomizations that must list it.

By default it stands in its workload's own file, which every kustomization lists already. The config can name a file
of its own (`account-file`), and a JSON file has room for one object: then the kustomization that lists the workload
must list that file, too, and once.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from samigrate.base.values import Value, sequence
from samigrate.domain.model import NewResource, Operation, Proposal, Resource, Workload
from samigrate.kustomize.gathering import Build
from samigrate.kustomize.kustomization import Kustomization


def sibling(path: str) -> str:
    """The file that holds the account of a file that is one JSON object (cli.md)."""
    return re.sub(r"\.[^./]+$", "", path) + "-serviceaccount.json"


def account_file(workload: Workload, name: str) -> str:
    """The file of its own that an account goes into, by the config's name for it; "" for the workload's."""
    path = workload.resource.at.path
    return posixpath.join(posixpath.dirname(path), name) if name and not path.startswith("<") and posixpath.basename(path) != name else ""


def placed(
    proposal: Proposal, workload: Workload, name: str, builds: Iterable[Build], values: Mapping[tuple[str, int, str], Value]
) -> Proposal:
    """The proposal with the place of its new objects. `values` are the kustomizations as planned so far."""
    if not proposal.resources:
        return proposal
    file = account_file(workload, name)
    resources = tuple(added._replace(file=file) for added in proposal.resources)
    path = workload.resource.at.path
    new = file or (sibling(path) if path.endswith(".json") and not workload.resource.at.item else "")
    listing = tuple(_listing(path, new, builds, values)) if new else ()
    return proposal._replace(resources=resources, operations=(*proposal.operations, *listing))


def _listing(path: str, new: str, builds: Iterable[Build], values: Mapping[tuple[str, int, str], Value]) -> Iterator[Operation]:
    members = {member.path: member for build in builds for member in build.members if path in member.resources}
    for member in members.values():
        listed = _listed(member, values)
        entry = posixpath.relpath(new, member.folder or ".")
        if new not in listed:
            yield Operation(member.at, "add", "/resources/-", entry, reason="the account's file must be listed, or the build leaves it out")


def _listed(member: Kustomization, values: Mapping[tuple[str, int, str], Value]) -> set[str]:
    """What the kustomization lists by now, as paths."""
    planned = values.get((member.at.path, member.at.document, member.at.item), member.value)
    entries = [entry for entry in sequence(planned, "resources") if isinstance(entry, str)]
    return {*member.resources, *(posixpath.normpath(posixpath.join(member.folder, entry)) for entry in entries)}


def place(added: NewResource) -> str:
    """The path of the file that the object goes into."""
    return added.file or added.beside.path


def is_beside(account: Resource, workload: Workload, name: str) -> bool:
    """Whether the account stands where a new one for the workload would."""
    return account.at.path in (workload.resource.at.path, account_file(workload, name), sibling(workload.resource.at.path))


def lone(accounts: Sequence[NewResource], path: str) -> list[Value]:
    """The objects that go into a file."""
    return [added.value for added in accounts if place(added) == path]
