"""The options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from samigrate.config import Settings

RISKS = ("L0", "L1", "L2", "L3", "L4", "L5")


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


SHARED = [
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


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in reversed(SHARED):
        command = decorate(command)
    return command


def adjust(options: Options) -> Callable[[Settings], Settings]:
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
