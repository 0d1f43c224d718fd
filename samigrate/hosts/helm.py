"""Runs Helm: in a copy of the chart, offline, without the user's settings, plugins and cluster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.errors import InputError
from samigrate.base.values import Value, at, sequence, text
from samigrate.base.wording import clean
from samigrate.helm.chart import Chart, Refused, Variant
from samigrate.hosts import walk

NAMESPACE = "release-namespace"
LIMIT = 60
"""Seconds that one rendering may take."""
LARGE = 2_000_000
PACKED = 20_000_000
"""Bytes that a packed chart may unpack to."""
DEEP = 5
"""How many dependencies of dependencies are followed."""
_REMOTE_SCHEMA = 'failing loading "http'
_LEFT_OUT = (".git",)
_FOR_PEOPLE = ("LICENSE", "README", "NOTICE", "CHANGELOG", "CONTRIBUTING")
_TEXTS = (".yaml", ".yml", ".tpl", "values.schema.json", "README.md")


def program() -> str | None:
    return shutil.which("helm")


def texts_in(folder: str) -> dict[str, str]:
    """The YAML files and templates of a chart, by their paths in its folder; what is no UTF-8, or over LARGE bytes, is left out."""
    texts = {}
    for path in sorted(files_in(folder)):
        if path.endswith(_TEXTS) and os.path.getsize(os.path.join(folder, path)) <= LARGE:
            try:
                with open(os.path.join(folder, path), encoding="utf-8", newline="") as file:
                    texts[path] = file.read()
            except UnicodeDecodeError:
                continue
    return texts


def files_in(folder: str) -> Iterator[str]:
    """The plain files of a chart, by their paths in its folder."""
    for current, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = os.path.join(current, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, folder).replace(os.sep, "/")


class Renderer:
    """A copy of a chart that is rendered with some of its files replaced."""

    def __init__(self, command: str, home: str, chart: str, texts: Mapping[str, str]) -> None:
        self._command, self._home, self._chart, self._texts = command, home, chart, texts
        self._without_schema: list[str] = []

    @property
    def is_checked_by_schema(self) -> bool:
        """Whether Helm holds values against the chart's schema. One that refers to others on the network cannot be read here."""
        return not self._without_schema

    def render(self, changed: Mapping[str, str], variant: Variant) -> str | Refused:
        arguments = ["template", variant.release, self._chart, "--namespace", variant.namespace or NAMESPACE, "--include-crds"]
        for path in variant.files:
            arguments += ["--values", path if os.path.isabs(path) else os.path.join(self._chart, path)]
        if variant.values:
            with open(os.path.join(self._home, "values.yaml"), "w", encoding="utf-8") as file:
                file.write(variant.values)
            arguments += ["--values", file.name]
        result = self._run(changed, [*arguments, *self._without_schema])
        if isinstance(result, Refused) and not self._without_schema and _REMOTE_SCHEMA in result.message:
            self._without_schema = ["--skip-schema-validation"]
            return self.render(changed, variant)
        return result

    def lint(self, changed: Mapping[str, str]) -> bool:
        """Whether `helm lint` is content with the chart."""
        return not isinstance(self._run(changed, ["lint", self._chart]), Refused)

    def unlike_asked(self) -> Refused | None:
        """Whether a dependency is of another version than the chart asks for, in which case Helm would leave it out."""
        listed = self._run({}, ["dependency", "list", self._chart])
        for line in [] if isinstance(listed, Refused) else listed.splitlines():
            if line.rstrip().endswith("wrong version"):
                name, version = line.split()[:2]
                return Refused(f"it asks for {name} {version}, and the one that is given is of another version")
        return None

    def _run(self, changed: Mapping[str, str], arguments: list[str]) -> str | Refused:
        for path, content in changed.items():
            self._write(path, content)
        try:
            done = subprocess.run(
                [self._command, *arguments], env=self._environment(), cwd=self._home, capture_output=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return Refused(f"Helm takes longer than {LIMIT} seconds")
        finally:
            for path in changed:
                self._restore(path)
        output = done.stdout.decode("utf-8", "replace")
        return output if done.returncode == 0 else Refused(_words(done.stderr.decode("utf-8", "replace"), self._chart))

    def _write(self, path: str, content: str) -> None:
        with open(os.path.join(self._chart, path), "w", encoding="utf-8", newline="") as file:
            file.write(content)

    def _restore(self, path: str) -> None:
        if path in self._texts:
            self._write(path, self._texts[path])
        else:
            os.unlink(os.path.join(self._chart, path))

    def _environment(self) -> dict[str, str]:
        """Nothing of the user's: no cluster, no repositories, no plugins, no proxies."""
        homes = {f"HELM_{name}_HOME": os.path.join(self._home, name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        plugins = os.path.join(self._home, "plugins")
        return {"PATH": "/usr/bin:/bin", "HOME": self._home, "KUBECONFIG": os.devnull, "HELM_PLUGINS": plugins, **homes}


class Copy(NamedTuple):
    """A chart, and what renders a copy of it."""

    chart: Chart
    renderer: Renderer


@contextmanager
def copied(command: str, folder: str, shown: str, given: Mapping[str, str]) -> Iterator[Copy | Refused]:
    """A copy of the chart in a folder, to render: with the dependencies that lie elsewhere, in a folder that a `file://` path leads
    to, or in one of those `given` by name. A chart with a link that leads out of it is refused: Helm would follow it."""
    texts = texts_in(folder)
    with tempfile.TemporaryDirectory(prefix="samigrate-") as home:
        copy = os.path.join(home, "chart")
        try:
            _copy(folder, copy)
            elsewhere = _add_dependencies(copy, folder, given)
        except _LinkError as error:
            yield Refused(str(error))
            return
        inside = {f"charts/{path}": content for path, content in texts_in(os.path.join(copy, "charts")).items()}
        others = {path: content for path, content in {**_packed(copy), **inside}.items() if path not in texts}
        renderer = Renderer(command, home, copy, texts)
        chart = Chart(shown, texts, others, tuple(f"charts/{name}/" for name in elsewhere))
        refused = renderer.unlike_asked() if given else None
        yield refused or Copy(chart, renderer)


class _LinkError(Exception):
    """A link leads out of a chart."""


def _copy(folder: str, target: str) -> None:
    """Copy a chart. Links to texts for people that lie above it are left out; another link that leads out of it is an error."""
    left_out = set(_LEFT_OUT)
    for current, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(current, name)
            if os.path.islink(path) and not os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep):
                if not name.startswith(_FOR_PEOPLE):
                    raise _LinkError(f"{os.path.relpath(path, folder)} is a link that leads out of the chart")
                left_out.add(name)
    shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns(*left_out))


def _add_dependencies(copy: str, folder: str, given: Mapping[str, str], depth: int = 0) -> list[str]:
    """Put what is missing in `charts/` there; returns the names of those that a `file://` path leads to."""
    inside = os.path.join(copy, "charts")
    result = []
    for dependency in _dependencies(copy) if depth < DEEP else ():
        name, repository = text(dependency, "name") or "", text(dependency, "repository") or ""
        present = os.listdir(inside) if os.path.isdir(inside) else []
        if not name or os.sep in name or name in present or any(each.startswith(f"{name}-") and each.endswith(".tgz") for each in present):
            continue
        source = given.get(name)
        if repository.startswith("file://"):
            source = os.path.realpath(os.path.join(folder, repository.removeprefix("file://")))
            if not source.startswith(top(folder) + os.sep) or not os.path.isfile(os.path.join(source, walk.CHART)):
                continue
            result.append(text(dependency, "alias") or name)
        if source:
            _copy(source, os.path.join(inside, name))
            _add_dependencies(os.path.join(inside, name), source, given, depth + 1)
    return result


def top(folder: str) -> str:
    """The repository that a folder lies in; else the current folder, or the one above it."""
    real, here = os.path.realpath(folder), os.path.realpath(os.getcwd())
    return walk.find_above(real, ".git") or (here if f"{real}/".startswith(f"{here}/") else os.path.dirname(real))


def _dependencies(folder: str) -> Iterator[Value]:
    for name in (walk.CHART, "requirements.yaml"):
        with suppress(OSError, UnicodeDecodeError, yamltext.YamlError), open(os.path.join(folder, name), encoding="utf-8") as file:
            yield from sequence(yamltext.load(file.read()).value, "dependencies")


def _packed(folder: str) -> dict[str, str]:
    """The YAML files and templates of the packed charts in `charts/`, by their paths as if these were folders."""
    result: dict[str, str] = {}
    inside = os.path.join(folder, "charts")
    for name in sorted(os.listdir(inside)) if os.path.isdir(inside) else ():
        if name.endswith(".tgz"):
            with suppress(OSError, tarfile.TarError, EOFError), tarfile.open(os.path.join(inside, name)) as archive:
                for path, content in _members(archive):
                    with suppress(UnicodeDecodeError):
                        result[f"charts/{path}"] = content.decode("utf-8")
    return result


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """The plain files of a packed chart that are read, by their paths, its own folder first."""
    room = PACKED
    for member in archive:
        room -= max(member.size, 0)
        if room < 0:
            return
        if member.isfile() and member.name.endswith(_TEXTS) and ".." not in member.name and not member.name.startswith("/"):
            source = archive.extractfile(member)
            yield member.name, source.read() if source else b""


def unlike(command: str, folder: str, asked: str) -> str:
    """Why the chart in a folder is not of the version that is asked for, or of one in that range; "" where it is."""
    with open(os.path.join(folder, walk.CHART), encoding="utf-8") as file:
        value = yamltext.load(file.read()).value
    name, version = text(value, "name") or "", str(at(value, "version"))
    if asked in ("", "*", version):
        return ""
    with tempfile.TemporaryDirectory(prefix="samigrate-") as home:
        parent = {"apiVersion": "v2", "name": "asks", "version": "0.1.0", "dependencies": [{"name": name, "version": asked}]}
        with open(os.path.join(home, walk.CHART), "w", encoding="utf-8") as file:
            json.dump(parent, file)
        with copied(command, home, home, {name: folder}) as copy:
            return f"it asks for {name} {asked}, and {version} is given" if isinstance(copy, Refused) else ""


@contextmanager
def given_charts(named: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The folders of charts that are given by name as folders or as packed charts, which are unpacked. Raises InputError."""
    with tempfile.TemporaryDirectory(prefix="samigrate-") as home:
        result = {}
        for number, (name, path) in enumerate(named.items()):
            result[name] = path if os.path.isdir(path) else _unpacked(path, os.path.join(home, str(number)))
            if not os.path.isfile(os.path.join(result[name], walk.CHART)):
                raise InputError(path, 0, f"--chart {name}: holds no Chart.yaml")
        yield result


def _unpacked(path: str, target: str) -> str:
    try:
        with tarfile.open(path) as archive:
            if sum(max(member.size, 0) for member in archive) > PACKED:
                raise InputError(path, 0, f"--chart: unpacks to more than {PACKED} bytes")
            archive.extractall(target, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(path, 0, f"--chart: is no folder and no packed chart: {error}") from error
    folders = [name for name in sorted(os.listdir(target)) if os.path.isfile(os.path.join(target, name, walk.CHART))]
    return os.path.join(target, *folders[:1])


def _words(message: str, chart: str) -> str:
    """What Helm says, without its warnings and the place of our copy, on one line."""
    lines = message.replace(chart + "/", "").replace(chart, "the chart").splitlines()
    said = " ".join(line for line in lines if line and not line.startswith(("WARNING", "level=WARN")))
    return clean(said.removeprefix("Error: ").replace("Use --debug flag to render out invalid YAML", "").strip())[:500]
