"""The command line: parse options, call a host, choose the exit code. No decisions.

Everything but click is imported where it is used: `samigrate --version` and `--help` load nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from samigrate import __version__
from samigrate.base.errors import InputError
from samigrate.cli.options import RISKS, Options, shared
from samigrate.cli.output import (
    BAD_INPUT,
    DONE,
    INTERRUPTED,
    OUR_BUG,
    REPORT,
    WOULD_CHANGE,
    encoded_lines,
    end_logs,
    exit_code,
    flush,
    hold_streams,
    log_usage_to,
    look,
    put,
    report,
    say,
    say_problems,
)
from samigrate.cli.running import run, settled, stdin, verify_builds

if TYPE_CHECKING:
    from collections import Counter

    from samigrate.domain.outcome import Outcome
    from samigrate.report.baseline import Compared, KnownChange

FAIL_ON = ("token", "note", "warning", "error", "required", "likely", "unknown", "none")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    hold_streams()
    try:
        return _main(arguments)
    finally:
        end_logs()


def _main(arguments: Sequence[str] | None) -> int:
    try:
        result = cli.main(args=list(arguments) if arguments is not None else None, prog_name="samigrate", standalone_mode=False)
        return flush(result if isinstance(result, int) else DONE)
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except click.ClickException as error:
        return _misused(error, sys.argv[1:] if arguments is None else arguments)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", INTERRUPTED)
    except MemoryError:
        return _fail("out of memory", BAD_INPUT)
    except OSError as error:
        return _fail(": ".join(str(part) for part in (error.filename, error.strerror or error) if part), BAD_INPUT)
    except Exception as error:
        if os.environ.get("SAMIGRATE_DEBUG"):
            import traceback

            traceback.print_exc()
        return _fail(f"{REPORT} (SAMIGRATE_DEBUG=1 shows where): {type(error).__name__}: {error}", OUR_BUG)


def _fail(message: str, code: int) -> int:
    say([f"samigrate: {message}"])
    with suppress(InputError):  # a result that cannot be written is no worse than what is said already
        flush(code)
    return code


def _misused(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Say what is wrong with the arguments, in the log that they name, too."""
    shown = StringIO()
    error.show(shown)
    say([shown.getvalue().rstrip("\n")], logged=())
    if isinstance(error, click.UsageError) and error.ctx and any(parameter.name == "log_file" for parameter in error.ctx.command.params):
        try:
            log_usage_to(arguments)
        except InputError as unwritten:
            say([f"samigrate: {unwritten}"])
    say((), logged=[f"samigrate: {error.format_message()}"])
    return BAD_INPUT


ELSEWHERE = {
    "apply": "review",
    "enforce": "enforce",
    "evidence": "evidence",
    "krm": "filters",
    "plan": "review",
    "post-render": "filters",
    "pr": "pr",
    "schema": "review",
}
"""Commands and the modules of `samigrate.cli` that they stand in: imported when they are named."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command = getattr(import_module(f"samigrate.cli.{ELSEWHERE[cmd_name]}"), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="samigrate", message="%(prog)s %(version)s")
def cli() -> None:
    """Move Kubernetes workloads off ambient API credentials, by editing their manifests."""


@cli.command()
@shared
@click.option("--write", is_flag=True, help="Change the files, each whole or not at all.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything would change.")
@click.option("--baseline", metavar="FILE", type=click.Path(dir_okay=False), help="With --check: only what is not in this JSON report.")
@click.option("--diff", is_flag=True, help="Print the diff: of a stream instead of the stream, with --write or --check besides.")
@click.option("--verify-build", is_flag=True, help="Make every kustomize build before and after: they may differ by the plan alone.")
@click.option("--interactive", is_flag=True, help="Show each workload's change and ask; on a terminal only.")
@click.option("--git-add", is_flag=True, help="With --write: `git add` what was written.")
@click.option("--workload", metavar="KIND/NAME", default="", help="Only this one, with what it needs in other files.")
def migrate(
    write: bool,
    check: bool,
    baseline: str | None,
    diff: bool,
    verify_build: bool,
    interactive: bool,
    git_add: bool,
    workload: str,
    **shared: Any,
) -> int:
    """Print what would change as a diff, or change it.

    PATH says what may change; what is decided rests on the whole repository. `-` reads a stream of manifests and
    prints it migrated.
    """
    options = Options(**shared)
    _refuse(write, check, diff, options)
    existing = _known(baseline, check)
    if git_add and not (write or interactive):
        raise click.UsageError("--git-add needs --write")
    if interactive:
        if write or check or diff or verify_build or workload or options.charts:
            raise click.UsageError("--interactive writes what you say yes to; it goes with no other ending")
        from samigrate.cli import interactive as asking

        return asking.migrate(options, _add if git_add else lambda _: None)
    read = stdin(options)
    if workload:
        if options.charts:
            raise click.UsageError("--charts does charts as a whole: it does not go with --workload")
        from samigrate.cli import following

        outcome = following.only(options, workload)
    else:
        from samigrate.report import formats

        outcome = run(options, read, with_lines=options.format is not None and formats.load(options.format).with_lines)
    outcome = settled(outcome, options.paths) if check else outcome
    if options.is_stream and outcome.problems:
        say_problems(outcome)
        return exit_code(outcome)
    if verify_build:
        outcome = verify_builds(outcome, options)
    written: tuple[str, ...] | None = None
    if write:
        from samigrate.hosts.write import write as write_files

        written, failed = write_files(outcome)
        outcome = _as_written(outcome._replace(problems=(*outcome.problems, *failed)), written)
        if git_add:
            _add(written)
    _print_result(outcome, options, read, is_silent=write or check, diff=diff)
    compared = _compared(outcome, existing)
    _say_summary(outcome, options, written, compared)
    return _passed(outcome, [f"--check: {reason}" for reason in _would_change(outcome, compared)] if check else [])


def _known(baseline: str | None, check: bool) -> Counter[KnownChange] | None:
    """The changes that a baseline holds, None without one."""
    if not baseline:
        return None
    if not check:
        raise click.UsageError("--baseline needs --check")
    from samigrate.report.baseline import read

    return read(baseline)


def _compared(outcome: Outcome, existing: Counter[KnownChange] | None) -> Compared | None:
    if existing is None:
        return None
    from samigrate.report.baseline import compare

    return compare(outcome, existing)


def _would_change(outcome: Outcome, compared: Compared | None) -> Iterable[str]:
    """Why a check fails; nothing where it passes."""
    from samigrate.base.wording import count

    if compared is not None:
        return [f"{count(len(compared.new), 'change')} that the baseline does not hold"] if compared.new else []
    return [f"{count(len(outcome.changes), 'file')} would change"] if outcome.is_changed() else []


def _passed(outcome: Outcome, reasons: Sequence[str]) -> int:
    """The exit code of a gate, which is said to have failed for these reasons."""
    code = exit_code(outcome, WOULD_CHANGE if reasons else DONE)
    if code == WOULD_CHANGE:
        say([f"samigrate: failed by {'; '.join(reasons)}"])
    return code


def _as_written(outcome: Outcome, written: tuple[str, ...]) -> Outcome:
    """The outcome without what could not be written: a report says what is on the disk."""
    missing = {change.path for change in outcome.changes} - set(written)
    return outcome._replace(
        changes=tuple(change for change in outcome.changes if change.path not in missing),
        workloads=tuple(one.unchanged() if one.files & missing else one for one in outcome.workloads),
    )


def _add(written: tuple[str, ...]) -> None:
    from samigrate.hosts import git

    git.add(written)


def _refuse(write: bool, check: bool, diff: bool, options: Options) -> None:
    """Options that contradict each other."""
    if write and check:
        raise click.UsageError("--write and --check exclude each other")
    if write and options.is_stream:
        raise click.UsageError("--write needs files; `migrate -` prints the migrated stream")
    if diff and options.format not in (None, "diff") and not options.output:
        raise click.UsageError(f"--diff and --format {options.format} both want stdout; name a file with --output")


def _print_result(outcome: Outcome, options: Options, read: Callable[[], bytes], *, is_silent: bool, diff: bool) -> None:
    """What goes to stdout: the chosen format; else the diff, the stream, or nothing."""
    from samigrate.hosts import stream

    if options.format or options.output:
        report(outcome, options, options.format or "diff")
        if not options.output:
            return
    if diff or not (is_silent or options.is_stream):
        report(outcome, replace(options, output=None), "diff")
    elif options.is_stream and not is_silent:
        for content in stream.pieces(read, outcome):
            put(sys.stdout, content)


def _say_summary(outcome: Outcome, options: Options, written: tuple[str, ...] | None, compared: Compared | None) -> None:
    from samigrate.report.formats import text
    from samigrate.report.formats.diff import hidden

    if written is None and not options.is_stream:
        for path in hidden(outcome):
            say([f"{text.clean(path)}: not shown, its diff would show a Secret's values; --write changes it"])
    if compared is not None:
        say(text.clean(line) for line in compared.new)
    if not options.quiet:
        visited = look(options, sys.stderr)
        say(
            text.summary(outcome, visited, written)
            if compared is None
            else text.compared(outcome, visited, len(compared.new), compared.gone)
        )
    say_problems(outcome)


@cli.command(short_help="Say who holds a token, as which account, and why.")
@shared
@click.option("--workload", metavar="KIND/NAME", default="", help="Only this one; with -v its whole chain of evidence.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([*FAIL_ON, *RISKS], case_sensitive=False),
    metavar="LEVEL|VERDICT|token",
    help="Exit with 1 if there is a finding of that level or worse, a workload with that verdict or a change of that risk, "
    "or a container that holds a token.",
)
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(),
    help="The manifests that a dump is held against: what only one of them has, and where they differ.",
)
def audit(fail_on: tuple[str, ...], workload: str, against: str | None, **shared: Any) -> int:
    """Say who holds a token, as which account, why, and what would change. Of a dump of a cluster: what runs."""
    from samigrate.report.conditions import narrow, reason

    options = Options(**shared, workload=workload)
    outcome = run(options, stdin(options), with_lines=True, reports_live=True)
    outcome = settled(outcome, options.paths) if fail_on else outcome
    if against:
        from samigrate.report.against import compared

        declared = run(replace(options, paths=(against,), output=None), with_lines=False)
        outcome = compared(outcome, declared, against)
    if workload:
        outcome = narrow(outcome, workload)
    report(outcome, options, options.format or "text")
    say_problems(outcome)
    return _passed(outcome, [f"--fail-on {condition}: {met}" for condition in fail_on if (met := reason(outcome, condition))])


@cli.command()
@click.argument("name", required=False)
def recipes(name: str | None) -> int:
    """List the recipes, or tell what one does."""
    from samigrate.cli import explain as texts

    return _tell(texts.recipe_(name) if name else texts.recipes())


@cli.command(short_help="Tell what a recipe, a change or a finding is about.")
@click.argument("id", required=False)
def explain(id: str | None) -> int:
    """Tell what a recipe does, or why a transform or a finding is there, with an example. Without ID: list all."""
    from samigrate.cli import explain as texts

    return _tell(texts.explain(id) if id else texts.everything())


def _tell(lines: Iterable[str]) -> int:
    put(sys.stdout, encoded_lines(lines))
    return DONE
