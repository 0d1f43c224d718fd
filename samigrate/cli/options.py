"""The options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from samigrate.domain.model import KindRule
    from samigrate.settings.config import Settings

RISKS = ("L0", "L1", "L2", "L3", "L4", "L5")


@dataclass(frozen=True, slots=True)
class Options:
    """The options that `migrate` and `audit` share."""

    paths: tuple[str, ...]
    recipe: tuple[str, ...] = ()
    format: str | None = None
    output: str | None = None
    namespace: str | None = None
    unknown: str | None = None
    max_risk: str | None = None
    token_expiration: int | None = None
    scope_token: bool = False
    explicit: bool = False
    harden_existing_sa: bool = False
    create: bool = False
    record: str = ""
    config: str | None = None
    kinds: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    no_context: bool = False
    evidence: tuple[str, ...] = ()
    python: bool | None = None
    jobs: int | None = None
    color: str = "never"
    quiet: bool = False
    verbose: int = 0
    workload: str = ""
    charts: bool = False
    chart: tuple[str, ...] = ()
    chart_style: str = "literal"
    chart_accounts: bool = False
    thorough: bool = False

    @property
    def is_stream(self) -> bool:
        return self.paths == ("-",)

    @property
    def verbosity(self) -> int:
        return -1 if self.quiet else self.verbose


def _formats(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from samigrate.report import formats

    if value is not None and value not in formats.names():
        raise click.BadParameter(f"{value!r} is not one of {', '.join(formats.names())}")
    return value


def _namespace(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from samigrate.settings.config import is_namespace

    if not is_namespace(value):
        raise click.BadParameter(f"{value!r} cannot be the name of a namespace: small letters, digits and inner dashes, 63 at most")
    return value


WRITTEN = ("checkov", "polaris", "terrascan", "datree")
"""As in `optouts.scanners`, which is not loaded to show help."""


def _scanners(_: click.Context, __: click.Parameter, value: str) -> str:
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    if unknown := [name for name in names if name not in WRITTEN]:
        raise click.BadParameter(f"{unknown[0]!r} reads no annotation of an object for that; known are {', '.join(WRITTEN)}")
    return ",".join(names)


_RECIPE = click.option("--recipe", multiple=True, metavar="NAME|FILE", help="What to do; several are joined. [default: least-privilege]")
_DECIDING = [
    click.option("--namespace", callback=_namespace, metavar="NS", help="The namespace of documents that state none."),
    click.option("--unknown", type=click.Choice(["leave", "account", "disable"]), help="Where API use is unknown. [default: leave]"),
    click.option("--max-risk", type=click.Choice(RISKS), help="Leave out what is riskier. [default: L3]"),
    click.option("--token-expiration", type=click.IntRange(600, 1 << 32), metavar="SECONDS", help="Of projected tokens. [default: 3607]"),
    click.option("--scope-token", is_flag=True, help="Mount a token into the containers that need it only: adds the recipe scope-token."),
    click.option("--explicit", is_flag=True, help="Pods say `false` where only their account does: adds the recipe explicit-automount."),
    click.option(
        "--harden-existing-sa", is_flag=True, help="Named accounts say `false` where all their pods speak for themselves: a recipe, too."
    ),
    click.option(
        "--record", metavar="SCANNERS", default="", callback=_scanners, help=f"Tell them where a token stays: {', '.join(WRITTEN)}."
    ),
    click.option("--create", is_flag=True, help="With the recipe harden-default: write the default account where it has no manifest."),
]
_KINDS = click.option("--kinds", multiple=True, metavar="FILE", type=click.Path(dir_okay=False), help="More kinds that hold pod templates.")
_FILE = click.Path(dir_okay=False)
_CONTEXT = click.option(
    "--context",
    multiple=True,
    metavar="FILE|DIR",
    type=click.Path(),
    help="Read these besides, such as a dump of the cluster: facts that inform.",
)
_PATHS = click.argument("paths", nargs=-1, metavar="PATH... | -", type=click.Path(), required=True)
_INPUT = [
    click.option("--config", metavar="FILE", type=_FILE, help="Instead of the samigrate.yaml found upward from PATH."),
    _KINDS,
    click.option("--exclude", multiple=True, metavar="GLOB", help="Files that must not change; they are still read."),
    _CONTEXT,
    click.option("--evidence", multiple=True, metavar="FILE", type=click.Path(), help="What `samigrate evidence` has found elsewhere."),
]
_READING = [
    click.option("--python/--no-python", default=None, help="Do *.py, too: workloads that Python declares."),
    click.option("--no-context", is_flag=True, help="Read nothing but what may change."),
    click.option(
        "--jobs", type=click.IntRange(1, 64), metavar="N", help="Processes that read and edit files. [default: one for each CPU, 8 at most]"
    ),
]
_QUIET = click.option("-q", "--quiet", is_flag=True, help="Only the result and what went wrong.")
SHARED = [
    _PATHS,
    _RECIPE,
    click.option(
        "--format", callback=_formats, metavar="FORMAT", help="text, diff, json, markdown, or for CI: sarif, github, gitlab, rdjson, junit."
    ),
    click.option("-o", "--output", metavar="FILE", type=_FILE, help="Write the report there."),
    *_DECIDING,
    *_INPUT,
    click.option("--charts", is_flag=True, help="Do Helm charts, too: edited in place, proven by rendering. Needs `helm`."),
    click.option(
        "--chart",
        multiple=True,
        metavar="NAME=DIR|TGZ",
        help="With --charts: a chart that others depend on, or that is installed here by its name.",
    ),
    click.option(
        "--chart-style",
        type=click.Choice(["literal", "value"]),
        default="literal",
        help="A new line in a chart says `false`, or a new value says it, which users may turn on again. [default: literal]",
    ),
    click.option("--chart-accounts", is_flag=True, help="With --charts: accounts of their own for pods that run as `default`, too."),
    click.option("--thorough", is_flag=True, help="With --charts: render with every switch of the values turned, too."),
    *_READING,
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="[default: auto]"),
    _QUIET,
    click.option("-v", "--verbose", count=True, help="All findings, each with its way out."),
]
DECIDED = [_PATHS, _RECIPE, *_DECIDING, *_INPUT, *_READING, _QUIET]


def _open_log(_: click.Context, __: click.Parameter, path: str | None) -> None:
    from samigrate.cli.output import log_to

    if path:
        log_to(path)


CALLED = [
    _RECIPE,
    *_DECIDING,
    click.option("--config", metavar="FILE", type=_FILE, help="A samigrate.yaml; none is looked for."),
    _KINDS,
    _CONTEXT,
    click.option("-q", "--quiet", is_flag=True, help="Only what went wrong."),
    click.option("-v", "--verbose", count=True, help="All findings, each with its way out."),
    click.option(
        "--log-file",
        metavar="FILE",
        type=_FILE,
        envvar="SAMIGRATE_LOG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=_open_log,
        help="Add all messages to this file: a host may hide stderr.",
    ),
]


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of `migrate` and `audit`."""
    return _apply(SHARED, command)


def decided(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of a command that makes something of what `migrate` decides."""
    return _apply(DECIDED, command)


def called(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that another tool calls."""
    return _apply(CALLED, command)


def _apply(options: list[Any], command: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in reversed(options):
        command = decorate(command)
    return command


def _kinds(options: Options) -> tuple[KindRule, ...]:
    if not options.kinds:
        return ()
    from samigrate.settings.config import read_kinds

    return tuple(rule for path in options.kinds for rule in read_kinds(path))


def adjust(options: Options) -> Callable[[Settings], Settings]:
    """Lays the options over a config's settings."""
    from samigrate.settings.evidence_files import join, load

    read = [load(path) for path in options.evidence]
    kinds = _kinds(options)

    def adjust(settings: Settings) -> Settings:
        from samigrate.domain.model import Risk

        supplied: dict[str, Any] = {"unknown": options.unknown, "token_expiration": options.token_expiration}
        supplied["max_risk"] = Risk[options.max_risk] if options.max_risk else None
        supplied["recipes"] = _recipes(options, options.recipe or settings.recipes) or None
        if options.namespace:
            supplied |= {"namespace": options.namespace, "namespaces": ()}
        if kinds:
            supplied["kinds"] = (*settings.kinds, *kinds)
        if read:
            supplied["evidence"] = join([settings.evidence, *read])
        supplied["python"] = options.python
        supplied["record"] = tuple(options.record.split(",")) if options.record else None
        return replace(settings, **{name: value for name, value in supplied.items() if value is not None})

    return adjust


_ADDED = {
    "scope_token": "scope-token",
    "explicit": "explicit-automount",
    "harden_existing_sa": "harden-existing-sa",
    "record": "record-optouts",
}
"""Options that add a recipe."""


def _recipes(options: Options, named: tuple[str, ...]) -> tuple[str, ...]:
    """The recipes with those that options add. Raises UsageError for `--create` without the recipe that it is for."""
    from samigrate.plan.recipe import DEFAULT

    added = tuple(name for field, name in _ADDED.items() if getattr(options, field))
    if options.create:
        if "harden-default" not in named:
            raise click.UsageError("--create goes with --recipe harden-default")
        named = tuple("create-default" if name == "harden-default" else name for name in named)
    return (*(named or (DEFAULT,)), *added) if added else named


def reads_programs(settings: Settings) -> bool:
    """Whether folders are read for *.py, too: as the option says, else the config, else the recipe."""
    from samigrate.plan import recipe

    return recipe.load(settings.recipes).python if settings.python is None else settings.python
