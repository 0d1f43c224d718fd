"""Runs Helm: in a copy of the chart, offline, without the user's settings, plugins and cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from samigrate.base.wording import clean
from samigrate.helm.chart import Chart, Refused, Variant

RELEASE, NAMESPACE = "release-name", "release-namespace"
LIMIT = 60
"""Seconds that one rendering may take."""
LARGE = 2_000_000
_LEFT_OUT = (".git",)
_TEXTS = (".yaml", ".yml", ".tpl")


def program() -> str | None:
    return shutil.which("helm")


def read(folder: str, shown: str) -> Chart:
    """The chart in a folder: its YAML files and templates; what is no UTF-8, or over LARGE bytes, is left out."""
    texts = {}
    for path in sorted(_files(folder)):
        if path.endswith(_TEXTS) and os.path.getsize(os.path.join(folder, path)) <= LARGE:
            try:
                with open(os.path.join(folder, path), encoding="utf-8", newline="") as file:
                    texts[path] = file.read()
            except UnicodeDecodeError:
                continue
    return Chart(shown, texts)


def _files(folder: str) -> Iterator[str]:
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

    def render(self, changed: Mapping[str, str], variant: Variant) -> str | Refused:
        arguments = ["template", RELEASE, self._chart, "--namespace", NAMESPACE, "--include-crds"]
        for path in variant.files:
            arguments += ["--values", path if os.path.isabs(path) else os.path.join(self._chart, path)]
        if variant.values:
            with open(os.path.join(self._home, "values.yaml"), "w", encoding="utf-8") as file:
                file.write(variant.values)
            arguments += ["--values", file.name]
        return self._run(changed, arguments)

    def lint(self, changed: Mapping[str, str]) -> bool:
        """Whether `helm lint` is content with the chart."""
        return not isinstance(self._run(changed, ["lint", self._chart]), Refused)

    def _run(self, changed: Mapping[str, str], arguments: list[str]) -> str | Refused:
        for path, text in changed.items():
            self._write(path, text)
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

    def _write(self, path: str, text: str) -> None:
        with open(os.path.join(self._chart, path), "w", encoding="utf-8", newline="") as file:
            file.write(text)

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


@contextmanager
def renderer(command: str, folder: str, chart: Chart) -> Iterator[Renderer | Refused]:
    """A copy of the chart to render. A chart with a link that leads out of it is refused: Helm would follow it."""
    for current, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = os.path.join(current, name)
            if os.path.islink(path) and not os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep):
                yield Refused(f"{os.path.relpath(path, folder)} is a link that leads out of the chart")
                return
    with tempfile.TemporaryDirectory(prefix="samigrate-") as home:
        copy = os.path.join(home, "chart")
        shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT_OUT))
        yield Renderer(command, home, copy, chart.texts)


def _words(message: str, chart: str) -> str:
    """What Helm says, without its warnings and the place of our copy, on one line."""
    lines = message.replace(chart + "/", "").replace(chart, "the chart").splitlines()
    said = " ".join(line for line in lines if line and not line.startswith(("WARNING", "level=WARN")))
    return clean(said.removeprefix("Error: ").replace("Use --debug flag to render out invalid YAML", "").strip())[:500]
