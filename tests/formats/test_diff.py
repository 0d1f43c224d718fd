"""Diffs, applied by the real git."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samigrate.domain.outcome import FileChange, Outcome
from samigrate.report.formats import Look, diff

NUMBERS = "".join(f"line {number}\n" for number in range(1, 31))


def outcome(*changes: FileChange) -> Outcome:
    return Outcome((), (), 0, 0, (), (), (), (), changes)


def shown(*changes: FileChange) -> str:
    return "".join(diff.render(outcome(*changes), Look()))


def applied(folder: Path, change: FileChange, *command: str) -> bytes:
    """The file's bytes after the diff was applied in the folder."""
    path = folder / change.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if change.old is not None:
        path.write_bytes(change.old.encode())
    patch = shown(change).encode("utf-8", "surrogateescape")
    done = subprocess.run(command or ("git", "apply", "-"), input=patch, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + patch.decode(errors="replace")
    return path.read_bytes()


def with_line(text: str, number: int, line: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: number - 1], line, *lines[number - 1 :]])


TEXTS = [
    pytest.param(NUMBERS, with_line(NUMBERS, 15, "new\n"), id="insertion in the middle"),
    pytest.param(NUMBERS, with_line(NUMBERS, 1, "new\n"), id="insertion before the first line"),
    pytest.param(NUMBERS, NUMBERS + "new\n", id="insertion at the end"),
    pytest.param(NUMBERS, NUMBERS + "new", id="insertion at the end, no final newline after it"),
    pytest.param("a\nb", "a\nb\nc", id="no final newline on either side"),
    pytest.param("a\nb", "x\na\nb", id="no final newline in the context"),
    pytest.param("a\nb", "a\nb\n", id="final newline added"),
    pytest.param("a\nb\n", "a\nb", id="final newline removed"),
    pytest.param(None, "a\nb\n", id="new file"),
    pytest.param(None, "a", id="new file without a final newline"),
    pytest.param("", "a\n", id="empty file"),
    pytest.param("a\r\nb\r\nc\r\n", "a\r\nnew\r\nb\r\nc\r\n", id="CRLF"),
    pytest.param("a\r\nb\nc\r\n", "a\r\nb\nnew\r\nc\r\n", id="mixed ends"),
    pytest.param("a\rb\u2028c\x85d\nb\n", "a\rb\u2028c\x85d\nnew\nb\n", id="only LF ends a line for git"),
    pytest.param("\ufeffa\nb\n", "\ufeffnew\na\nb\n", id="BOM"),
    pytest.param("a\nb\nc\n", "c\n", id="lines removed at the start"),
    pytest.param(NUMBERS, NUMBERS.replace("line 3\n", "x\n").replace("line 20\n", "y\nz\n"), id="two hunks"),
    pytest.param("-- a\n++ b\n", "-- a\nx\n++ b\n", id="lines that look like a head"),
]


@pytest.mark.parametrize(("old", "new"), TEXTS)
@pytest.mark.parametrize("program", [(), ("patch", "-p1", "--binary")], ids=["git apply", "patch"])
def test_applies(tmp_path: Path, old: str | None, new: str, program: tuple[str, ...]) -> None:
    if program and (old == "" or subprocess.run(["which", "patch"], capture_output=True, check=False).returncode):
        pytest.skip("GNU patch is not there, or makes no difference between an empty and a missing file")
    assert applied(tmp_path, FileChange("k8s/web.yaml", old, new), *program) == new.encode()


NAMES = ["web.yaml", "with space.yaml", "a/übér/ñ.yaml", 'quo"te.yaml', "tab\there.yaml", "back\\slash.yaml", "日本.yaml", "x'y.yaml"]


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize("old", [None, NUMBERS])
def test_names_are_quoted_as_git_does(tmp_path: Path, path: str, old: str | None) -> None:
    assert applied(tmp_path, FileChange(path, old, NUMBERS + "x\n"), "git", "apply", "-") == (NUMBERS + "x\n").encode()


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    change = FileChange("caf\udce9.yaml", "a\n", "b\n")
    assert applied(tmp_path, change) == b"b\n"


def test_applies_below_the_top_of_a_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    assert applied(folder, FileChange("web.yaml", "a\n", "b\n")) == b"b\n"


@pytest.mark.parametrize("change_at", range(1, 31))
@pytest.mark.parametrize(("first", "last"), [(1, 1), (5, 5), (14, 16), (30, 30), (27, 29)])
@pytest.mark.parametrize("program", [("git", "apply", "-"), ("patch", "-p1")], ids=["git apply", "patch"])
def test_secret_lines_are_never_shown(tmp_path: Path, change_at: int, first: int, last: int, program: tuple[str, ...]) -> None:
    change = FileChange("web.yaml", NUMBERS, with_line(NUMBERS, change_at, "new\n"), ((first, last),))
    text = diff.unified(change)
    if first <= change_at <= last:  # the value follows the change at once: git would take it for the end of the file
        assert text is None
        assert diff.hidden(outcome(change)) == ["web.yaml"]
        return
    assert text is not None
    for number in range(first, last + 1):
        assert f"line {number}\n" not in text
    assert applied(tmp_path, change, *program) == change.new.encode()


def test_secret_between_two_changes_splits_their_hunk(tmp_path: Path) -> None:
    new = with_line(with_line(NUMBERS, 14, "new\n"), 11, "new\n")
    change = FileChange("web.yaml", NUMBERS, new, ((12, 12),))
    assert "line 12" not in shown(change)
    assert applied(tmp_path, change) == new.encode()


def test_changed_line_that_holds_a_secret_hides_the_file() -> None:
    change = FileChange("all.json", '{"data": "c2VjcmV0"}\n', '{"data": "c2VjcmV0", "a": 1}\n', ((1, 1),))
    assert shown(change) == ""
    assert diff.hidden(outcome(change)) == ["all.json"]


def test_inserted_document_starts_after_its_separator() -> None:
    old = "---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\n"
    new = "---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: ServiceAccount\n---\napiVersion: v1\nkind: Pod\n"
    assert "+apiVersion: v1\n+kind: ServiceAccount\n+---\n" in shown(FileChange("a.yaml", old, new))


def test_random_edits_apply(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(150):
        old = [f"{chance.choice('abcdefgh')}{chance.choice('12345')}\n" for _ in range(chance.randrange(60))]
        new = list(old)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(new) + 1)
            new[at : at + chance.randrange(3)] = [f"{chance.choice('abcdxyz')}\n" for _ in range(chance.randrange(4))]
        if new != old and new:
            change = FileChange(f"{number}.yaml", "".join(old), "".join(new))
            assert applied(tmp_path, change) == change.new.encode()


def test_long_files_take_linear_time() -> None:
    old = [f"{number % 40}\n" for number in range(200_000)]
    new = [line for number, line in enumerate(old) for line in ([f"new {number}\n", line] if number % 50 == 0 else [line])]
    blocks = diff.differences(diff.DiffLines("".join(old)), diff.DiffLines("".join(new)))
    assert len(blocks) == 4000


@given(st.lists(st.sampled_from(["a\n", "b\n", "\n", "c\r\n", "d\re\n", "f" * 100 + "\n"])), st.sampled_from(["", "end", "\r"]))
def test_lines_are_those_of_git(lines: list[str], last: str) -> None:
    text = "".join(lines) + last
    found = diff.DiffLines(text)
    assert list(found) == [*lines, *([last] if last else [])]
    assert found[1:3] == list(found)[1:3]


@given(st.text("ab\n", max_size=300), st.text("ab\n", max_size=300), st.text("ab\n", max_size=40))
def test_equal_lines_are_counted(one: str, other: str, common: str) -> None:
    old, new = diff.DiffLines(common + one), diff.DiffLines(common + other)
    same = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(len(old), len(new)))
    assert diff._equal_lines(old, new, 0, 0, diff.DiffBlock(0, len(old), 0, len(new))) == same


def test_color_paints_whole_lines() -> None:
    text = "".join(diff.render(outcome(FileChange("a", "a\r\nb\n", "a\r\nc\n")), Look(color=True)))
    assert text.splitlines()[-2:] == ["\033[31m-b\033[0m", "\033[32m+c\033[0m"]
