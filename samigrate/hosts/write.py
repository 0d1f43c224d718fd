"""Changed files onto the disk: each whole or not at all, and what belongs together only together.

Files that one workload's change spans are a set: none of them is touched unless all can be. Each is first written
beside its target, so that a full disk or a missing right shows before anything is replaced; then the accounts go
first and the pods last (R-G1, R-G2). A run that was killed in between is finished by running again.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from samigrate.domain.model import Problem
from samigrate.domain.outcome import FileChange, Outcome

READY = ".samigrate-ready-"
"""How the names of files begin that hold a new text until it takes its place."""
_READY_NAME = re.compile(re.escape(READY) + r"[a-z0-9_]{8}")


class Staged(NamedTuple):
    """A change whose new text lies ready at `ready`, to take the place of `target` (links resolved)."""

    change: FileChange
    target: str
    ready: str


class CannotWriteError(Exception):
    """The file stays as it is."""


def write(outcome: Outcome) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Write the outcome's changes; returns the paths written and what could not be."""
    written: list[str] = []
    problems: list[Problem] = []
    changes = {change.path: change for change in outcome.changes}
    positions = _places(outcome)
    sweep(changes)
    for paths in _sets(outcome, changes):
        ordered = sorted(paths, key=lambda path: (positions.get(path, 1), path))
        with _undisturbed():
            _write_set([changes[path] for path in ordered], written, problems)
    return tuple(sorted(written)), tuple(problems)


def write_together(changes: Sequence[FileChange]) -> tuple[Problem, ...]:
    """Write files that belong together, in this order: all of them or none. Returns what could not be written."""
    problems: list[Problem] = []
    sweep(change.path for change in changes)
    if changes:
        with _undisturbed():
            _write_set(list(changes), [], problems)
    return tuple(problems)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal waits until the set is whole and nothing of ours lies about."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _write_set(changes: list[FileChange], written: list[str], problems: list[Problem]) -> None:
    staged: list[Staged] = []
    completed: list[str] = []
    change = changes[0]
    present = _hold({os.path.dirname(os.path.realpath(each.path)) for each in changes})
    try:
        for change in changes:
            staged.append(_stage(change))
        for entry in staged:
            change = entry.change
            _replace(entry)
            completed.append(change.path)
    except (OSError, CannotWriteError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        problems.append(Problem(change.path, 0, f"not written: {reason}"))
        left = [other for other in changes if other.path not in completed and other is not change]
        problems += [Problem(other.path, 0, f"not written: it belongs together with {change.path}") for other in left]
    finally:
        for entry in staged:
            with suppress(FileNotFoundError):
                os.unlink(entry.ready)
        for handle in present:
            os.close(handle)
    written += completed


def _hold(folders: set[str]) -> list[int]:
    """Locks that keep `sweep` of another run off the folders, as far as the file system has any."""
    handles = []
    for folder in sorted(folders):
        with suppress(OSError):
            handles.append(os.open(folder, os.O_RDONLY))
            fcntl.flock(handles[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handles


def sweep(paths: Iterable[str]) -> None:
    """Remove what a run that was killed has left beside these files, unless another run is at work there."""
    for folder in sorted({os.path.dirname(os.path.realpath(path)) for path in paths}):
        with suppress(OSError), _opened(folder) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if _READY_NAME.fullmatch(name) and stat.S_ISREG(os.lstat(path).st_mode):
                    os.unlink(path)


@contextmanager
def _opened(folder: str) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def _stage(change: FileChange) -> Staged:
    """The new text, in a file of its own in the target's folder, with the target's mode and owner."""
    target = os.path.realpath(change.path)
    _require_unchanged(change, target)
    if change.old is not None and not os.access(target, os.W_OK):
        raise CannotWriteError("the file is read-only")
    if change.old is not None and os.stat(target).st_nlink > 1:
        raise CannotWriteError("it has a second name (a hard link), which would keep the old text")
    handle, ready = tempfile.mkstemp(prefix=READY, dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(change.new.encode("utf-8"))
            file.flush()
            _copy_owner(file.fileno(), None if change.old is None else target)
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(ready)
        raise
    return Staged(change, target, ready)


def _copy_owner(handle: int, target: str | None) -> None:
    if target is None:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
        return
    status, own_status = os.stat(target), os.fstat(handle)
    if (status.st_uid, status.st_gid) != (own_status.st_uid, own_status.st_gid):
        try:
            os.fchown(handle, status.st_uid, status.st_gid)
        except OSError as error:
            raise CannotWriteError("it belongs to another user, and would not any more") from error
    os.fchmod(handle, stat.S_IMODE(status.st_mode))
    _copy_attributes(handle, target)


def _copy_attributes(handle: int, target: str) -> None:
    """Extended attributes, access lists among them: without them other users might gain or lose access to the file."""
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(target)
    except OSError:
        return  # the file system has none
    for name in names:
        try:
            os.setxattr(handle, name, os.getxattr(target, name))
        except OSError as error:
            raise CannotWriteError(f"its attribute {name} cannot be kept: {error.strerror}") from error


def _require_unchanged(change: FileChange, target: str) -> None:
    """The file still is what the change was made from."""
    try:
        with open(target, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        if change.old is None:
            return
        raise
    if change.old is None or content != change.old.encode("utf-8"):
        raise CannotWriteError("it was changed by someone else meanwhile; run again")


def _replace(entry: Staged) -> None:
    _require_unchanged(entry.change, entry.target)
    os.replace(entry.ready, entry.target)
    with suppress(OSError):  # not every file system can sync a folder
        folder = os.open(os.path.dirname(entry.target), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


# ---------------------------------------------------------------- order and sets


def _places(outcome: Outcome) -> dict[str, int]:
    """When each file's turn comes: new ones first, for others list them; those with a pod's edit last, for it needs the
    rest. Killed in between, no pod runs as an account that is not there, or has not its rights yet."""
    pods = {
        applied.operation.target.path
        for report in outcome.workloads
        for applied in report.applied
        if applied.operation.pointer and applied.operation.target.path == report.workload.resource.at.path
    }
    new = {change.path for change in outcome.changes if change.old is None}
    return dict.fromkeys(new, 0) | dict.fromkeys(pods - new, 2)


def _sets(outcome: Outcome, changes: Mapping[str, FileChange]) -> Iterable[list[str]]:
    """The changed files, those together that one workload's operations span."""
    leader = {path: path for path in changes}

    def find(path: str) -> str:
        while leader[path] != path:
            path = leader[path]
        return path

    spans = [{applied.operation.target.path for applied in report.applied} | report.files for report in outcome.workloads]
    # A new file holds accounts for what lies beside it.
    spans += [
        {path for path in changes if os.path.dirname(path) == os.path.dirname(new.path)} for new in changes.values() if new.old is None
    ]
    for span in spans:
        touched = sorted(span & leader.keys())
        for path in touched[1:]:
            leader[find(path)] = find(touched[0])
    result: dict[str, list[str]] = {}
    for path in sorted(changes):
        result.setdefault(find(path), []).append(path)
    return result.values()
