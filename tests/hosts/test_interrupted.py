"""Whatever ends a run, running again reaches the whole change, and nothing of ours lies about."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from samigrate.hosts import write
from tests.command import invoke
from tests.test_plan import binding, deployment, fill, tree

POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": "shop"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}\n'
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n"
CONFIG = "apiVersion: samigrate.dev/v1\nkind: Config\naccount-file: account.yaml\n"
SCC = "apiVersion: security.openshift.io/v1\nkind: SecurityContextConstraints\nmetadata: {name: x}\nusers:\n- system:serviceaccount:shop:default\n"
NEEDY = deployment("web", image="example.com/web:1")
SHAPES = {
    "a binding": {"a-deploy.yaml": NEEDY, "rbac.yaml": binding()},
    "a binding that two share": {"a.yaml": NEEDY, "b.yaml": deployment("api", image="example.com/api:1"), "rbac.yaml": binding()},
    "a JSON file": {"one.json": POD, "z.yaml": deployment("other")},
    "a JSON file in a build": {"one.json": POD, "kustomization.yaml": KUSTOMIZATION.replace("web.yaml", "one.json")},
    "an account file in a build": {
        "samigrate.yaml": CONFIG,
        "kustomization.yaml": KUSTOMIZATION,
        "web.yaml": NEEDY,
        "rbac.yaml": binding(),
    },
    "two in one account file": {
        "samigrate.yaml": CONFIG,
        "kustomization.yaml": KUSTOMIZATION + "- api.yaml\n",
        "web.yaml": deployment("web"),
        "api.yaml": deployment("api"),
    },
    "an identity besides": {"a-deploy.yaml": NEEDY, "rbac.yaml": binding(), "scc.yaml": SCC},
}
COMMAND = ["migrate", "--write", "--max-risk", "L4", "-q", "."]


class _Counting:
    """`os` whose nth call does something else."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self.left, self.act = number, act

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if not callable(found) or name in ("fspath", "umask"):
            return found

        def called(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self.act()
            return found(*arguments, **named)

        return called


def _fail() -> None:
    raise OSError(errno.EIO, "Input/output error")


def _die() -> None:
    os._exit(9)


@pytest.fixture
def whole(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files of a shape after a run that nothing disturbs; the folder is where the disturbed ones happen."""
    (tmp_path / "whole").mkdir()
    fill(tmp_path / "whole", SHAPES[request.param])
    monkeypatch.chdir(tmp_path / "whole")
    assert invoke(COMMAND).exit == 0
    found = tree(tmp_path / "whole")
    assert found != {name: text.encode() for name, text in SHAPES[request.param].items()}
    return found


Disturb = Callable[[int, Path, Callable[[], None]], int]
"""Runs the command in a folder, whose nth call does something else; returns how many calls are left, or -1 for a traceback."""


def _ends(shape: dict[str, str], act: Callable[[], None], disturb: Disturb, home: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every end that a run can come to, each in a folder of its own, which a second run has been over."""
    for number in range(1, 400):
        folder = home / str(number)
        folder.mkdir()
        fill(folder, shape)
        patch.chdir(folder)
        child = os.fork()
        if child == 0:
            left = disturb(number, folder, act)
            os._exit(7 if left < 0 else 0 if left > 0 else 8)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 8, 9), f"call {number} ended in a traceback"
        if code == 0:
            assert number > 10
            return
        again = invoke(COMMAND)
        assert again.exit == 0, (number, again.stderr)
        yield folder


def _writer_disturbed(number: int, folder: Path, act: Callable[[], None]) -> int:
    counting = _Counting(number, act)
    setattr(write, "os", counting)  # noqa: B010 - the module's own name for it
    invoke(COMMAND)
    return max(counting.left, 0)


@pytest.mark.parametrize("whole", SHAPES, indirect=True)
@pytest.mark.parametrize("act", [_fail, _die], ids=["fails", "is killed"])
def test_running_again_reaches_the_whole_change(
    whole: dict[str, bytes], act: Callable[[], None], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in _ends(SHAPES[request.node.callspec.params["whole"]], act, _writer_disturbed, tmp_path, monkeypatch):
        assert tree(folder) == whole, folder.name


def meanings(files: dict[str, bytes]) -> dict[str, list[Any]]:
    """What files mean to a cluster: a run that cannot read one of them does part of a change and says so in its
    annotations; the next puts the rest beside it, perhaps in another order."""
    found = {name: list(yaml.safe_load_all(data)) for name, data in files.items()}
    for document in (one for documents in found.values() for one in documents):
        document.get("metadata", {}).pop("annotations", None)
        document.get("subjects", []).sort(key=str)
    return {name: sorted(documents, key=str) for name, documents in found.items()}


class _Audited:
    """The nth thing that Python tells its audit hooks about a folder, in whichever module, does something else."""

    def __init__(self, number: int, folder: Path, act: Callable[[], None]) -> None:
        self.left, self.folder, self.act, self.is_on = number, str(folder), act, True
        sys.addaudithook(self)  # for good: the process is a child that ends

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or event.split(".")[0] not in ("open", "os", "shutil", "tempfile", "fcntl"):
            return
        named = [os.fsdecode(one) for one in arguments if isinstance(one, str | bytes)]
        if event.startswith("fcntl") or any(not os.path.isabs(one) or one.startswith(self.folder) for one in named):
            self.left -= 1
            if self.left == 0:
                self.act()


def _anything_disturbed(number: int, folder: Path, act: Callable[[], None]) -> int:
    audited = _Audited(number, folder, act)
    code = invoke(COMMAND).exit
    audited.is_on = False
    return -1 if code == 3 else max(audited.left, 0)


@pytest.mark.parametrize("whole", SHAPES, indirect=True)
@pytest.mark.parametrize("act", [_fail, _die], ids=["fails", "is killed"])
def test_whatever_ends_a_run_while_it_reads_or_writes_leaves_nothing_that_a_rerun_does_not_heal(
    whole: dict[str, bytes], act: Callable[[], None], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in _ends(SHAPES[request.node.callspec.params["whole"]], act, _anything_disturbed, tmp_path, monkeypatch):
        assert meanings(tree(folder)) == meanings(whole), folder.name


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_waits_for_the_set(number: int, tmp_path: Path) -> None:
    fill(tmp_path, SHAPES["a binding"])
    program = (
        "import os, signal, sys, time\nfrom samigrate.hosts import write\nreplace = os.replace\n"
        f"signal.signal({int(number)}, signal.default_int_handler if {int(number)} == signal.SIGINT else signal.SIG_DFL)\n"
        f"def slow(*a):\n    replace(*a)\n    os.kill(os.getpid(), {int(number)})\n    time.sleep(0.2)\n"
        "os.replace = slow\nfrom samigrate.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *COMMAND], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0
    found = tree(tmp_path)
    assert b"serviceAccountName: web" in found["a-deploy.yaml"]
    assert b"name: web" in found["rbac.yaml"]
    assert not [name for name in found if ".samigrate-" in name]


def test_a_hard_link_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {"web.yaml": deployment("web"), "api.yaml": deployment("api", namespace="ops")})
    os.link("web.yaml", "../second.yaml")
    result = invoke(["migrate", "--write", "."])
    assert result.exit == 2
    assert "web.yaml: not written: it has a second name" in result.stderr
    assert "Changed 1 file (2 read): 1 of 2 workloads, tokens 2 → 1." in result.stderr
    assert Path("../second.yaml").read_text() == Path("web.yaml").read_text() == deployment("web")


def test_attributes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {"web.yaml": deployment("web")})
    try:
        os.setxattr("web.yaml", "user.owner", b"me")
    except OSError:
        pytest.skip("the file system has no attributes")
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert os.getxattr("web.yaml", "user.owner") == b"me"


def test_an_access_list_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the mask, which it shows as the group's rights, would become the group's rights."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {"web.yaml": deployment("web")})
    entries = [(1, 6, -1), (2, 4, 65534), (4, 0, -1), (16, 4, -1), (32, 0, -1)]  # owner, one user, group, mask, others
    made = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr("web.yaml", "system.posix_acl_access", made)
    except OSError:
        pytest.skip("the file system has no access lists")
    assert invoke(["migrate", "--write", "."]).exit == 0
    assert os.getxattr("web.yaml", "system.posix_acl_access") == made
    assert "automountServiceAccountToken" in Path("web.yaml").read_text()


def test_what_others_call_like_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, {"web.yaml": deployment("web"), ".samigrate-baseline.json": "{}", ".samigrate-plan.yaml": "x: 1\n"})
    (tmp_path / ".samigrate-ready-abcd1234").write_text("of a run that was killed")
    assert invoke(["plan", ".", "-q", "-o", ".samigrate-made.yaml"]).exit == 0
    assert invoke(["apply", ".samigrate-made.yaml"]).exit == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"web.yaml", ".samigrate-baseline.json", ".samigrate-plan.yaml", ".samigrate-made.yaml"}
