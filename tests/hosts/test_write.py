"""Files are written whole or not at all, and together where they belong together."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from samigrate.domain.model import Level, Location, Operation, PodSpec, Resource, Risk, Verdict, Workload
from samigrate.domain.outcome import Applied, FileChange, Outcome, WorkloadReport
from samigrate.hosts.write import write
from samigrate.kinds import load


def report(path: str, *targets: tuple[str, str]) -> WorkloadReport:
    """A workload in `path` whose operations are (path, pointer)."""
    resource = Resource(Location(path), {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}})
    rule = load().rule("apps", "Deployment")
    assert rule
    applied = tuple(Applied("t", "identity", Operation(Location(target), "add", pointer, {})) for target, pointer in targets)
    return WorkloadReport(
        workload=Workload(resource, rule, "/spec/template/spec", "/spec/template"), scopes=("",), namespace=None, line=1,
        account_before="default", account_after="web", automount_before=None, automount_after=None, effective=None, tokens_before=1,
        tokens_after=0, containers=1,
        verdict=Verdict(Level.NONE, ()), risk=Risk.L2, risks=(), applied=applied, spec_after=PodSpec({}), lines={},
    )  # fmt: skip


def outcome(*changes: FileChange, workloads: tuple[WorkloadReport, ...] = ()) -> Outcome:
    return Outcome((), (), 0, 0, workloads, (), (), (), changes)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_mode_stay(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9\n")
    (folder / "a.yaml").chmod(0o640)
    written, problems = write(outcome(FileChange("a.yaml", "\ufeffa: 1\r\nb: é\n", "\ufeffa: 2\r\nb: é\n")))
    assert (written, problems) == (("a.yaml",), ())
    assert (folder / "a.yaml").read_bytes() == b"\xef\xbb\xbfa: 2\r\nb: \xc3\xa9\n"
    assert (folder / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert names(folder) == ["a.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_stays(folder: Path) -> None:
    (folder / "a.yaml").write_text("a\n")
    os.chown("a.yaml", 1234, 4321)
    write(outcome(FileChange("a.yaml", "a\n", "b\n")))
    assert ((folder / "a.yaml").stat().st_uid, (folder / "a.yaml").stat().st_gid) == (1234, 4321)


def test_new_file(folder: Path) -> None:
    assert write(outcome(FileChange("new.yaml", None, "a\n"))) == (("new.yaml",), ())
    mask = os.umask(0)
    os.umask(mask)
    assert (folder / "new.yaml").stat().st_mode & 0o777 == 0o666 & ~mask


def test_link_stays_and_its_target_is_written(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "real.txt").write_text("a\n")
    (folder / "link.yaml").symlink_to("sub/real.txt")
    write(outcome(FileChange("link.yaml", "a\n", "b\n")))
    assert (folder / "link.yaml").is_symlink()
    assert (folder / "sub" / "real.txt").read_text() == "b\n"


def test_a_file_that_changed_meanwhile_is_left(folder: Path) -> None:
    (folder / "a.yaml").write_text("someone else\n")
    (folder / "b.yaml").write_text("b\n")
    written, problems = write(outcome(FileChange("a.yaml", "a\n", "A\n"), FileChange("b.yaml", "b\n", "B\n")))
    assert written == ("b.yaml",)
    assert [problem.path for problem in problems] == ["a.yaml"]
    assert "changed by someone else" in problems[0].message
    assert (folder / "a.yaml").read_text() == "someone else\n"


def test_a_new_file_does_not_replace_one_that_appeared(folder: Path) -> None:
    (folder / "new.yaml").write_text("mine\n")
    written, problems = write(outcome(FileChange("new.yaml", None, "a\n")))
    assert not written
    assert problems
    assert (folder / "new.yaml").read_text() == "mine\n"


def test_full_disk_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.yaml").write_text("a\n")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    written, problems = write(outcome(FileChange("a.yaml", "a\n", "b\n")))
    assert not written
    assert problems[0].message == "not written: No space left on device"
    assert (folder / "a.yaml").read_text() == "a\n"
    assert names(folder) == ["a.yaml"]


def test_gone_folder_is_a_problem(folder: Path) -> None:
    written, problems = write(outcome(FileChange("gone/a.yaml", "a\n", "b\n")))
    assert not written
    assert "No such file" in problems[0].message


def test_read_only_file_is_a_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.yaml").write_text("a\n")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "read-only" in write(outcome(FileChange("a.yaml", "a\n", "b\n")))[1][0].message


def test_what_one_workload_spans_is_written_together_or_not(folder: Path) -> None:
    for name in ("web.yaml", "rbac.yaml", "other.yaml"):
        (folder / name).write_text("old\n")
    (folder / "rbac.yaml").write_text("meanwhile\n")
    changes = [FileChange(name, "old\n", "new\n") for name in ("other.yaml", "rbac.yaml", "web.yaml")]
    workloads = (report("web.yaml", ("web.yaml", "/spec"), ("rbac.yaml", "/subjects/-")), report("other.yaml", ("other.yaml", "/spec")))
    written, problems = write(outcome(*changes, workloads=workloads))
    assert written == ("other.yaml",)
    assert {problem.path for problem in problems} == {"web.yaml", "rbac.yaml"}
    assert (folder / "web.yaml").read_text() == "old\n"


def test_accounts_are_written_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-G1, R-G2."""
    order: list[str] = []
    replace = os.replace

    def watched(source: Any, target: Any) -> None:
        order.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    for name in ("a-web.yaml", "z-rbac.yaml"):
        (folder / name).write_text("old\n")
    changes = [FileChange(name, "old\n", "new\n") for name in ("a-web.yaml", "z-rbac.yaml")] + [FileChange("z-new.yaml", None, "new\n")]
    write(outcome(*changes, workloads=(report("a-web.yaml", ("a-web.yaml", "/spec"), ("z-rbac.yaml", "/subjects/-")),)))
    assert order == ["z-new.yaml", "z-rbac.yaml", "a-web.yaml"]
