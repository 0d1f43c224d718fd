"""The commands that other tools call with manifests on standard input. On stdout: all, or nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from samigrate.cli.options import Options, adjust, called
from samigrate.cli.output import exit_code, look, put, say, say_problems
from samigrate.cli.running import informed, run_roots

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome
    from samigrate.pipeline import Root
    from samigrate.settings.config import Settings


@click.command("post-render", short_help="Be a post-renderer for Helm.")
@called
@click.option("--allow-empty", is_flag=True, help="Let an empty stream pass: Helm 3 sends one for a release of hooks alone.")
def post_render(allow_empty: bool, **given: Any) -> int:
    """Migrate what Helm has rendered: standard input to standard output, all of it or nothing.

    \b
      helm template web ./web --post-renderer samigrate --post-renderer-args post-render \\
        --post-renderer-args --namespace=shop --post-renderer-args --log-file=samigrate.log

    Helm 4 takes a plugin instead of a program: see docs/hosts. Helm shows stderr only when this fails (Helm 4: never);
    --log-file keeps the messages. Helm does not tell the namespace: pass --namespace. What holds no object is refused,
    since Helm 3 would take it for a success.
    """
    from samigrate.hosts.post_render import require_objects

    options = Options(("-",), **given)
    content = sys.stdin.buffer.read()
    require_objects(content, may_be_empty=allow_empty)
    return _filter(content, _given_settings(options), options)


def _given_settings(options: Options) -> Settings:
    from samigrate.settings.config import Settings, load_config

    return load_config(options.config) if options.config else Settings()


def _run(root: Root, options: Options) -> Outcome:
    """A stream's outcome, informed by --context."""
    root, problems = informed(root, options.context)
    outcome = run_roots([root], options)
    return outcome._replace(problems=(*problems, *outcome.problems))


def _filter(content: bytes, settings: Settings, options: Options) -> int:
    """A stream of manifests to the migrated stream."""
    from samigrate.hosts import post_render as host
    from samigrate.hosts import stream

    outcome = _run(stream.called_root(content, adjust(options)(settings)), options)
    if not outcome.problems:
        put(sys.stdout, host.result(content, outcome))
        _tell(outcome, options)
    say_problems(outcome)
    return exit_code(outcome)


def _tell(outcome: Outcome, options: Options) -> None:
    """What was done: in short on stderr, in full in the log."""
    from samigrate.hosts.post_render import told

    short = look(options, sys.stderr)
    say(() if options.quiet else told(outcome, short), logged=told(outcome, short._replace(color=False, width=None, verbosity=1)))


@click.command("krm", short_help="Be a KRM function for kustomize and kpt.")
@called
@click.argument("plugin_config", required=False, metavar="[CONFIG]", type=click.Path(dir_okay=False))
def krm(plugin_config: str | None, **given: Any) -> int:
    """Be a KRM function: a ResourceList on standard input to a ResourceList on standard output, all of it or nothing.

    \b
      kpt fn eval shop --exec 'samigrate krm' -- namespace=shop
      kustomize build . --enable-alpha-plugins --enable-exec      (without --enable-exec it is skipped, and silently)

    With CONFIG, a file of kind Config, it is a legacy exec plugin, which is all that kubectl kustomize runs: a stream of
    manifests in and out. What the function did is in `results`; kustomize throws them away, so a failure is told by the
    exit code, too. See docs/hosts.
    """
    from samigrate.hosts import krm as host
    from samigrate.hosts.post_render import require_objects

    options = Options(("-",), **given)
    content = sys.stdin.buffer.read()
    if plugin_config:
        require_objects(content, may_be_empty=False)
        return _filter(content, host.plugin_settings(plugin_config), options)
    call = host.read(content, options.config)
    outcome = _run(host.root(call, adjust(options)(call.settings)), options)
    put(sys.stdout, host.result(call, outcome))
    if not outcome.problems:
        _tell(outcome, options)
    say_problems(outcome)
    return exit_code(outcome)
