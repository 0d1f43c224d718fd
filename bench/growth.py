"""How time grows with the input: `python -m bench.growth`, or some shapes: `python -m bench.growth copies scopes`.

Each shape is made in several sizes, and each run is a process of its own, measured in processor seconds without those
of its start. The exponent says what a larger input costs: 1 is as much more as there is more of it, 2 is quadratic.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench import measure, samples

MB = 1_000_000
PROGRAM = "import os, sys; from samigrate.__main__ import program; os.chdir(sys.argv.pop(1)); program()"
"""What the installed program does, in this checkout, in a folder."""
WANTED = 1.05
"""The exponent that no shape should be above."""
NOISE = 0.1
"""How far a busy machine moves an exponent."""

_WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  template:
    spec:
      {account}
      containers:
      - {{name: app, image: "registry.example.com/app:1"}}
"""
_ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: {space}}}\n"
_BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: binding-{name}, namespace: {space}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: role-{name}}}
subjects:
- {{kind: ServiceAccount, name: {account}, namespace: {space}}}
"""
_TOKEN = """\
apiVersion: v1
kind: Secret
metadata: {{name: {name}, namespace: {space}, annotations: {{kubernetes.io/service-account.name: {account}}}}}
type: kubernetes.io/service-account-token
"""
_ALIASED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
template: &pod
  spec:
    containers:
    - {{name: app, image: "registry.example.com/app:1"}}
spec:
  template: *pod
"""
_KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"


class Shape(NamedTuple):
    """What a number of documents look like: files by their name, or one stream where `is_stream`."""

    what: str
    files: Callable[[int], Iterator[tuple[str, str]]]
    is_stream: bool = True


def _workload(name: str, space: str = "shop", account: str = "") -> str:
    return _WORKLOAD.format(
        name=name, space=space, account=f"serviceAccountName: {account}" if account else "terminationGracePeriodSeconds: 9"
    )


def _mixed(count: int) -> Iterator[tuple[str, str]]:
    for number, document in enumerate(islice(samples.mixed(sys.maxsize), count)):
        yield f"{number // 500:03d}/{number:06d}.yaml", document.removeprefix("---\n")


def _copies(count: int) -> Iterator[tuple[str, str]]:
    yield from (("", _workload("web")) for _ in range(count))


def _twins(count: int) -> Iterator[tuple[str, str]]:
    """The same with the account that it runs as."""
    for _ in range(count // 2):
        yield "", _ACCOUNT.format(name="web", space="shop")
        yield "", _workload("web", account="web")


def _namespaces(count: int) -> Iterator[tuple[str, str]]:
    """One workload on `default` and its rights, in each of many namespaces."""
    for number in range(count // 2):
        space = f"space-{number:06d}"
        yield f"{space}/web.yaml", _workload("web", space)
        yield f"{space}/rights.yaml", _BINDING.format(name="web", account="default", space=space)


def _scopes(count: int) -> Iterator[tuple[str, str]]:
    """One workload in each of many folders, which nothing else tells apart, and a neighbour."""
    for number in range(count // 2):
        yield f"envs/{number:06d}/web.yaml", _workload("web")
        yield f"envs/{number:06d}/{number}.yaml", _workload(f"web-{number}")


def _builds(count: int) -> Iterator[tuple[str, str]]:
    """Kustomizations of one workload each, which set the namespace."""
    for number in range(count // 2):
        folder = f"envs/{number:06d}"
        yield f"{folder}/web.yaml", _workload("web")
        yield f"{folder}/kustomization.yaml", f"{_KUSTOMIZATION}- web.yaml\nnamespace: space-{number}\n"


def _apps(count: int) -> Iterator[tuple[str, str]]:
    """Kustomizations of one workload each, all for one namespace."""
    for number in range(count // 2):
        yield f"apps/{number:06d}/web.yaml", _workload(f"web-{number}")
        yield f"apps/{number:06d}/kustomization.yaml", f"{_KUSTOMIZATION}- web.yaml\nnamespace: shop\n"


def _build(count: int) -> Iterator[tuple[str, str]]:
    """All files in one kustomization."""
    names = [f"web-{number:06d}" for number in range(count)]
    yield "kustomization.yaml", _KUSTOMIZATION + "".join(f"- {name}.yaml\n" for name in names)
    yield from ((f"{name}.yaml", _workload(name)) for name in names)


def _bindings(count: int) -> Iterator[tuple[str, str]]:
    """Many bindings to the account of a few workloads, one of which uses them."""
    yield "", _workload("user").replace('app:1"', 'app:1", args: [--leader-elect]')
    yield from (("", _workload(f"web-{number}")) for number in range(9))
    yield from (("", _BINDING.format(name=number, account="default", space="shop")) for number in range(count - 10))


def _subjects(count: int) -> Iterator[tuple[str, str]]:
    """Many workloads that use the rights of their account, which one binding gives."""
    yield "", _BINDING.format(name="shared", account="default", space="shop")
    text = 'app:1", args: [--leader-elect]'
    yield from (("", _workload(f"web-{number:06d}").replace('app:1"', text)) for number in range(count - 1))


def _accounts(count: int) -> Iterator[tuple[str, str]]:
    """Each workload with an account of its own, and each second with rights, all in one namespace."""
    for number in range(2 * count // 5):
        name = f"web-{number:06d}"
        yield "", _ACCOUNT.format(name=name, space="shop")
        yield from [("", _BINDING.format(name=name, account=name, space="shop"))] if number % 2 else []
        yield "", _workload(name, account=name)


def _sharers(count: int) -> Iterator[tuple[str, str]]:
    """Many workloads that run as one account with rights."""
    yield "", _ACCOUNT.format(name="shared", space="shop")
    yield "", _BINDING.format(name="shared", account="shared", space="shop")
    yield from (("", _workload(f"web-{number:06d}", account="shared")) for number in range(count - 2))


def _tokens(count: int) -> Iterator[tuple[str, str]]:
    """As many token Secrets as workloads."""
    for number in range(count // 2):
        yield "", _workload(f"web-{number:06d}")
        yield "", _TOKEN.format(name=f"token-{number}", account=f"other-{number}", space="shop")


def _refused(count: int) -> Iterator[tuple[str, str]]:
    """Workloads whose text cannot take the edit: two keys of the pod are one node."""
    text = _ALIASED
    yield from (("", text.format(name=f"web-{number:06d}")) for number in range(count))


def _optouts(count: int) -> Iterator[tuple[str, str]]:
    """Workloads that opt out of a part, each by a comment."""
    yield from (("", "# samigrate: ignore[automount] for now\n" + _workload(f"web-{number:06d}")) for number in range(count))


def _listed(count: int) -> Iterator[tuple[str, str]]:
    """All workloads as the items of one List."""
    items = (_workload(f"web-{number:06d}").replace("\n", "\n  ").rstrip(" ") for number in range(count))
    yield "", "apiVersion: v1\nkind: List\nitems:\n" + "".join(f"- {item}" for item in items)


def _workloads(count: int) -> Iterator[tuple[str, str]]:
    yield from (("", _workload(f"web-{number:06d}")) for number in range(count))


SHAPES: Mapping[str, Shape] = {
    "mixed": Shape("a mixed stream, one document in ten a workload", _mixed),
    "folder": Shape("the same, each document in a file", _mixed, is_stream=False),
    "workloads": Shape("workloads on `default` in one namespace", _workloads),
    "copies": Shape("copies of one workload", _copies),
    "twins": Shape("copies of one workload and its account", _twins),
    "namespaces": Shape("one scope of many namespaces", _namespaces, is_stream=False),
    "scopes": Shape("many scopes: copies of one workload in folders", _scopes, is_stream=False),
    "builds": Shape("many scopes: kustomizations for a namespace each", _builds, is_stream=False),
    "apps": Shape("many scopes: kustomizations for one namespace", _apps, is_stream=False),
    "build": Shape("one big scope: a kustomization of many files", _build, is_stream=False),
    "bindings": Shape("many bindings to one account", _bindings),
    "subjects": Shape("one binding, and many workloads that need it", _subjects),
    "accounts": Shape("many accounts in one namespace", _accounts),
    "sharers": Shape("one account for many workloads", _sharers),
    "tokens": Shape("many token Secrets beside many workloads", _tokens),
    "refused": Shape("workloads whose text cannot be edited", _refused),
    "optouts": Shape("workloads that opt out by a comment", _optouts),
    "listed": Shape("one List of many workloads", _listed),
}
COMMANDS: Mapping[str, Sequence[str]] = {
    "migrate": ("migrate", "-q"),
    "json": ("migrate", "-q", "--format", "json"),
    "plan": ("plan",),
}


def made(shape: Shape, count: int, folder: Path, *, is_piped: bool = True) -> tuple[Path, list[str]]:
    """What stands on standard input, and the paths in the folder to run on: a stream is a file where it is not to be piped."""
    nothing, path = folder / "nothing", folder / "stream.yaml"
    nothing.touch()
    if shape.is_stream:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"---\n{text}" for _, text in shape.files(count))
        return (path, ["-"]) if is_piped else (nothing, [path.name])
    for name, text in shape.files(count):
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return nothing, ["files"]


def took(shape: Shape, command: Sequence[str], count: int, cache: Path) -> measure.Process:
    """What a run over so many documents takes."""
    with tempfile.TemporaryDirectory(prefix="samigrate-growth-") as folder:
        stdin, paths = made(shape, count, Path(folder), is_piped=command[0] != "plan")
        return measure.process([sys.executable, "-c", PROGRAM, folder, *command, "--jobs", "1", *paths], stdin, cache)


def measured(shape: Shape, sizes: Sequence[int], command: Sequence[str], cache: Path) -> Iterator[str]:
    """A line for each size; from the second on with the exponents from the one before: of time, and of memory."""
    took(shape, command, 16, cache)  # compiles the modules
    idle = took(shape, command, 16, cache)
    runs = []
    for size in sizes:
        run = took(shape, command, size, cache)
        runs.append((size, run.cpu - idle.cpu, run.peak - idle.peak))
        line = f"{size:9,} documents {runs[-1][1]:8.1f} s {runs[-1][2] / MB:8.0f} MB"
        if len(runs) > 1:
            (few, *least), (many, *most) = runs[-2:]
            time, memory = (
                math.log(larger / max(smaller, 1e-3)) / math.log(many / few) for smaller, larger in zip(least, most, strict=True)
            )
            line += f"   time {time:5.2f}   memory {memory:5.2f}{'   MISS' if time > WANTED + NOISE else ''}"
        yield line


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("shapes", nargs="*", choices=[*SHAPES, []], metavar="SHAPE", help=", ".join(SHAPES))
    parser.add_argument("--sizes", default="1000,4000,16000", help="numbers of documents, each larger (default %(default)s)")
    parser.add_argument("--command", choices=COMMANDS, default="migrate", help="what runs (default %(default)s)")
    options = parser.parse_args(arguments)
    sizes, command = [int(size) for size in options.sizes.split(",")], COMMANDS[options.command]
    with tempfile.TemporaryDirectory(prefix="samigrate-growth-") as folder:
        for name in options.shapes or SHAPES:
            sys.stdout.write(f"{name}: {SHAPES[name].what}\n")
            for line in measured(SHAPES[name], sizes, command, Path(folder)):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
