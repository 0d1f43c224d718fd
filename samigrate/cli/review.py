"""`samigrate plan`, `apply` and `schema`: what is to change, for people to read before it does."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from samigrate.cli.options import Options, shared
from samigrate.cli.output import DONE, exit_code, look, put, save, say, say_problems, show_diff

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.review.plan_file.applying import Progress
    from samigrate.review.plan_file.planfile import PlanFile

_OURS = re.compile(rb"^apiVersion: samigrate\.dev/\S+\r?\nkind: Plan\r?$", re.MULTILINE)
PLAN = click.argument("plan", metavar="PLAN", type=click.Path(dir_okay=False))
QUIET = click.option("-q", "--quiet", is_flag=True, help="Only the result and what went wrong.")


@click.command(short_help="Save what would change, for people to read and cut down.")
@shared
def plan(**shared: Any) -> int:
    """Save what would change as a plan, for people to read and cut down. `samigrate apply` does what is left of it."""
    from samigrate.base.wording import count
    from samigrate.cli import following
    from samigrate.report.formats import text
    from samigrate.review.plan_file import planfile

    options = Options(**shared)
    if options.format:
        raise click.UsageError("a plan has one format; `audit` and `migrate` report in others")
    if options.output:
        _require_free(options.output)
    plan_file, outcome = following.make(options)
    content = planfile.show(plan_file).encode("utf-8", "surrogateescape")
    if options.output:
        save(options.output, [content])
    else:
        put(sys.stdout, content)
    if not options.quiet:
        touched = count(len({path for entry in plan_file.entries for path in entry.edited}), "file")
        say([f"Planned {count(len(plan_file.entries), 'workload')} in {touched}; {len(plan_file.left)} left alone."])
        if options.output and plan_file.entries:
            say([f"Next: read {options.output}, take out what you doubt, `samigrate apply {options.output}`."])
        if not plan_file.entries and not plan_file.left:
            say(text.skips(outcome, look(options, sys.stderr)))
    say_problems(outcome)
    return exit_code(outcome)


def _require_free(path: str) -> None:
    """A plan takes the place of a plan, and of nothing else."""
    from samigrate.base.errors import InputError

    if os.path.isfile(path):
        with open(path, "rb") as file:
            content = file.read(1 << 16)
        if content and not _OURS.search(content):
            raise InputError(path, 0, "is there, and no plan of samigrate's: name another file")


@click.command()
@PLAN
@click.option("--dry-run", is_flag=True, help="Print the diff and write nothing.")
@QUIET
def apply(plan: str, dry_run: bool, quiet: bool) -> int:
    """Do exactly what is left of a plan, and prove it.

    A file that has changed since is refused, unless all that was to happen to it has: so after an interruption,
    apply again.
    """
    from samigrate.cli import following
    from samigrate.hosts.write import write
    from samigrate.report.formats import Look

    read = following.read(plan)
    outcome, progress = following.follow(read, quiet=quiet)
    written: tuple[str, ...] = ()
    if dry_run:
        show_diff(outcome, Look(), quiet=quiet)
    else:
        written, failed = write(outcome)
        outcome = outcome._replace(problems=(*outcome.problems, *failed))
    if not quiet:
        say(_told(read, progress, outcome, written, dry_run=dry_run))
    say_problems(outcome)
    return exit_code(outcome)


def _told(plan: PlanFile, progress: Progress, outcome: Outcome, written: tuple[str, ...], *, dry_run: bool) -> list[str]:
    """What became of the entries."""
    from samigrate.base.wording import clean, count

    skipped = sum(bool(entry.skip) for entry in plan.entries)
    left = len(plan.entries) - skipped - len(progress.done) - len(progress.refused)
    files = count(len(outcome.changes) if dry_run else len(written), "file")
    extra = [
        f"{number} {description}"
        for number, description in ((skipped, "skipped"), (len(progress.done), "done before"), (len(progress.refused), "refused"))
        if number
    ]
    ending = f" ({', '.join(extra)})" if extra else ""
    return [
        *(f"wrote {clean(path)}" for path in written),
        f"{'Would apply' if dry_run else 'Applied'} {left} of {count(len(plan.entries), 'entry')} to {files}{ending}.",
    ]


@click.command(short_help="Print the JSON Schema of a plan, a config or a recipe.")
@click.argument("kind", type=click.Choice(["config", "plan", "recipe"]))
def schema(kind: str) -> int:
    """Print the JSON Schema of a plan, a config or a recipe, for editors."""
    from samigrate.plan import schema as schemas

    put(sys.stdout, schemas.text(kind).encode())
    return DONE
