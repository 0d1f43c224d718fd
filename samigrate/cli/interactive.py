"""`migrate --interactive`: one question for each workload, then what was answered yes to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from samigrate.cli import following
from samigrate.cli.options import Options
from samigrate.cli.output import encoded_lines, exit_code, look, put, say, say_problems

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.facts.state import Work
    from samigrate.pipeline import Run
    from samigrate.review.plan_file.planfile import Entry

_ANSWERS = "[y]es, [n]o, [a]ll that follow, [q]uit"
Add = Callable[[tuple[str, ...]], None]


def migrate(options: Options, add: Add) -> int:
    """Ask, then write. `add` is told the files written."""
    from samigrate.base.wording import clean, count
    from samigrate.hosts.write import write
    from samigrate.review.plan_file.planfile import PlanFile

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("--interactive asks on a terminal; for scripts there are `plan` and `apply`")
    runs, outcome, names, _ = following.trace(options)
    asked = [one for run in runs for one in following.entries(run)]
    chosen = tuple(_ask(asked, options))
    if not chosen:
        say(["Nothing changed."])
        say_problems(outcome)
        return exit_code(outcome)
    followed, _ = following.follow(PlanFile(names, following.stored(options), chosen), quiet=options.quiet)
    written, failed = write(followed)
    say(
        [
            *(f"wrote {clean(path)}" for path in written),
            f"Changed {count(len(written), 'file')}: {len(chosen)} of {count(len(asked), 'workload')}.",
        ]
    )
    followed = followed._replace(problems=(*followed.problems, *failed))
    say_problems(followed)
    add(written)
    return exit_code(followed)


def _ask(asked: list[tuple[Run, Work, Entry]], options: Options) -> Iterator[Entry]:
    for number, (run, work, entry) in enumerate(asked, 1):
        _show(run, work, entry, f"{number} of {len(asked)}", options)
        answer = ""
        while answer not in ("y", "n", "a", "q"):
            answer = str(click.prompt(f"Change it? {_ANSWERS}", default="n", show_default=False)).strip().lower()[:1]
        if answer == "q":
            return
        if answer in ("y", "a"):
            yield entry
        if answer == "a":
            yield from (entry for _, _, entry in asked[number:])
            return


def _show(run: Run, work: Work, entry: Entry, pointer: str, options: Options) -> None:
    from samigrate.base.wording import clean
    from samigrate.report.formats import diff
    from samigrate.review.plan_file import review

    lines = [f"{entry.at.object}  {entry.at.file}:{entry.line}  ({pointer})", f"  verdict {entry.verdict}, risk {entry.risk}"]
    lines += [f"  {entry.reason}", *(f"  - {sign}" for sign in entry.evidence), *(f"  ! {note}" for note in entry.notes)]
    put(sys.stdout, encoded_lines(["", *map(clean, lines)]))
    changes = review.alone(run, work)
    shown: Outcome = run.outcome._replace(changes=tuple(changes))
    for fragment in diff.render(shown, look(options, sys.stdout)):
        put(sys.stdout, fragment.encode("utf-8", "surrogateescape"))
    for path in diff.hidden(shown):
        put(sys.stdout, encoded_lines([f"{clean(path)}: not shown, its diff would show a Secret's values"]))
