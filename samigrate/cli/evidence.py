"""`samigrate evidence`: turn what lies outside the manifests into evidence files, merge them, and say how to collect a cluster's facts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from samigrate.base.errors import InputError
from samigrate.base.wording import clean
from samigrate.cli.output import DONE, put, save, say
from samigrate.cli.running import require_room

if TYPE_CHECKING:
    from samigrate.settings.evidence_files import Item, Log

_OUTPUT = click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there. [default: stdout]")


@click.group(short_help="Turn code and audit logs into evidence files, merge them; collect a cluster's facts.")
def evidence() -> None:
    """Turn source code or audit logs into an evidence file that `--evidence FILE` reads, merge such files, and say what collects a
    cluster's facts."""


@evidence.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path())
@_OUTPUT
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False), help="Instead of the samigrate.yaml found upward from DIR.")
@click.option("-q", "--quiet", is_flag=True, help="Only what went wrong.")
def source(folders: tuple[str, ...], output: str | None, config: str | None, quiet: bool) -> int:
    """Look for API use in the code that images are built from.

    An image is tied to a folder by `source:` in samigrate.yaml, a skaffold.yaml, the `build:` of a compose file, or a
    Dockerfile in a folder of the image's name.
    """
    from samigrate import pytext
    from samigrate.base.wording import count
    from samigrate.hosts.sources import search

    if not pytext.is_available():
        raise InputError("", 0, "reading source needs libcst: pip install 'samigrate[python]'")
    hits = [search(folder, config) for folder in folders]
    _write([item for hit in hits for item in hit.items], output)
    for skip in (skip for hit in hits for skip in hit.skipped):
        say([f"{skip.path}:{skip.line}: {skip.reason}" if skip.line else f"{skip.path}: {skip.reason}"])
    if not quiet:
        ties = sum(len(hit.ties) for hit in hits)
        files, signs = sum(hit.files for hit in hits), sum(len(hit.items) for hit in hits)
        say([f"{count(files, 'file')}, {count(ties, 'image')} tied to a folder, {count(signs, 'item')} of evidence"])
        if not ties:
            say(["no image is tied to a folder: name them under source: in samigrate.yaml"])
    return DONE


@evidence.command("audit-log")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@_OUTPUT
@click.option("--audit-since", metavar="WHEN", default="", help="The log holds all since then: a date, or 7d for the days before its end.")
@click.option("--suggest-rbac", metavar="FILE", type=click.Path(dir_okay=False), help="Write the least roles that the calls need.")
@click.option("--context", multiple=True, metavar="PATH", type=click.Path(), help="With --suggest-rbac: manifests of today's roles.")
@click.option("-q", "--quiet", is_flag=True, help="Only what went wrong.")
def audit_log(
    files: tuple[str, ...], output: str | None, audit_since: str, suggest_rbac: str | None, context: tuple[str, ...], quiet: bool
) -> int:
    """Read audit logs of API servers: who called what, as which account.

    FILE is JSON lines, an EventList or an array, as it is or as .gz or .zst, or `-`; wrapped as EKS, GKE, AKS and OpenShift
    hand it out. Several files are one log. A workload that made no call is shown to need none only with --audit-since.
    """
    from samigrate.auditlog import coverage, found
    from samigrate.base.wording import count
    from samigrate.hosts import auditlogs

    if context and not suggest_rbac:
        raise click.UsageError("--context goes with --suggest-rbac")
    tally = auditlogs.read(files, sys.stdin.buffer if "-" in files else None, watches_running=bool(audit_since))
    log = coverage.log(tally, files, audit_since)
    items = tuple(found.items(tally))
    if suggest_rbac:
        _suggest(suggest_rbac, items, context)
    _write(items, output, [log])
    say(f"{clean(path)}:{line}: {clean(reason)}" if line else f"{clean(path)}: {clean(reason)}" for path, line, reason in tally.unread)
    if more := tally.broken - len(tally.unread):
        say([f"{count(more, 'more line')} that cannot be read"])
    if not quiet:
        say([f"{count(tally.events, 'call')} by {count(len(tally.accounts), 'account')} in {count(len(files), 'file')}"])
        say(clean(line) for line in coverage.summary(log))
    return DONE


def _suggest(path: str, items: Sequence[Item], context: tuple[str, ...]) -> None:
    from samigrate.auditlog import rbac
    from samigrate.hosts import auditlogs

    granted, unread = auditlogs.granted(context)
    say(f"{clean(one.path)}:{one.line}: {clean(one.message)}" for one in unread)
    save(path, (line.encode("utf-8", "backslashreplace") for line in rbac.suggest(items, granted if context else None)))


@evidence.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@_OUTPUT
def merge(files: tuple[str, ...], output: str | None) -> int:
    """Join evidence files, each item once."""
    from samigrate.settings.evidence_files import join, load

    known = join(load(path) for path in files)
    _write(known.items, output, known.logs)
    return DONE


@evidence.command("cluster-command")
@click.option("--role", is_flag=True, help="Print the read-only ClusterRole under which the commands run instead.")
@click.option("--with-secrets", is_flag=True, help="The names of token Secrets, too: to list them is a right to read every Secret.")
def cluster_command(role: bool, with_secrets: bool) -> int:
    """Print the commands that collect what is needed of a cluster: cluster.json, for `--context` and `audit`.

    Nothing is asked of a cluster here. What the commands print holds no Secret's values.
    """
    from samigrate.hosts import cluster

    text = cluster.role(with_secrets=with_secrets) if role else "\n".join(cluster.commands(with_secrets=with_secrets)) + "\n"
    put(sys.stdout, text.encode())
    return DONE


def _write(items: Sequence[Item], output: str | None, logs: Sequence[Log] = ()) -> None:
    from samigrate.settings.evidence_files import render

    content = render(items, logs).encode("utf-8", "backslashreplace")
    if output is None:
        put(sys.stdout, content)
        return
    require_room(output)
    save(output, [content])
