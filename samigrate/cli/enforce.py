"""`samigrate enforce`: policies that hold the line after a migration."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from samigrate.base.errors import InputError
from samigrate.base.wording import clean, count
from samigrate.cli import waiting
from samigrate.cli.options import Options, decided
from samigrate.cli.output import DONE, exit_code, put, say, say_problems
from samigrate.cli.running import find_recipes, find_roots, stdin

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.enforce.lists import Needs
    from samigrate.pipeline import Run

RULES = ("default-account", "token", "token-secret")
"""As in `enforce.rules`, which is not loaded to show help."""
FEW = 10


def _formats(_: click.Context, __: click.Parameter, value: str) -> str:
    from samigrate import enforce

    if value not in enforce.names():
        raise click.BadParameter(f"{value!r} is not one of {', '.join(enforce.names())}")
    return value


def _namespaces(_: click.Context, __: click.Parameter, values: tuple[str, ...] | str) -> tuple[str, ...] | str:
    from samigrate.settings.config import is_namespace

    if wrong := next((value for value in ([values] if isinstance(values, str) else values) if not is_namespace(value)), None):
        raise click.BadParameter(f"{wrong!r} cannot be the name of a namespace: small letters, digits and inner dashes, 63 at most")
    return values


@click.command(short_help="Make policies that hold the line after a migration.")
@decided
@click.option("--format", default="vap", callback=_formats, metavar="FORMAT", help="vap, kyverno or gatekeeper. [default: vap]")
@click.option("-o", "--output", metavar="DIR", type=click.Path(file_okay=False), help="Write the files there. [default: stdout]")
@click.option("--rule", "rules", multiple=True, type=click.Choice(RULES), help="Only these rules. [default: all three]")
@click.option("--action", type=click.Choice(["warn", "audit", "deny"]), default="warn", help="What happens to a violation. [default: warn]")
@click.option(
    "--exclude-namespace",
    multiple=True,
    callback=_namespaces,
    metavar="NS",
    help="Judge nothing there, nor in kube-system, kube-public and kube-node-lease.",
)
@click.option(
    "--list-namespace", default="kube-system", callback=_namespaces, metavar="NS", help="Where the lists are. [default: kube-system]"
)
def enforce(
    format: str, rules: tuple[str, ...], action: str, exclude_namespace: tuple[str, ...], list_namespace: str, **shared: Any
) -> int:
    """Make policies that refuse what a migration has taken away: pods that run as `default`, tokens that nothing needs,
    and legacy token Secrets.

    What the manifests say after the migration is let pass: each workload that keeps its token is on a list, with the
    reason. Nothing is refused before you say `--action deny`.
    """
    from samigrate import enforce as policies
    from samigrate.enforce import lists
    from samigrate.enforce.rules import load

    options = Options(**shared)
    runs, outcome = _decide(options)
    if not (outcome.workloads or outcome.problems):
        raise InputError("", 0, "there is no workload in PATH: with lists made from it, nothing could keep its token")
    needs = lists.needs(outcome.workloads, runs)
    chosen = [rule for rule in RULES if not rules or rule in rules]
    concerned = tuple(problem for problem in needs.problems if any(f"the rule {rule}," in problem.message for rule in chosen))
    outcome = outcome._replace(problems=(*outcome.problems, *concerned))
    if outcome.problems:  # a workload that is not known here would be refused
        say_problems(outcome)
        return exit_code(outcome)
    if lists.size(needs.lists) > lists.MOST:
        raise InputError("", 0, "the list is longer than an object in the cluster may be: too many accounts keep their token")
    audiences = [audience for run in runs for audience in run.root.settings.api_audience]
    excluded = tuple(sorted({*policies.SYSTEM, *exclude_namespace}))
    asked = policies.Asked(tuple(load(rule, audiences) for rule in chosen), action, excluded, list_namespace)
    files = policies.load(format).render(asked, needs.lists)
    if options.output:
        _write(options.output, files, quiet=options.quiet)
    else:
        put(sys.stdout, "---\n".join(files.values()).encode())
    if not options.quiet:
        _tell(outcome, needs, chosen, action)
    return DONE


def _decide(options: Options) -> tuple[list[Run], Outcome]:
    """Every root's run, and all of them as one outcome; what runs and is here as a dump counts, too."""
    from samigrate import pipeline

    if "-" in options.paths and not options.is_stream:
        raise click.UsageError("`-` (standard input) goes with no other path")
    with waiting.shown(quiet=options.quiet) as watched:
        roots, before, _ = find_roots(options, stdin(options))
        roots = watched([replace(root, reports_live=True) for root in roots])
        chosen = find_recipes(roots, options)
        runs = [pipeline.trace(root, chosen[root.settings.recipes]) for root in roots]
    return runs, pipeline.merge([before, *(run.outcome for run in runs)])


def _write(folder: str, files: Mapping[str, str], *, quiet: bool) -> None:
    """All files or none, over those of an earlier run and over nothing else. Raises InputError."""
    from samigrate.domain.outcome import FileChange
    from samigrate.hosts.write import write_together

    os.makedirs(folder, exist_ok=True)
    changes = [FileChange(path, _earlier(path), text) for name, text in files.items() for path in [os.path.join(folder, name)]]
    if problems := write_together([change for change in changes if change.old != change.new]):
        raise InputError(problems[0].path, 0, problems[0].message)
    left = [name for name in sorted(os.listdir(folder)) if name.startswith("samigrate-") and name not in files]
    if left and not quiet:
        say([f"{clean(folder)} holds {', '.join(map(clean, left))}, too, of an earlier run: `kubectl apply -f` would take it along"])


def _earlier(path: str) -> str | None:
    """What an earlier run has written there. Raises InputError where it is somebody else's."""
    from samigrate.enforce import MARK

    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    if not text.startswith(MARK):
        raise InputError(path, 0, "was not made by `samigrate enforce`, and would be lost: name another folder")
    return text


def _tell(outcome: Outcome, needs: Needs, rules: list[str], action: str) -> None:
    """How far the policies are from holding everywhere."""
    if outcome.changes:
        say([f"{count(len(outcome.changes), 'file')} would still change: `samigrate migrate --write` first, and roll it out"])
    remaining = [line for line in needs.remaining if line.partition(":")[0] in rules]
    if remaining:
        say(["Let pass, though it is better without:", *(f"  {clean(line)}" for line in remaining[:FEW])])
        say([f"  and {len(remaining) - FEW} more: they are on the lists"] if len(remaining) > FEW else [])
    ending = f"; {count(len(needs.lists['token']), 'account')} may mount a token" if "token" in rules else ""
    say([f"{count(len(rules), 'rule')}, action {action}{ending}"])
