"""What samigrate takes a kustomize build to be, beside what kubectl builds: accounts, bindings and workloads.

    python -m tests.support.differential FOLDER...      # every kustomization below that kubectl builds without a network

Prints each object of a build that the two see differently, and how many builds, objects and differences there are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from samigrate import kinds, reading
from samigrate.base.values import mapping, resolve, sequence, text
from samigrate.domain.model import CLUSTER_SCOPED, NOWHERE, Resource
from samigrate.hosts.repository import Selection, gather
from samigrate.kustomize.overlays import Overlay
from samigrate.reading import Inventory, Root
from samigrate.scope.cuts import scopes
from samigrate.scope.index import Scope
from samigrate.scope.layer import subjects
from tests.support import tools

BINDINGS = ("RoleBinding", "ClusterRoleBinding")
Seen = dict[tuple[str, str, str], Any]
"""By (kind, namespace, name): an account's automount, a binding's subjects, the account of each pod of a workload."""


def rendered(stream: str) -> Seen:
    """What kubectl builds."""
    found: Seen = {}
    known = kinds.load(())
    for value in yaml.load_all(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        for one in sequence(value, "items") or [value]:
            resource = Resource(NOWHERE, mapping(one))
            namespace = "" if resource.id.kind in CLUSTER_SCOPED else resource.id.namespace or ""  # one that is stated means nothing
            key = resource.id.kind, namespace, resource.id.name
            if resource.id.kind == "ServiceAccount":
                found[key] = one.get("automountServiceAccountToken")
            elif resource.id.kind in BINDINGS:
                found[key] = sorted((*_subject(each, namespace), text(each, "name")) for each in sequence(one, "subjects"))
            else:
                for workload in kinds.workloads(resource, known):
                    found[*key[:2], key[2] + workload.pod] = workload.spec.stated_account
    return found


def seen(found: Inventory, root: Root) -> dict[str, Seen]:
    """What is taken for the build, by the folder of each."""
    builds: dict[str, Seen] = {}
    done: set[int] = set()
    for scope in (scope for each in scopes(found, root).values() for scope in each):
        if scope.overlay and scope.overlay.build.members[0].is_file and id(scope) not in done:
            done.add(id(scope))
            builds.setdefault(scope.overlay.build.folder, {}).update(_of_scope(scope, scope.overlay, found))
    return builds


def _of_scope(scope: Scope, overlay: Overlay, found: Inventory) -> Seen:
    held: Seen = {}
    workloads = [workload for several in found.workloads.values() for workload in several]
    for resource in scope.near[0].resources:
        made = overlay.made(resource)
        if made is None or made.is_deleted:
            continue
        name, namespace = made.names[-1][1], scope.namespace(resource) or ""
        key, built = (resource.id.kind, namespace, name), Resource(resource.at, made.value)
        if resource.id.kind == "ServiceAccount":
            held[key] = built.value.get("automountServiceAccountToken")
        elif resource.id.kind in BINDINGS:
            held[key] = _subjects(scope, built)
        else:
            for workload in workloads:
                if workload.resource.key == resource.key and isinstance(resolve(made.value, workload.pod), dict):
                    stated = overlay.account(workload, workload.spec.stated_account)
                    renamed = stated and (scope.built_name(stated, namespace) if overlay.renames(workload.id.kind) else stated)
                    held[*key[:2], key[2] + workload.pod] = renamed
    return held


def _subjects(scope: Scope, binding: Resource) -> list[Any]:
    """As decisions see them; those that are no accounts as they stand."""
    accounts = {one.pointer: one for one in subjects(binding) if one.via == "account"}
    found: list[Any] = []
    for index, entry in enumerate(sequence(binding.value, "subjects")):
        if one := accounts.get(f"/subjects/{index}"):
            found.append(("ServiceAccount", scope.subject_namespace(one) or "", scope.subject_name(one)))
        else:
            found.append((*_subject(entry, scope.namespace(binding) or ""), text(entry, "name")))
    return sorted(found)


def _subject(entry: Any, home: str) -> tuple[str | None, str]:
    """Kind and namespace of a subject; an account that states none is in the binding's."""
    is_account = text(entry, "kind") == "ServiceAccount"
    return text(entry, "kind"), text(entry, "namespace") or (home if is_account else "")


def differences(folder: str, command: list[str]) -> Iterator[tuple[str, str]]:
    """(build, difference) for every build below the folder; a build without one has "" once."""
    os.chdir(folder)
    for root in gather(Selection((".",))).roots:
        found = reading.read(root, kinds.load(root.settings.kinds))
        for build, ours in sorted(seen(found, root).items()):
            ran = subprocess.run([*command, build or "."], capture_output=True, text=True, check=False, timeout=120)
            if ran.returncode:
                continue
            theirs = rendered(ran.stdout)
            yield build, ""
            for key in sorted(theirs.keys() | ours.keys()):
                if key not in ours or key not in theirs or ours[key] != theirs[key]:
                    yield build, f"{' '.join(key)}: ours {ours.get(key, '-')!r}, kubectl's {theirs.get(key, '-')!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    builds, bad = 0, 0
    for folder in [each.absolute() for each in parser.parse_args().folders if each.is_dir()]:
        for build, told in differences(str(folder), [str(tools.need("kubectl")), "kustomize"]):
            builds, bad = builds + (not told), bad + bool(told)
            if told:
                sys.stdout.write(f"{folder.name}/{build}: {told}\n")
    sys.stdout.write(f"{builds} builds, {bad} differences\n")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
