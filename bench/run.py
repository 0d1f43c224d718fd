"""All figures in one run: `python3 dev.py bench`, or some of them: `python3 dev.py bench startup memory`.

Every figure is a ratio on the same bytes in the same run, so that a slow or busy machine changes it little.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]

from bench import measure, pods, samples
from samigrate import kinds, pipeline
from samigrate.base import collector
from samigrate.files import manifests
from samigrate.hosts import stream
from samigrate.plan import recipe
from samigrate.settings.config import Settings
from tests.support import tools

SAMIGRATE = [sys.executable, "-c", "from samigrate.__main__ import program; program()"]
"""What the installed program does, in this checkout."""
ROUND_TRIP = (
    "import sys; from ruamel.yaml import YAML; y = YAML(typ='rt'); y.width = 1 << 20; y.dump_all(list(y.load_all(sys.stdin)), sys.stdout)"
)
PLUGINS = Path(__file__).parent.parent / "plugins"
MB = 1_000_000


class Figure(NamedTuple):
    """One measured ratio. `bound` is what it should be at least, or at most where `is_most`."""

    what: str
    ratio: float
    bound: float
    is_most: bool
    detail: str

    def line(self) -> str:
        is_met = self.ratio <= self.bound if self.is_most else self.ratio >= self.bound
        asked = f"at {'most' if self.is_most else 'least'} {self.bound:g}"
        return f"{'ok  ' if is_met else 'MISS'} {self.ratio:7.2f}  ({asked:>11})  {self.what}: {self.detail}"


class Place(NamedTuple):
    """A folder for this run, and how often to measure."""

    folder: Path
    rounds: int

    @property
    def cache(self) -> Path:
        return self.folder / "pyc"

    def write(self, name: str, pieces: Iterator[str]) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        return path


class _Composer(CParser):  # type: ignore[misc]
    """libyaml's nodes with the least that Python can add to them."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return ""

    def descend_resolver(self, node: object, index: object) -> None: ...

    def ascend_resolver(self) -> None: ...


def compose(text: str) -> None:
    parser = _Composer(text)
    while parser.check_node():
        parser.get_node()


# ---------------------------------------------------------------- figures


def sieve(place: Place) -> Iterator[Figure]:
    text, known = "".join(samples.unrelated(3_000)), kinds.load(()).names
    if manifests.read("all.yaml", text, known).documents:
        raise RuntimeError("some of it matters")
    taken = measure.seconds({"ours": lambda: manifests.read("all.yaml", text, known), "libyaml": lambda: compose(text)}, place.rounds)
    detail = f"{len(text) / taken['ours'] / MB:.0f} MB/s, libyaml composes {len(text) / taken['libyaml'] / MB:.1f}"
    yield Figure("documents that cannot matter pass faster than libyaml composes them", taken["libyaml"] / taken["ours"], 10, False, detail)


def whole(place: Place) -> Iterator[Figure]:
    chosen = recipe.load(("least-privilege",))
    for name, text in (("rendered charts", samples.releases(300)), ("hand-kept workloads", "".join(samples.workloads(600)))):
        content = text.encode()

        def ours(content: bytes = content) -> bytes:
            root = stream.root(lambda: content, None, _as_given)
            return stream.result(content, pipeline.run(root, chosen))

        def theirs(text: str = text) -> None:
            compose(text)

        if ours() == content:
            raise RuntimeError(f"{name}: nothing changed")
        taken = measure.seconds({"ours": ours, "libyaml": theirs}, place.rounds)
        detail = f"{taken['ours']:.2f} s, libyaml {taken['libyaml']:.2f} s for {len(content) / MB:.1f} MB"
        ratio = taken["ours"] / taken["libyaml"]
        yield Figure(f"{name} through the whole pipeline, against composing them once", ratio, 8, True, detail)


def _as_given(settings: Settings) -> Settings:
    return settings


def others(place: Place) -> Iterator[Figure]:
    manifest = place.write("build/all.yaml", iter([samples.releases(300)]))
    place.write("build/kustomization.yaml", iter([_KUSTOMIZATION]))
    commands = {"ours": [*SAMIGRATE, "migrate", "-q", "-"], "ruamel": [sys.executable, "-c", ROUND_TRIP]}
    try:
        commands["kubectl"] = [tools.find("kubectl"), "kustomize", str(manifest.parent)]
    except tools.UnavailableError as error:
        sys.stdout.write(f"--   kubectl is not there: {error}\n")
    taken = measure.processes(commands, manifest, max(1, place.rounds // 2), place.cache)
    for name, what, bound in (("kubectl", "kubectl kustomize with one patch", 5), ("ruamel", "a ruamel.yaml round trip", 10)):
        if name in taken:
            wall, cpu = taken[name].wall / taken["ours"].wall, taken[name].cpu / taken["ours"].cpu
            detail = f"{taken['ours'].wall:.2f} s against {taken[name].wall:.2f} s by the clock; {cpu:.1f} by processor time"
            yield Figure(f"1,200 documents, the whole process, faster than {what}", wall, bound, False, detail)


_KUSTOMIZATION = """\
resources: [all.yaml]
patches:
  - target:
      kind: Deployment
    patch: |
      - op: add
        path: /spec/template/spec/automountServiceAccountToken
        value: false
"""


def startup(place: Place) -> Iterator[Figure]:
    nothing = place.write("nothing", iter(()))
    commands = {"ours": [*SAMIGRATE, "--version"], "click": [sys.executable, "-c", "import click"]}
    taken = measure.processes(commands, nothing, 5 * place.rounds, place.cache)
    detail = f"{taken['ours'].cpu * 1000:.0f} ms against {taken['click'].cpu * 1000:.0f} ms of processor time"
    yield Figure("`samigrate --version` against `import click`", taken["ours"].cpu / taken["click"].cpu, 2.5, True, detail)


def helm(place: Place) -> Iterator[Figure]:
    nothing, program = place.write("nothing", iter(())), place.write("bin/samigrate", iter([f"#!{sys.executable}\n{SAMIGRATE[-1]}\n"]))
    program.chmod(0o755)
    for name, renderer in (("helm3", str(PLUGINS / "helm3" / "samigrate-post-render")), ("helm4", "samigrate")):
        try:
            tool = tools.find(name)
        except tools.UnavailableError as error:
            sys.stdout.write(f"--   {name} is not there: {error}\n")
            continue
        chart = place.folder / name
        chart.mkdir()
        subprocess.run([tool, "create", str(chart / "web")], check=True, capture_output=True)
        template = [tool, "template", "rel", str(chart / "web")]
        commands = {"alone": template, "ours": [*template, "--post-renderer", renderer]}
        environment = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "HELM_PLUGINS": str(PLUGINS / name)}
        taken = measure.processes(commands, nothing, 3 * place.rounds, place.cache, environment)
        alone, ours = taken["alone"], taken["ours"]
        detail = f"{ours.wall * 1000:.0f} ms against {alone.wall * 1000:.0f} ms by the clock; {ours.cpu / alone.cpu:.1f} by processor time"
        yield Figure(f"{name} template with the post-renderer, against without", ours.wall / alone.wall, 3, True, detail)


def memory(place: Place) -> Iterator[Figure]:
    nothing = place.write("nothing", iter(()))
    idle = measure.process([sys.executable, "-c", "pass"], nothing, place.cache).peak
    path = place.write("large.yaml", samples.mixed(200 * MB))
    size = path.stat().st_size
    for what, options in (("a stream", ()), ("a stream told as a diff", ("--diff",))):
        took = measure.process([*SAMIGRATE, "migrate", "-q", *options, "-"], path, place.cache)
        detail = f"{(took.peak - idle) / MB:.0f} MB for {size / MB:.0f} MB, in {took.wall:.0f} s"
        yield Figure(f"peak memory on {what} with one workload in ten, against its size", (took.peak - idle) / size, 4, True, detail)
    path.unlink()


def folders(place: Place) -> Iterator[Figure]:
    nothing, peaks, sizes = place.write("nothing", iter(())), [], []
    for times in (1, 8):
        chance = random.Random(5)
        for number in range(50_000):
            text = samples.workload(number, chance) if number % 50 == 0 else samples.padding(number, times)
            place.write(f"folder-{times}/{number // 500:03d}/{number:05d}.yaml", iter([text]))
        folder = place.folder / f"folder-{times}"
        sizes.append(sum(path.stat().st_size for path in folder.rglob("*.yaml")))
        peaks.append(measure.process([*SAMIGRATE, "migrate", "-q", str(folder)], nothing, place.cache).peak)
    detail = f"{peaks[0] / MB:.0f} MB with {sizes[0] / MB:.0f} MB in the folder, {peaks[1] / MB:.0f} MB with {sizes[1] / MB:.0f}"
    yield Figure("peak memory on 50,000 files where those that cannot matter are 8 times as large", peaks[1] / peaks[0], 1.05, True, detail)


_READERS = {
    "orjson": "import gc, sys, orjson; gc.disable(); orjson.loads(sys.stdin.buffer.read())",
    "msgspec": "import gc, sys, msgspec; gc.disable(); msgspec.json.decode(sys.stdin.buffer.read())",
    "json": "import gc, sys, json; gc.disable(); json.loads(sys.stdin.buffer.read())",
}
"""Processes that read JSON on standard input and do nothing with it."""


def dumps(place: Place) -> Iterator[Figure]:
    path = place.write("pods.json", pods.dump(10_000))
    commands = {name: [sys.executable, "-c", code] for name, code in _READERS.items()}
    took = measure.processes({**commands, "ours": [*SAMIGRATE, "audit", "-"]}, path, place.rounds, place.cache)
    ours, fastest = took["ours"], min(("orjson", "msgspec"), key=lambda name: took[name].cpu)
    each = ", ".join(f"{name} {one.cpu:.2f}" for name, one in took.items())
    detail = f"seconds of processor on {path.stat().st_size / MB:.0f} MB: {each}; by the clock {ours.wall / took[fastest].wall:.1f}"
    yield Figure(f"audit of a dump of 10,000 pods, against {fastest} reading it", ours.cpu / took[fastest].cpu, 4, True, detail)
    content = path.read_bytes()
    with collector.paused():
        alone = min(measure.seconds({"orjson": lambda: orjson.loads(content), "msgspec": lambda: msgspec.json.decode(content)}, 3).values())
    detail = f"{ours.cpu:.2f} s with start-up, reading and report; the library's call {alone:.2f} s, the bytes at hand"
    yield Figure("the same against the library's call alone", ours.cpu / alone, 4, True, detail)
    idle = measure.process([sys.executable, "-c", "pass"], place.write("nothing", iter(())), place.cache).peak
    large = place.write("more-pods.json", pods.dump(100_000))
    size, whole = large.stat().st_size, measure.process([*SAMIGRATE, "audit", "-"], large, place.cache)
    detail = f"{(whole.peak - idle) / MB:.0f} MB for {size / MB:.0f} MB, in {whole.wall:.0f} s"
    yield Figure("peak memory on a dump of 100,000 pods, against its size", (whole.peak - idle) / size, 3, True, detail)
    large.unlink()


_ALL = (sieve, whole, others, startup, helm, memory, folders, dumps)
FIGURES: dict[str, Callable[[Place], Iterator[Figure]]] = {each.__name__: each for each in _ALL}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is measured (default 5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="samigrate-bench-") as folder:
        for name in options.figures or FIGURES:
            for figure in FIGURES[name](Place(Path(folder), options.rounds)):
                sys.stdout.write(figure.line() + "\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
