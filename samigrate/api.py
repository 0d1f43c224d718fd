"""The library: migrate or audit manifests from Python.

What stands here, and what it takes and returns, is stable within a major version (docs/api.md); every other module of the
package may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal

from samigrate.base.errors import InputError

if TYPE_CHECKING:
    from samigrate.domain.outcome import Outcome, WorkloadReport
    from samigrate.reading import Root
    from samigrate.settings.config import Settings

__all__ = ["InputError", "Message", "Options", "Result", "Workload", "audit", "migrate_paths", "migrate_text"]

Path = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line calls by the same names (docs/cli.md). `recipes` are names or paths, () for those of the
    config, else `least-privilege`; `config` is the path of a `samigrate.yaml`, None for the nearest one upward (of a text:
    for none)."""

    recipes: tuple[str, ...] = ()
    namespace: str | None = None
    unknown: Literal["leave", "account", "disable"] | None = None
    max_risk: Literal["L0", "L1", "L2", "L3", "L4", "L5"] | None = None
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What is said of one workload. `line` is 1-based; `pod` is the JSON Pointer to its pod spec; accounts are names, and
    tokens the number of its containers that hold a token for the API; `verdict` is one of "required", "likely", "unknown"
    and "none"; `risk` is "L0" to "L5"; `evidence` are sentences, the strongest first. Of a dump of a cluster it stands for
    all `pods` that hold the same, by their names, and `owner` is who has made them, such as `Deployment shop/web`; else () and ""."""

    kind: str
    namespace: str | None
    name: str
    path: str
    line: int
    pod: str
    verdict: str
    account_before: str
    account_after: str
    tokens_before: int
    tokens_after: int
    risk: str
    evidence: tuple[str, ...]
    owner: str = ""
    pods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A finding (`id` is stable, `level` "note", "warning" or "error", `action` the way out) or a problem with the input or
    with a file that was to be written ("problem", and no id). `line` is 1-based, 0 for the whole file."""

    id: str
    level: str
    path: str
    line: int
    text: str
    action: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has found. `files` are the new texts of the files that change, by path, new files included (of a text: by
    "-"); `written` are the paths that were written."""

    workloads: tuple[Workload, ...]
    findings: tuple[Message, ...]
    problems: tuple[Message, ...]
    files: Mapping[str, str]
    written: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        return bool(self.files)


def migrate_text(text: str, options: Options | None = None) -> tuple[str, Result]:
    """Migrate a stream of YAML or JSON manifests that are applied together; returns the new text and what was found.

    Raises InputError for options that are none, and for a text that cannot be read as a whole: part of a stream is never
    passed on as all of it.
    """
    from samigrate.hosts import stream

    supplied = options or Options()
    data = text.encode("utf-8", "surrogatepass")
    if supplied.config is None:
        root = stream.called_root(data, _adjusted(_settings(), supplied))
    else:
        root = stream.root(lambda: data, fspath(supplied.config), partial(_adjusted, options=supplied))
    outcome = _run([root])
    if outcome.problems:
        first = outcome.problems[0]
        raise InputError("" if first.path == stream.NAME else first.path, first.line, first.message)
    return stream.result(data, outcome).decode("utf-8"), _result(outcome)


def migrate_paths(paths: Path | Iterable[Path], options: Options | None = None, *, write: bool = False) -> Result:
    """Migrate files and folders. They say what may change; what is decided rests on the whole repository around them.

    With `write` the files are written, each whole or not at all, and what belongs together only together. Raises InputError
    for a path that is not there and for options that are none; what cannot be read or written is a problem in the result.
    """
    outcome = _outcome(paths, options or Options())
    if not write:
        return _result(outcome)
    from samigrate.hosts.write import write as write_files

    written, failed = write_files(outcome)
    return replace(_result(outcome._replace(problems=(*outcome.problems, *failed))), written=written)


def audit(paths: Path | Iterable[Path], options: Options | None = None) -> Result:
    """Say who holds a token, as which account, and what would change; dumps of what runs are reported, too. Raises as
    `migrate_paths`, and writes nothing."""
    return _result(_outcome(paths, options or Options(), reports_live=True))


# ---------------------------------------------------------------- running


def _settings() -> Settings:
    from samigrate.settings.config import Settings

    return Settings()


def _adjusted(settings: Settings, options: Options) -> Settings:
    """The settings with the options laid over them. Raises InputError for what is none."""
    from samigrate.domain.model import Risk
    from samigrate.plan import recipe
    from samigrate.settings.config import is_namespace

    if options.max_risk is not None and options.max_risk not in Risk.__members__:
        raise InputError("", 0, f"max_risk: {options.max_risk!r} is none of {', '.join(Risk.__members__)}")
    if options.unknown not in (None, "leave", "account", "disable"):
        raise InputError("", 0, f"unknown: {options.unknown!r} is none of leave, account, disable")
    if options.namespace is not None and not is_namespace(options.namespace):
        raise InputError("", 0, f"namespace: {options.namespace!r} cannot be the name of a namespace")
    recipe.load(options.recipes)
    settings = replace(settings, recipes=options.recipes or settings.recipes, unknown=options.unknown or settings.unknown)
    settings = replace(settings, max_risk=Risk[options.max_risk]) if options.max_risk else settings
    return replace(settings, namespace=options.namespace, namespaces=()) if options.namespace else settings


def _outcome(paths: Path | Iterable[Path], options: Options, *, reports_live: bool = False) -> Outcome:
    from samigrate.domain.outcome import Outcome
    from samigrate.hosts import repository
    from samigrate.pipeline import merge

    _adjusted(_settings(), options)  # whether or not there is anything to decide
    listed = (paths,) if isinstance(paths, str | PathLike) else tuple(paths)
    config = None if options.config is None else fspath(options.config)
    asked = repository.Selection(tuple(fspath(path) for path in listed), config=config, adjust=partial(_adjusted, options=options))
    gathered = repository.gather(asked)
    before = Outcome((), (), 0, 0, (), (), gathered.skipped, gathered.problems, ())
    return merge([before, _run([replace(root, reports_live=reports_live) for root in gathered.roots])])


def _run(roots: Sequence[Root]) -> Outcome:
    from samigrate import pipeline
    from samigrate.plan import recipe

    return pipeline.merge([pipeline.run(root, recipe.load(root.settings.recipes)) for root in roots])


# ---------------------------------------------------------------- results


def _result(outcome: Outcome) -> Result:
    findings = [
        Message(finding.id, str(finding.severity), finding.at.path, finding.at.line, finding.message, finding.action)
        for finding in outcome.findings
    ]
    problems = [Message("", "problem", problem.path, problem.line, problem.message, "") for problem in outcome.problems]
    files = {change.path: change.new for change in outcome.changes}
    return Result(tuple(_workload(report) for report in outcome.workloads), tuple(findings), tuple(problems), files)


def _workload(report: WorkloadReport) -> Workload:
    resource = report.workload.resource
    return Workload(
        resource.id.kind,
        report.namespace,
        resource.id.name,
        resource.at.path,
        report.line,
        report.workload.pod,
        str(report.verdict.level),
        report.account_before,
        report.account_after,
        report.tokens_before,
        report.tokens_after,
        str(report.risk),
        tuple(evidence.detail for evidence in report.verdict.evidence),
        str(report.running.owner) if report.running else "",
        tuple(pod.name for pod in report.running.pods) if report.running else (),
    )
