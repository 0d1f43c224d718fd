"""A plan may ask for less than a migration, and for nothing else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import invoke
from tests.test_plan import binding, deployment, fill, tree

Edit = Callable[[dict[str, Any]], None]
MAKEFILE = "all:\n\techo\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "repository"
    fill(home, {"web.yaml": deployment("web", image="example.com/web:1"), "rbac.yaml": binding(), "Makefile": MAKEFILE})
    fill(tmp_path, {"outside.yaml": deployment("outside")})
    monkeypatch.chdir(home)
    assert invoke(["plan", ".", "-q", "-o", "../plan.yaml"]).exit == 0
    return home


def step(op: str, path: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"op": op, "path": path, "value": value, "part": "identity", "by": "dedicated-account", **more}


def added(*steps: dict[str, Any]) -> Edit:
    def edit(plan: dict[str, Any]) -> None:
        plan["workloads"][0]["operations"] += steps

    return edit


def changed(key: str, value: Any, *, kind: str = "add resource") -> Edit:
    """The first operation of a kind with another value at a dotted key."""

    def edit(plan: dict[str, Any]) -> None:
        found = next(one for one in plan["workloads"][0]["operations"] if one["op"] == kind)
        *above, last = key.split(".")
        holder = found
        for name in above:
            holder = holder.setdefault(name, {})
        holder[last] = value

    return edit


def moved(path: str) -> Edit:
    def edit(plan: dict[str, Any]) -> None:
        data = Path(path).read_bytes() if os.path.exists(path) else b""
        entry = plan["workloads"][0]
        entry["files"][path] = "sha256:" + hashlib.sha256(data).hexdigest()
        entry["operations"].append(step("add", "/spec/replicas", 9, object="Deployment shop/outside", file=path))

    return edit


POD = "/spec/template/spec"
HOSTILE: dict[str, Edit] = {
    "another image": added(step("replace", f"{POD}/containers/0/image", "evil")),
    "a command": added(step("add", f"{POD}/containers/0/command", ["sh"])),
    "the host's network": added(step("add", f"{POD}/hostNetwork", True)),
    "a host path": added(step("add", f"{POD}/volumes", [{"name": "h", "hostPath": {"path": "/"}}])),
    "rights for the pod": added(step("add", f"{POD}/securityContext", {"runAsUser": 0})),
    "another account": added(step("replace", f"{POD}/serviceAccountName", "admin")),
    "a token": added(step("replace", f"{POD}/automountServiceAccountToken", True)),
    "another subject": added(
        step("add", "/subjects/-", {"kind": "User", "name": "me"}, object="RoleBinding shop/readers", file="rbac.yaml")
    ),
    "another role": added(step("replace", "/roleRef/name", "cluster-admin", object="RoleBinding shop/readers", file="rbac.yaml")),
    "a removed object": added(step("remove", "", object="RoleBinding shop/readers", file="rbac.yaml")),
    "a binding": changed("value", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "x"}}),
    "a cloud role": changed("value.metadata.annotations", {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/admin"}),
    "another file for the account": changed("into", "other.yaml"),
    "a Makefile": changed("into", "Makefile"),
    "a workflow": changed("into", ".github/workflows/x.yaml"),
    "an annotation of others": added(step("add", "/metadata/annotations/x", "y", part="annotations", by="annotate")),
    "an absolute path": moved("/tmp/x.yaml"),
    "a path upwards": moved("../outside.yaml"),
    "a path up and down": moved("a/../../outside.yaml"),
    "a link that leads out": moved("link.yaml"),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("command", ["apply", "pr"])
def test_what_no_migration_does_is_refused_before_anything_is_written(folder: Path, kind: str, command: str) -> None:
    os.symlink("../outside.yaml", "link.yaml")
    path = folder.parent / "plan.yaml"
    plan = yaml.safe_load(path.read_text())
    HOSTILE[kind](plan)
    path.write_text(yaml.safe_dump(plan))
    before, outside = tree(folder), (folder.parent / "outside.yaml").read_bytes()
    if command == "pr":
        for words in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a@b commit -qm x"):
            assert os.system(f"git {words}") == 0
        before = tree(folder)
    result = invoke([command, str(path)])
    assert result.exit == 2, result.stderr
    assert {name: data for name, data in tree(folder).items() if not name.startswith(".git/")} == {
        name: data for name, data in before.items() if not name.startswith(".git/")
    }
    assert (folder.parent / "outside.yaml").read_bytes() == outside
    if command == "pr":
        assert os.popen("git branch --list 'samigrate/*'").read() == ""


@pytest.mark.parametrize("was", ["admin", "default"])
def test_a_plan_that_poses_as_an_interrupted_one_gives_no_right_of_another_account(was: str, folder: Path) -> None:
    """The workload has moved already; the plan says that it ran as `admin`, or that `admin` is its `default`."""
    assert invoke(["apply", "../plan.yaml"]).exit == 0
    Path("rbac.yaml").write_text(binding().replace("name: default", "name: admin"))
    plan = yaml.safe_load((folder.parent / "plan.yaml").read_text())
    entry = plan["workloads"][0]
    entry["was"]["account"] = was
    entry["files"]["rbac.yaml"] = "sha256:" + hashlib.sha256(Path("rbac.yaml").read_bytes()).hexdigest()
    (folder.parent / "plan.yaml").write_text(yaml.safe_dump(plan))
    before = tree(folder)
    result = invoke(["apply", "../plan.yaml"])
    assert result.exit == 2
    assert "which no migration of it does" in result.stderr
    assert tree(folder) == before


def test_the_plan_as_it_was_made_is_applied(folder: Path) -> None:
    assert invoke(["apply", "../plan.yaml"]).exit == 0
    assert "serviceAccountName: web" in Path("web.yaml").read_text()


@pytest.mark.parametrize("content", ["apiVersion: upgrade.cattle.io/v1\nkind: Plan\nmetadata:\n  name: x\n", "kind: Plan\n", "text\n"])
def test_a_plan_takes_the_place_of_nobody_elses_file(folder: Path, content: str) -> None:
    Path("upgrade.yaml").write_text(content)
    result = invoke(["plan", "web.yaml", "-o", "upgrade.yaml"])
    assert result.exit == 2
    assert "no plan of samigrate's" in result.stderr
    assert Path("upgrade.yaml").read_text() == content
    assert invoke(["plan", ".", "-o", "../plan.yaml"]).exit == 0, "one of ours may be made anew"


@pytest.mark.parametrize("arguments", [["plan", "web.yaml", "-o"], ["audit", "web.yaml", "--format", "json", "--output"]])
def test_a_full_disk_leaves_what_was_there(folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke([*arguments, "../kept"]).exit == 0
    before = Path("../kept").read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = invoke([*arguments, "../kept"])
    assert result.exit == 2
    assert "No space left on device" in result.stderr
    assert Path("../kept").read_bytes() == before
    assert not list(Path("..").glob(".samigrate-*"))


def test_a_report_takes_the_place_of_a_report_with_manifests_in_it(folder: Path) -> None:
    command = ["migrate", "--format", "json", "--output", "report.json", "."]
    assert invoke(command).exit == 0
    assert invoke(command).exit == 0


def test_a_report_goes_to_a_device(folder: Path) -> None:
    assert invoke(["plan", ".", "-q", "-o", "/dev/null"]).exit == 0
