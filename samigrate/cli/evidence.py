"""`samigrate evidence`: turn what lies outside the manifests into evidence files, and merge them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from samigrate.base.errors import InputError
from samigrate.cli.output import DONE, put, save, say
from samigrate.cli.running import require_room

if TYPE_CHECKING:
    from samigrate.settings.evidence_files import Item

_OUTPUT = click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there. [default: stdout]")


@click.group(short_help="Turn source code into evidence files, and merge them.")
def evidence() -> None:
    """Turn source code into an evidence file that `--evidence FILE` reads, and merge such files."""


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


@evidence.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@_OUTPUT
def merge(files: tuple[str, ...], output: str | None) -> int:
    """Join evidence files, each item once."""
    from samigrate.settings.evidence_files import read

    _write([item for path in files for item in read(path)], output)
    return DONE


def _write(items: Sequence[Item], output: str | None) -> None:
    from samigrate.settings.evidence_files import render

    content = render(items).encode("utf-8", "backslashreplace")
    if output is None:
        put(sys.stdout, content)
        return
    require_room(output)
    save(output, [content])
