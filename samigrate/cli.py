"""The command line: parse options, call a host, choose the exit code. No decisions.

Everything but click is imported where it is used: `samigrate --version` and `--help` load nothing else.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import click

from samigrate import __version__
from samigrate.errors import InputError

if TYPE_CHECKING:
    from samigrate.config import Settings
    from samigrate.model import Outcome
    from samigrate.pipeline import Root
    from samigrate.reporters import Look

DONE, WOULD_CHANGE, BAD_INPUT, OUR_BUG, INTERRUPTED = 0, 1, 2, 3, 130
REPORT = "this is a bug in samigrate: please report it, with the manifest if you can"
RISKS = ("L0", "L1", "L2", "L3", "L4", "L5")
FAIL_ON = ("token", "note", "warning", "error", "required", "likely", "unknown", "none")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    try:
        result = cli.main(args=list(arguments) if arguments is not None else None, prog_name="samigrate", standalone_mode=False)
        return _flush(result if isinstance(result, int) else DONE)
    except InputError as error:
        return _fail(str(error), BAD_INPUT)
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", INTERRUPTED)
    except MemoryError:
        return _fail("out of memory", BAD_INPUT)
    except OSError as error:
        return _fail(str(error), BAD_INPUT)
    except Exception as error:
        if os.environ.get("SAMIGRATE_DEBUG"):
            traceback.print_exc()
        return _fail(f"{REPORT} (SAMIGRATE_DEBUG=1 shows where): {type(error).__name__}: {error}", OUR_BUG)


def _fail(message: str, code: int) -> int:
    _say([f"samigrate: {message}"])
    return _flush(code)


# ---------------------------------------------------------------- output


def _say(lines: Iterable[str]) -> None:
    """Lines on standard error."""
    _put(sys.stderr, "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))


def _put(stream: IO[str], content: bytes) -> None:
    """Bytes on a standard stream. A reader that has gone away (`| head`) is no error."""
    try:
        stream.flush()
        stream.buffer.write(content)  # type: ignore[attr-defined]
        stream.buffer.flush()  # type: ignore[attr-defined]
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _flush(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _look(options: Options, stream: IO[str]) -> Look:
    """Colour and width, decided once for each stream."""
    import shutil

    from samigrate.reporters import Look

    is_terminal = stream.isatty()
    color = options.color == "always" or (options.color == "auto" and is_terminal and not os.environ.get("NO_COLOR"))
    width = min(max(shutil.get_terminal_size().columns, 80), 120) if is_terminal else None
    return Look(color, width, options.verbosity, workload=bool(options.workload) and options.verbosity > 0)


# ---------------------------------------------------------------- options


@dataclass(frozen=True, slots=True)
class Options:
    """The options that `migrate` and `audit` share."""

    paths: tuple[str, ...]
    recipe: tuple[str, ...]
    format: str | None
    output: str | None
    namespace: str | None
    unknown: str | None
    max_risk: str | None
    token_expiration: int | None
    config: str | None
    kinds: tuple[str, ...]
    exclude: tuple[str, ...]
    context: tuple[str, ...]
    no_context: bool
    color: str
    quiet: bool
    verbose: int
    workload: str = ""

    @property
    def is_stream(self) -> bool:
        return self.paths == ("-",)

    @property
    def verbosity(self) -> int:
        return -1 if self.quiet else self.verbose


def _formats(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from samigrate import reporters

    if value is not None and value not in reporters.names():
        raise click.BadParameter(f"{value!r} is not one of {', '.join(reporters.names())}")
    return value


_SHARED = [
    click.argument("paths", nargs=-1, metavar="PATH... | -", type=click.Path(), required=True),
    click.option("--recipe", multiple=True, metavar="NAME|FILE", help="What to do; several are joined. [default: least-privilege]"),
    click.option("--format", callback=_formats, metavar="FORMAT", help="text, diff or json."),
    click.option("--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write the report there."),
    click.option("--namespace", metavar="NS", help="The namespace of documents that state none."),
    click.option("--unknown", type=click.Choice(["leave", "account", "disable"]), help="Where API use is unknown. [default: leave]"),
    click.option("--max-risk", type=click.Choice(RISKS), help="Leave out what is riskier. [default: L3]"),
    click.option("--token-expiration", type=click.IntRange(600, 1 << 32), metavar="SECONDS", help="Of projected tokens. [default: 3607]"),
    click.option("--config", metavar="FILE", type=click.Path(dir_okay=False), help="Instead of the samigrate.yaml found upward from PATH."),
    click.option("--kinds", multiple=True, metavar="FILE", type=click.Path(dir_okay=False), help="More kinds that hold pod templates."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Files that must not change; they are still read."),
    click.option("--context", multiple=True, metavar="FILE|DIR", type=click.Path(), help="Read these manifests besides: a cluster dump."),
    click.option("--no-context", is_flag=True, help="Read nothing but what may change."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]"),
    click.option("-q", "--quiet", is_flag=True, help="Only the result and what went wrong."),
    click.option("-v", "--verbose", count=True, help="All findings, each with its way out."),
]


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in reversed(_SHARED):
        command = decorate(command)
    return command


def _adjust(options: Options) -> Callable[[Settings], Settings]:
    """Lays the options over a config's settings."""

    def adjust(settings: Settings) -> Settings:
        from samigrate.config import read_kinds
        from samigrate.model import Risk

        given: dict[str, Any] = {"unknown": options.unknown, "token_expiration": options.token_expiration}
        given["max_risk"] = Risk[options.max_risk] if options.max_risk else None
        given["recipes"] = options.recipe or None
        if options.namespace:
            given |= {"namespace": options.namespace, "namespaces": ()}
        if options.kinds:
            given["kinds"] = (*settings.kinds, *(rule for path in options.kinds for rule in read_kinds(path)))
        return replace(settings, **{name: value for name, value in given.items() if value is not None})

    return adjust


# ---------------------------------------------------------------- running


def _roots(options: Options, stdin: bytes) -> tuple[list[Root], Outcome]:
    """The roots to decide, and what was said of the input before."""
    from samigrate.hosts import repository, stream
    from samigrate.model import Outcome

    adjust = _adjust(options)
    if options.is_stream:
        roots: Sequence[Root] = [stream.root(stdin, options.config, adjust)]
        skipped: tuple[Any, ...] = ()
        problems: tuple[Any, ...] = ()
    else:
        wide = not options.no_context
        gathered = repository.gather(repository.Selection(options.paths, options.exclude, options.context, wide, options.config, adjust))
        roots, skipped, problems = gathered.roots, gathered.skipped, gathered.problems
    return list(roots), Outcome((), (), 0, 0, (), (), skipped, problems, ())


def _run(options: Options, stdin: bytes, *, with_lines: bool) -> Outcome:
    from samigrate import pipeline, recipe

    if "-" in options.paths and not options.is_stream:
        raise click.UsageError("`-` (standard input) goes with no other path")
    roots, before = _roots(options, stdin)
    chosen = {names: recipe.load(names) for names in dict.fromkeys(root.settings.recipes for root in roots) or [options.recipe]}
    outcomes = [pipeline.run(root, chosen[root.settings.recipes], with_lines=with_lines) for root in roots]
    names = tuple(dict.fromkeys(name for one in chosen.values() for name in one.name.split(" + ")))
    return replace(pipeline.merge([before, *outcomes]), recipes=names)


def _stdin(options: Options) -> bytes:
    return sys.stdin.buffer.read() if options.is_stream else b""


def _report(outcome: Outcome, options: Options, name: str) -> None:
    """The report in its format, to stdout or --output."""
    from samigrate import reporters

    reporter = reporters.load(name)
    if options.output:
        look = replace(_look(options, sys.stdout), color=options.color == "always", width=None)
        with open(options.output, "wb") as file:
            file.writelines(_encoded(name, piece) for piece in reporter.render(outcome, look))
        return
    for piece in reporter.render(outcome, _look(options, sys.stdout)):
        _put(sys.stdout, _encoded(name, piece))


def _encoded(name: str, text: str) -> bytes:
    # A lone surrogate stands for a byte of a file's name: a diff wants the byte, JSON an escape.
    return text.encode("utf-8", "surrogateescape" if name == "diff" else "backslashreplace")


def _say_problems(outcome: Outcome) -> None:
    from samigrate.reporters.text import clean

    for problem in outcome.problems:
        place = f"{problem.path}:{problem.line}" if problem.line else problem.path
        ending = f" ({REPORT}; its files are untouched)" if problem.ours else ""
        _say([f"{clean(place)}: {clean(problem.message)}{ending}"])


def _code(outcome: Outcome, code: int = DONE) -> int:
    """The highest of the exit codes that apply."""
    if any(problem.ours for problem in outcome.problems):
        return OUR_BUG
    return BAD_INPUT if outcome.problems else code


# ---------------------------------------------------------------- commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="samigrate", message="%(prog)s %(version)s")
def cli() -> None:
    """Move Kubernetes workloads off ambient API credentials, by editing their manifests."""


@cli.command()
@_shared
@click.option("--write", is_flag=True, help="Change the files, each whole or not at all.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything would change.")
@click.option("--diff", is_flag=True, help="Print the diff: of a stream instead of the stream, with --write or --check besides.")
def migrate(write: bool, check: bool, diff: bool, **shared: Any) -> int:
    """Print what would change as a diff, or change it.

    PATH says what may change; what is decided rests on the whole repository. `-` reads a stream of manifests and
    prints it migrated.
    """
    options = Options(**shared)
    _refuse(write, check, diff, options)
    content = _stdin(options)
    outcome = _run(options, content, with_lines=options.format in ("text", "json"))
    if options.is_stream and outcome.problems:
        _say_problems(outcome)
        return _code(outcome)
    written: tuple[str, ...] | None = None
    if write:
        from samigrate.hosts.write import write as write_files

        written, failed = write_files(outcome)
        outcome = replace(outcome, problems=(*outcome.problems, *failed))
    _print_result(outcome, options, content, is_silent=write or check, diff=diff)
    _say_summary(outcome, options, written)
    return _code(outcome, WOULD_CHANGE if check and outcome.is_changed() else DONE)


def _refuse(write: bool, check: bool, diff: bool, options: Options) -> None:
    """Options that contradict each other."""
    if write and check:
        raise click.UsageError("--write and --check exclude each other")
    if write and options.is_stream:
        raise click.UsageError("--write needs files; `migrate -` prints the migrated stream")
    if diff and options.format not in (None, "diff") and not options.output:
        raise click.UsageError(f"--diff and --format {options.format} both want stdout; name a file with --output")


def _print_result(outcome: Outcome, options: Options, content: bytes, *, is_silent: bool, diff: bool) -> None:
    """What goes to stdout: the chosen format; else the diff, the stream, or nothing."""
    from samigrate.hosts import stream

    if options.format or options.output:
        _report(outcome, options, options.format or "diff")
        if not options.output:
            return
    if diff or not (is_silent or options.is_stream):
        _report(outcome, replace(options, output=None), "diff")
    elif options.is_stream and not is_silent:
        _put(sys.stdout, stream.result(content, outcome))


def _say_summary(outcome: Outcome, options: Options, written: tuple[str, ...] | None) -> None:
    from samigrate.reporters import text
    from samigrate.reporters.diff import hidden

    if written is None and not options.is_stream:
        for path in hidden(outcome):
            _say([f"{text.clean(path)}: not shown, its diff would show a Secret's values; --write changes it"])
    if not options.quiet:
        _say(text.summary(outcome, _look(options, sys.stderr), written))
    _say_problems(outcome)


@cli.command()
@_shared
@click.option("--workload", metavar="KIND/NAME", default="", help="Only this one; with -v its whole chain of evidence.")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice([*FAIL_ON, *RISKS], case_sensitive=False),
    metavar="LEVEL|VERDICT|token",
    help="Exit with 1 if there is a finding of that level or worse, a workload with that verdict or a change of that risk, "
    "or a container that holds a token.",
)
def audit(fail_on: tuple[str, ...], workload: str, **shared: Any) -> int:
    """Say who holds a token, as which account, why, and what would change."""
    from samigrate.audit import is_met, narrow

    options = Options(**shared, workload=workload)
    outcome = _run(options, _stdin(options), with_lines=True)
    if workload:
        outcome = narrow(outcome, workload)
    _report(outcome, options, options.format or "text")
    _say_problems(outcome)
    return _code(outcome, WOULD_CHANGE if any(is_met(outcome, condition) for condition in fail_on) else DONE)


@cli.command()
@click.argument("name", required=False)
def recipes(name: str | None) -> int:
    """List the recipes, or tell what one does."""
    from samigrate import explain as texts

    return _tell(texts.recipe_(name) if name else texts.recipes())


@cli.command()
@click.argument("id", required=False)
def explain(id: str | None) -> int:
    """Tell why a transform or a finding is there, with an example. Without ID: list all."""
    from samigrate import explain as texts

    return _tell(texts.explain(id) if id else texts.everything())


def _tell(lines: Iterable[str]) -> int:
    _put(sys.stdout, "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))
    return DONE
