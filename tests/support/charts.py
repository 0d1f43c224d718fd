"""`python -m tests.support.charts [--chart NAME=DIR]… FOLDER…`: edits every chart below the folders in a copy, and prints what came of it.

A second Helm, and a parser that is not ours, then render each edited chart before and after, with its defaults and its `ci/` values: they may
differ by `automountServiceAccountToken: false` on pods alone. A second run must find nothing to do.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from samigrate.cli.main import main as samigrate
from tests.support import tools


class Tried(NamedTuple):
    """What came of one chart: `outcome` is done, done in part, left, or nothing to do; `seconds` are of the processor, `ratio` those to
    Helm's own."""

    chart: str
    outcome: str
    left: tuple[str, ...]
    wrong: tuple[str, ...]
    seconds: float
    ratio: float


class _Loader(yaml.CSafeLoader):
    """Reads tags that it does not know as nothing."""


_Loader.add_multi_constructor("", lambda loader, suffix, node: None)


def folders(roots: list[str]) -> Iterator[str]:
    """The outermost charts below the folders."""
    for root in roots:
        charts = sorted(path.parent for path in Path(root).rglob("Chart.yaml"))
        for chart in charts:
            if not any(other in chart.parents for other in charts):
                yield str(chart)


def tried(chart: str, given: list[str]) -> Tried:
    with tempfile.TemporaryDirectory() as home:
        copy = Path(home) / Path(chart).name
        shutil.copytree(chart, copy, symlinks=True)
        os.chdir(home)
        before, again_before = _renderings(copy, given), _renderings(copy, given)
        random = {place.split(":")[1].strip() for place in _differences(before, again_before)}
        own, helm = _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_CHILDREN)
        options = [word for each in given for word in ("--chart", each)]
        _, told = _run(["migrate", "--charts", *options, "--write", "-v", copy.name])
        own, helm = _used(resource.RUSAGE_SELF) - own, _used(resource.RUSAGE_CHILDREN) - helm
        left = tuple(
            line.strip() for line in told.splitlines() if " chart-left " in line and "no values that were tried render" not in line
        )
        wrong = [each for each in _differences(before, _renderings(copy, given)) if each.split(":")[1].strip() not in random]
        is_changed = "wrote " in told
        exit_code, again = _run(["migrate", "--charts", *options, "--check", copy.name])
        wrong += [f"a second run is not idle: {again}"] if exit_code else []
        outcome = ("done in part" if left else "done") if is_changed else ("left" if left else "nothing to do")
        return Tried(chart, outcome, left, tuple(wrong), own + helm, (own + helm) / helm if helm else 1)


def _used(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _run(arguments: list[str]) -> tuple[int, str]:
    told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")), redirect_stderr(told):
        code = samigrate(arguments)
    told.seek(0)
    return code, told.read()


def _renderings(chart: Path, given: list[str]) -> dict[str, list[Any]]:
    """What the other Helm makes of the chart, with the charts that are given, by the values file."""
    result = {}
    added = [(chart / "charts" / name, folder) for name, _, folder in (each.partition("=") for each in given)]
    for target, folder in added:
        shutil.copytree(folder, target, dirs_exist_ok=True)
    for values in [None, *sorted(chart.glob("ci/*-values.yaml"))]:
        command = [tools.find("helm3"), "template", "release-name", str(chart), *(["--values", str(values)] if values else [])]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0:
            result[values.name if values else ""] = [each for each in yaml.load_all(done.stdout, _Loader) if each]
    for target, _ in added:
        shutil.rmtree(target)
    return result


def _differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> Iterator[str]:
    for name, documents in before.items():
        if name not in after:
            yield f"{name or 'defaults'}: no longer renders"
        elif len(documents) != len(after[name]):
            yield f"{name or 'defaults'}: other documents"
        else:
            for one, other in zip(documents, after[name], strict=True):
                yield from (f"{name or 'defaults'}: {place}" for place in _places(one, other))


def _places(before: Any, after: Any, place: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            is_account = after.get("kind") == "ServiceAccount"  # one value may decide for it and for its pods
            if key == "automountServiceAccountToken" and after.get(key) is False and ("containers" in after or is_account):
                continue
            if key not in before or key not in after:
                yield f"{place}/{key}"
            elif not str(key).startswith("checksum"):
                yield from _places(before[key], after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _places(one, other, f"{place}/{index}")
    elif before != after:
        yield f"{place}: {before!r} becomes {after!r}"[:200]


def main() -> None:
    os.environ["PATH"] = f"{os.path.dirname(tools.find('helm4'))}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONHASHSEED"] = "0"
    counts: Counter[str] = Counter()
    results = []
    words = sys.argv[1:]
    given = [f"{name}={os.path.abspath(path)}" for name, _, path in (each.partition("=") for each in words if "=" in each)]
    roots = [os.path.abspath(word) for word in words if "=" not in word and word != "--chart"]
    with ProcessPoolExecutor(2) as pool:
        for result in pool.map(tried, charts := list(folders(roots)), [given] * len(charts)):
            counts[result.outcome] += 1
            results.append(result)
            for line in (*result.left, *(f"WRONG {each}" for each in result.wrong)):
                print(f"{result.chart}: {line[:300]}")
            counts["wrong"] += bool(result.wrong)
    for outcome, count in counts.most_common():
        print(f"{count:5} {outcome}")
    if results:
        seconds, ratios = (sorted(values) for values in zip(*((each.seconds, each.ratio) for each in results), strict=True))
        middle = len(results) // 2
        print(f"median {seconds[middle]:.1f} processor seconds, worst {seconds[-1]:.1f}; {ratios[middle]:.1f} times Helm's own")


if __name__ == "__main__":
    main()
