"""What a user settles for a run: the options and `samigrate.yaml` as one frozen value."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from samigrate import yamltext
from samigrate.base import data_files, globs
from samigrate.base.errors import InputError
from samigrate.base.values import Value, pointer
from samigrate.domain.model import DEFAULT_PREFIX, KindRule, Risk
from samigrate.settings.evidence_files import NOTHING, Known, join
from samigrate.settings.evidence_files import load as load_evidence

API_VERSION = "samigrate.dev/v1"
CONFIG_NAME = "samigrate.yaml"
UNKNOWN = ("leave", "account", "disable")
ACCESS = ("required", "none")
NAMESPACE = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
"""What a namespace may be called: a DNS label (RFC 1123)."""
SHORTEST_TOKEN, LONGEST_TOKEN = 600, 1 << 32  # the API server's own bounds (R-B13)


class AccessDeclaration(NamedTuple):
    """`api-access` of one workload: globs over kind, namespace and name, and `required` or `none`."""

    kind: str
    namespace: str
    name: str
    access: str


CHART_STYLES = ("literal", "value")
CHART_BUMPS = ("patch", "minor", "major", "none")


class ChartSettings(NamedTuple):
    """A chart by its folder: the values files of each way to render it, relative to the config's folder, how a new line
    is written ("": as the option says), and which part of its version a pull request raises."""

    path: str
    values: tuple[tuple[str, ...], ...] = ()
    style: str = ""
    bump: str = "patch"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's settings. `namespaces` are (path glob, namespace) pairs, first match wins; `pull_secrets` maps a
    namespace (or "*") to the pull secrets its `default` account holds, None where the config does not say.
    `folder` is where the config lies, which its globs are relative to; `recipes` are names and files."""

    prefix: str = DEFAULT_PREFIX
    account_name: str = "{name}"
    token_expiration: int = 3607
    pull_secrets: Mapping[str, tuple[str, ...]] | None = None
    api_access: tuple[AccessDeclaration, ...] = ()
    api_audience: tuple[str, ...] = ()  # audiences of the API server's own
    namespace: str | None = None
    namespaces: tuple[tuple[str, str], ...] = ()
    scopes: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unknown: str = "leave"  # leave | account | disable
    max_risk: Risk = Risk.L3
    account_file: str = ""
    kinds: tuple[KindRule, ...] = ()
    catalog: Mapping[str, Any] = field(default_factory=dict)
    mesh: tuple[str, ...] = ()
    assume_complete_input: bool = False  # whatever runs in the namespaces of the input is in it (R-D33)
    recipes: tuple[str, ...] = ()
    folder: str = ""
    source: tuple[tuple[str, str], ...] = ()  # image -> the folder it is built from, relative to `folder`
    evidence: Known = NOTHING
    record: tuple[str, ...] = ()  # scanners that are told where a token stays
    charts: tuple[ChartSettings, ...] = ()
    says_true_by_default: bool = False  # a chart's values say `true` until somebody sets them: nobody asks for it
    python: bool | None = None  # whether folders are read for *.py, too; None where neither option nor config says


def chart_settings(settings: Settings, folder: str) -> ChartSettings:
    """What the config says of the chart in a folder; the values files as absolute paths."""
    home = os.path.realpath(settings.folder or ".")
    for chart in settings.charts:
        if os.path.realpath(os.path.join(home, chart.path)) == os.path.realpath(folder):
            return chart._replace(values=tuple(tuple(os.path.join(home, file) for file in files) for files in chart.values))
    return ChartSettings(folder)


def is_namespace(name: str) -> bool:
    return re.fullmatch(NAMESPACE, name) is not None


def default_namespace(settings: Settings, path: str) -> str | None:
    """The namespace of documents in the file that state none."""
    if settings.namespaces:
        inside = os.path.relpath(path, settings.folder or ".").replace(os.sep, "/")
        for glob, namespace in settings.namespaces:
            if globs.matches(glob, inside):
                return namespace
    return settings.namespace


# ---------------------------------------------------------------- our own documents


class ConfigDocument(NamedTuple):
    """A config or a recipe: its value, and its text for the lines of messages."""

    path: str
    text: str
    value: dict[str, Value]

    def error(self, json_pointer: str, message: str) -> InputError:
        return InputError(self.path, yamltext.position(self.text, json_pointer)[0], message)

    def known(self, names: Iterable[str], keys: Iterable[str], json_pointer: str, description: str) -> None:
        """Refuse a key that is not among `keys`, and say which one may have been meant."""
        choices = sorted(keys)
        for name in names:
            if name not in choices:
                raise self.error(json_pointer + pointer(str(name)), f"unknown {description} {str(name)!r}{suggestion(str(name), choices)}")


def suggestion(word: str, choices: Iterable[str]) -> str:
    """`; did you mean …?`, else `; known: …`."""
    import difflib  # who makes no mistake needs none

    existing = sorted(choices)
    near = difflib.get_close_matches(word, existing, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(existing)}"


def _parsed(path: str) -> tuple[str, yamltext.Parsed]:
    """The text of a YAML file of the user's, and what it says. Raises InputError for what cannot be read."""
    text = data_files.users(path)
    try:
        return text, yamltext.load(text)
    except yamltext.YamlError as error:
        raise InputError(path, error.line, error.problem) from error


def read_document(path: str, kind: str) -> ConfigDocument:
    """Read one of our own documents. Raises InputError for anything that is not a mapping of that kind."""
    text, parsed = _parsed(path)
    if not isinstance(parsed.value, dict):
        raise InputError(path, 1, f"is not a mapping with `apiVersion: {API_VERSION}` and `kind: {kind}`")
    document = ConfigDocument(path, text, parsed.value)
    for key, expected in (("apiVersion", API_VERSION), ("kind", kind)):
        if parsed.value.get(key) != expected:
            raise document.error(pointer(key), f"`{key}` must be `{expected}`")
    for _, line, key in parsed.duplicates:
        raise InputError(path, line, f"the key {key!r} is there twice")
    return document


# ---------------------------------------------------------------- values


class _Reader:
    """Reads the values of one config, with the place of each for messages."""

    def __init__(self, document: ConfigDocument) -> None:
        self.document = document
        self.folder = os.path.dirname(os.path.realpath(document.path))
        self.shown = os.path.dirname(document.path)

    def error(self, json_pointer: str, expected: str) -> InputError:
        return self.document.error(json_pointer, f"{json_pointer.removeprefix('/').replace('/', '.')} must be {expected}")

    def string(self, value: Value, json_pointer: str) -> str:
        if not isinstance(value, str) or not value:
            raise self.error(json_pointer, "a string that is not empty")
        return value

    def strings(self, value: Value, json_pointer: str) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.error(json_pointer, "a list of strings")
        return tuple(self.string(item, f"{json_pointer}/{index}") for index, item in enumerate(value))

    def one_or_more(self, value: Value, json_pointer: str) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) and value else self.strings(value, json_pointer)

    def globs(self, value: Value, json_pointer: str) -> tuple[str, ...]:
        result = self.strings(value, json_pointer)
        for index, glob in enumerate(result):
            self.glob(glob, f"{json_pointer}/{index}")
        return result

    def glob(self, value: str, json_pointer: str) -> str:
        if not globs.is_valid(value):
            raise self.error(json_pointer, "a path pattern such as `envs/*`")
        return value

    def items(self, value: Value, json_pointer: str, description: str) -> list[tuple[str, Value]]:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise self.error(json_pointer, f"a mapping from {description}")
        return list(value.items())

    def namespaces(self, value: Value, json_pointer: str) -> tuple[tuple[str, str], ...]:
        pairs = self.items(value, json_pointer, "path pattern to namespace")
        return tuple(
            (self.glob(glob, json_pointer + pointer(glob)), self.namespace(name, json_pointer + pointer(glob))) for glob, name in pairs
        )

    def namespace(self, value: Value, json_pointer: str) -> str:
        if not is_namespace(self.string(value, json_pointer)):
            raise self.error(json_pointer, "the name of a namespace")
        return str(value)

    def pull_secrets(self, value: Value, json_pointer: str) -> dict[str, tuple[str, ...]]:
        pairs = self.items(value, json_pointer, "namespace (or `*`) to a list of Secret names")
        return {namespace: self.strings(names, json_pointer + pointer(namespace)) for namespace, names in pairs}

    def source(self, value: Value, json_pointer: str) -> tuple[tuple[str, str], ...]:
        pairs = self.items(value, json_pointer, "image to the folder it is built from")
        return tuple((image, self.string(folder, json_pointer + pointer(image))) for image, folder in pairs)

    def charts(self, value: Value, json_pointer: str) -> tuple[ChartSettings, ...]:
        """Each `{path, values: [[file, ...], ...], style, bump}`."""
        if not isinstance(value, list):
            raise self.error(json_pointer, "a list of charts, each with path and values")
        result = []
        for index, entry in enumerate(value):
            inside = f"{json_pointer}/{index}"
            if not isinstance(entry, dict) or not entry.keys() <= {"path", "values", "style", "bump"} or "path" not in entry:
                raise self.error(inside, "a mapping with path, and values, style or bump")
            files = entry.get("values", [])
            if not isinstance(files, list):
                raise self.error(inside + "/values", "a list of lists of values files")
            variants = tuple(self.strings(each, f"{inside}/values/{number}") for number, each in enumerate(files))
            style = self.choice(*CHART_STYLES)(entry.get("style", ""), inside + "/style") if "style" in entry else ""
            bump = self.choice(*CHART_BUMPS)(entry.get("bump", "patch"), inside + "/bump")
            result.append(ChartSettings(self.string(entry["path"], inside + "/path"), variants, style, bump))
        return tuple(result)

    def evidence(self, value: Value, json_pointer: str) -> Known:
        paths = [os.path.join(self.shown, name) for name in self.one_or_more(value, json_pointer)]
        return join(load_evidence(path) for path in paths)

    def choice(self, *choices: str) -> Callable[[Value, str], str]:
        def read(value: Value, json_pointer: str) -> str:
            if value not in choices:
                raise self.error(json_pointer, "one of " + ", ".join(choices))
            return str(value)

        return read

    def flag(self, value: Value, json_pointer: str) -> bool:
        if not isinstance(value, bool):
            raise self.error(json_pointer, "true or false")
        return value

    def risk(self, value: Value, json_pointer: str) -> Risk:
        return Risk[self.choice(*Risk.__members__)(value, json_pointer)]

    def prefix(self, value: Value, json_pointer: str) -> str:
        if problem := prefix_problem(self.string(value, json_pointer)):
            raise self.error(json_pointer, problem)
        return str(value)

    def account_name(self, value: Value, json_pointer: str) -> str:
        import string

        try:
            fields = {name for _, name, _, _ in string.Formatter().parse(self.string(value, json_pointer)) if name is not None}
        except ValueError:
            fields = set()
        if "name" not in fields or fields - {"name", "kind"}:
            raise self.error(json_pointer, "a pattern with {name}, and {kind} if you like")
        return str(value)

    def expiration(self, value: Value, json_pointer: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not SHORTEST_TOKEN <= value <= LONGEST_TOKEN:
            raise self.error(json_pointer, f"a number of seconds from {SHORTEST_TOKEN} to {LONGEST_TOKEN}")
        return value

    def account_file(self, value: Value, json_pointer: str) -> str:
        name = self.string(value, json_pointer)
        if "/" in name or not name.endswith((".yaml", ".yml")):
            raise self.error(json_pointer, "the name of a .yaml file, without folders")
        return name

    def api_access(self, value: Value, json_pointer: str) -> tuple[AccessDeclaration, ...]:
        if not isinstance(value, list):
            raise self.error(json_pointer, "a list of {kind, namespace, name, access}")
        return tuple(self.declaration(item, f"{json_pointer}/{index}") for index, item in enumerate(value))

    def declaration(self, value: Value, json_pointer: str) -> AccessDeclaration:
        self.document.known(
            (key for key, _ in self.items(value, json_pointer, "kind, namespace, name and access")),
            ("kind", "namespace", "name", "access"),
            json_pointer,
            "key",
        )
        globs_ = {key: self.string(value.get(key, "*"), json_pointer + pointer(key)) for key in ("kind", "namespace", "name")}
        return AccessDeclaration(**globs_, access=self.choice(*ACCESS)(value.get("access"), json_pointer + "/access"))

    def recipes(self, value: Value, json_pointer: str) -> tuple[str, ...]:
        return tuple(os.path.join(self.shown, name) if is_file_name(name) else name for name in self.one_or_more(value, json_pointer))

    def kinds(self, value: Value, json_pointer: str) -> tuple[KindRule, ...]:
        from samigrate.kinds import parse_rules

        if not isinstance(value, list):
            raise self.error(json_pointer, "a list of kinds, or of files that hold them")
        rules: list[KindRule] = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                rules += read_kinds(os.path.join(self.shown, item))
            else:
                line = yamltext.position(self.document.text, f"{json_pointer}/{index}")[0]
                rules += parse_rules([item], f"{self.document.path}:{line}")
        return tuple(rules)

    def catalog(self, value: Value, json_pointer: str) -> dict[str, Any]:
        from samigrate import catalog as catalogs

        sections = dict(self.items(value, json_pointer, "section to entries"))
        self.document.known(sections, catalogs.SECTIONS, json_pointer, "section")
        for name, entries in sections.items():
            try:
                catalogs.load({name: entries})
            except InputError as error:
                raise self.document.error(json_pointer + pointer(name), f"catalog: {error.message}") from error
        return sections


def is_file_name(recipe: str) -> bool:
    return "/" in recipe or os.sep in recipe or recipe.endswith((".yaml", ".yml"))


def prefix_problem(prefix: str) -> str:
    """Why the text can be no annotation prefix (R-F1 to R-F3); "" where it can."""
    label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    if len(prefix) > 253 or not re.fullmatch(rf"{label}(\.{label})*", prefix):
        return "a DNS name such as example.com"
    if prefix.endswith(("kubernetes.io", "k8s.io")):
        return "a name of your own: Kubernetes keeps *.kubernetes.io and *.k8s.io for itself"
    return ""


def read_kinds(path: str) -> list[KindRule]:
    """Kind rules from a file of the user's: a list as in `samigrate/kinds/*.yaml`."""
    from samigrate.kinds import parse_rules

    return list(parse_rules(_parsed(path)[1].value, path))


def load_config(path: str) -> Settings:
    """Settings from a `samigrate.yaml`. Raises InputError with file and line for anything it does not know."""
    return settings_of(read_document(path, "Config"))


def settings_of(document: ConfigDocument) -> Settings:
    """Settings from a Config that was read. Raises InputError with the line in its text."""
    for key, expected in (("apiVersion", API_VERSION), ("kind", "Config")):
        if document.value.get(key) != expected:
            raise document.error(pointer(key), f"`{key}` must be `{expected}`")
    reader = _Reader(document)
    readers: Mapping[str, tuple[str, Callable[[Value, str], Any]]] = {
        "recipe": ("recipes", reader.recipes),
        "scopes": ("scopes", reader.globs),
        "namespaces": ("namespaces", reader.namespaces),
        "exclude": ("exclude", reader.globs),
        "prefix": ("prefix", reader.prefix),
        "account-name": ("account_name", reader.account_name),
        "token-expiration": ("token_expiration", reader.expiration),
        "pull-secrets": ("pull_secrets", reader.pull_secrets),
        "api-access": ("api_access", reader.api_access),
        "api-audience": ("api_audience", reader.one_or_more),
        "kinds": ("kinds", reader.kinds),
        "catalog": ("catalog", reader.catalog),
        "unknown": ("unknown", reader.choice(*UNKNOWN)),
        "max-risk": ("max_risk", reader.risk),
        "account-file": ("account_file", reader.account_file),
        "mesh": ("mesh", reader.strings),
        "assume-complete-input": ("assume_complete_input", reader.flag),
        "source": ("source", reader.source),
        "evidence": ("evidence", reader.evidence),
        "python": ("python", reader.flag),
        "charts": ("charts", reader.charts),
    }
    document.known(document.value, (*readers, "apiVersion", "kind"), "", "key")
    values = {name: read(document.value[key], pointer(key)) for key, (name, read) in readers.items() if key in document.value}
    return Settings(**values, folder=reader.folder)
