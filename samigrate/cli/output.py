"""What goes to which stream, and the exit code."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from io import FileIO
from typing import IO, TYPE_CHECKING

from samigrate.base.errors import InputError
from samigrate.base.wording import clean, inert
from samigrate.cli.options import Options

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.report.formats import Look

DONE, WOULD_CHANGE, BAD_INPUT, OUR_BUG, INTERRUPTED = 0, 1, 2, 3, 130
REPORT = "this is a bug in samigrate: please report it, with the manifest if you can"


_logs: list[FileIO] = []
"""A file that messages go to as well: Helm 4 does not show the standard error of a post-renderer."""


def log_to(path: str) -> None:
    """From here on, add every message to the file as well. Raises InputError."""
    try:
        _logs.append(open(path, "ab", buffering=0))  # noqa: SIM115 - open as long as the command runs
    except OSError as error:
        raise InputError(path, 0, f"cannot be written: {error.strerror}") from error


def log_usage_to(arguments: Sequence[str]) -> None:
    """The same for arguments that could not be parsed: a wrong call has to be reported there, too."""
    supplied = [value for one, value in zip(arguments, [*arguments[1:], ""], strict=True) if one == "--log-file"]
    supplied += [one.partition("=")[2] for one in arguments if one.startswith("--log-file=")]
    if not _logs and (path := next(filter(None, [*supplied, os.environ.get("SAMIGRATE_LOG")]), None)):
        log_to(path)


def end_logs() -> None:
    while _logs:
        _logs.pop().close()


def say(lines: Iterable[str], logged: Iterable[str] | None = None) -> None:
    """Lines on standard error, and in the logs; `logged` are what the logs get instead. Nothing in them acts on a
    terminal or on a CI runner that reads along."""
    shown = list(lines)
    put(sys.stderr, encoded_lines(shown))
    content = encoded_lines(shown if logged is None else logged)
    for log in tuple(_logs):
        try:
            log.write(content)
        except OSError as error:  # what it is a copy of has been said
            _logs.remove(log)
            put(sys.stderr, encoded_lines([f"samigrate: {log.name}: cannot be written: {error.strerror}"]))


def encoded_lines(lines: Iterable[str]) -> bytes:
    return "".join(inert(line) + "\n" for line in lines).encode("utf-8", "backslashreplace")


def hold_streams() -> None:
    """Open the standard streams that the caller has closed, before a file takes their place: to use one stays an
    error, but for standard error, which then goes nowhere."""
    for handle, (name, mode, route) in enumerate((("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))):
        if getattr(sys, name) is None and os.open(os.devnull, route) == handle:
            setattr(sys, name, open(handle, mode, encoding="utf-8"))  # noqa: SIM115 - open as long as the process runs


def put(stream: IO[str], content: bytes) -> None:
    """Bytes on a standard stream. A reader that has gone away (`| head`) is no error."""
    try:
        stream.flush()
        stream.buffer.write(content)  # type: ignore[attr-defined]
        stream.buffer.flush()  # type: ignore[attr-defined]
    except BrokenPipeError:
        _let_go(stream)
    except OSError as error:
        _let_go(stream)  # what is left in the buffer must not fail once more
        if stream is not sys.stderr:
            raise InputError("", 0, f"standard output cannot be written: {error.strerror}") from error


def _let_go(stream: IO[str]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def flush(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        put(stream, b"")
    return code


def look(options: Options, stream: IO[str]) -> Look:
    """Colour and width, decided once for each stream."""
    from samigrate.report.formats import Look

    is_terminal = stream.isatty()
    color = options.color == "always" or (options.color == "auto" and is_terminal and not os.environ.get("NO_COLOR"))
    width = None
    if is_terminal:
        import shutil

        width = min(max(shutil.get_terminal_size().columns, 80), 120)
    return Look(color, width, options.verbosity, workload=bool(options.workload) and options.verbosity > 0)


def report(outcome: Outcome, options: Options, name: str) -> None:
    """The report in its format, to stdout or --output."""
    from samigrate.report import formats

    if name == "diff" and not options.output:
        show_diff(outcome, look(options, sys.stdout), quiet=options.quiet)
        return
    reporter = formats.load(name)
    if options.output:
        plain = look(options, sys.stdout)._replace(color=options.color == "always", width=None)
        save(options.output, (encoded(name, piece) for piece in reporter.render(_placed(outcome, name), plain)))
        return
    for fragment in reporter.render(outcome, look(options, sys.stdout)):
        put(sys.stdout, encoded(name, fragment))


def save(path: str, contents: Iterable[bytes]) -> None:
    """What a file of the user's choice is to hold: all of it, or what it held before. Raises InputError."""
    target = os.path.realpath(path)
    try:
        if os.path.lexists(target) and not os.path.isfile(target):  # a device or a pipe takes no file's place
            with open(target, "wb") as stream:
                stream.writelines(contents)
        else:
            _save_whole(target, contents)
    except OSError as error:
        raise InputError(path, 0, f"cannot be written: {error.strerror}") from error


def _save_whole(target: str, contents: Iterable[bytes]) -> None:
    import tempfile  # most runs save nothing

    with tempfile.NamedTemporaryFile(prefix=".samigrate-", dir=os.path.dirname(target), delete=False) as file:
        try:
            file.writelines(contents)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), _mode(target))
            os.replace(file.name, target)
        except BaseException:
            os.unlink(file.name)
            raise


def _mode(target: str) -> int:
    """The rights of a file, or of one that is to be made."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(os.stat(target).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def show_diff(outcome: Outcome, look: Look, *, quiet: bool) -> None:
    """The diff on stdout. Where its paths do not start at the current folder, that is said."""
    from samigrate.hosts import diffpaths
    from samigrate.report.formats import diff

    placed, command = diffpaths.applicable(outcome)
    for fragment in diff.render(placed, look):
        put(sys.stdout, encoded("diff", fragment))
    if command and not quiet:
        say([f"The diff leads out of the current folder: `{command}` takes it."])


def _placed(outcome: Outcome, name: str) -> Outcome:
    from samigrate.hosts import diffpaths

    return diffpaths.applicable(outcome)[0] if name == "diff" else outcome


def encoded(name: str, text: str) -> bytes:
    # A lone surrogate stands for a byte of a file's name: a diff wants the byte, JSON an escape.
    if name == "diff":
        return text.encode("utf-8", "surrogateescape")
    from samigrate.report import formats

    syntax = formats.load(name).syntax
    shown = text.replace("##[", "\\u0023#[") if syntax == "json" else text if syntax == "commands" else inert(text)
    return shown.encode("utf-8", "backslashreplace")


def say_problems(outcome: Outcome) -> None:
    if not outcome.problems:
        return
    for problem in outcome.problems:
        location = f"{problem.path}:{problem.line}" if problem.line else problem.path
        ending = f" ({REPORT}; its files are untouched)" if problem.ours else ""
        say([f"{clean(location) or 'samigrate'}: {clean(problem.message)}{ending}"])


def exit_code(outcome: Outcome, code: int = DONE) -> int:
    """The highest of the exit codes that apply."""
    if any(problem.ours for problem in outcome.problems):
        return OUR_BUG
    return BAD_INPUT if outcome.problems else code
