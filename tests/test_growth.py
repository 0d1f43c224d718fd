"""Twice the manifests take twice the steps, not four times. Nothing is timed: counted are the lines of our code that run,
and how much memory each of them takes, which shows what one line has C do: to copy a dictionary, say."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import samigrate
from bench import growth, samples
from samigrate import pipeline
from samigrate.hosts import stream
from samigrate.plan import recipe
from samigrate.settings.config import Settings

ROOT = Path(__file__).parent.parent
BINDING = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: extra-{number}, namespace: {space}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: extra-{number}}}
subjects:
- {{kind: ServiceAccount, name: shared-{number}, namespace: {space}}}
"""
SHARING = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: sharer-{number}, namespace: shop}}
spec:
  template:
    spec:
      serviceAccountName: shared
      containers:
      - {{name: app, image: "registry.example.com/app:{number}"}}
"""


def rendered(count: int) -> str:
    return samples.releases(count)


def hand_kept(count: int) -> str:
    """Workloads on `default`, with bindings and as many definitions of kinds."""
    return "".join(
        [
            *samples.workloads(count),
            *(BINDING.format(number=number, space="shop") for number in range(count)),
            *(document for document in samples.others(4 * count) if "kind: CustomResourceDefinition" in document),
        ]
    )


def sharing(count: int) -> str:
    """Workloads that all run as one account."""
    return "".join(SHARING.format(number=number) for number in range(count))


def bound(count: int) -> str:
    """Bindings of an account that a few workloads share."""
    bindings = (BINDING.format(number=number, space="shop").replace(f"name: shared-{number}", "name: default") for number in range(count))
    return "".join([*samples.workloads(4), *bindings])


def small(count: int) -> str:
    """Many objects that cost next to nothing each, and one workload."""
    accounts = (f"---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: account-{number}}}\n" for number in range(count))
    return "".join([*accounts, SHARING.format(number=0)])


def steps(text: str) -> int:
    """How many lines of Python run to migrate a stream, each turn of a loop counted; not those that run because what
    earlier tests have left behind is collected meanwhile."""
    gc.collect()
    gc.disable()
    root = stream.root(text.encode, None, lambda settings: Settings())
    chosen, count = recipe.load(("least-privilege",)), 0

    def line(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        nonlocal count
        count += 1
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        outcome = pipeline.run(root, chosen)
    finally:
        sys.settrace(before)
        gc.enable()
    assert not outcome.problems
    assert outcome.workloads
    return count


@pytest.mark.parametrize(("manifests", "count"), [(rendered, 15), (hand_kept, 15), (sharing, 50), (bound, 25), (small, 250)])
def test_steps_grow_with_the_manifests(manifests: Callable[[int], str], count: int) -> None:
    steps(manifests(2))  # what is loaded once
    few, more, most = (steps(manifests(times * count)) for times in (1, 2, 4))
    assert most - more < 2.1 * (more - few)  # what does not grow at all is in none of the differences


OURS = str(Path(samigrate.__file__).parent)
AMOUNT = 60_000
"""What takes fewer bytes in all is not looked at: in small amounts the steps show in which dictionaries grow."""


def taken(text: str) -> Counter[str]:
    """How many bytes each line of our code takes while it runs to migrate a stream, kept or not, with all that it calls in C
    and in libraries; all runs of a line together."""
    root = stream.root(text.encode, None, lambda settings: Settings())
    chosen, result = recipe.load(("least-privilege",)), Counter[str]()
    place, start = "", 0

    def note(frame: FrameType | None) -> None:
        nonlocal place, start
        now, peak = tracemalloc.get_traced_memory()
        result[place] += peak - start
        place, start = f"{frame.f_code.co_filename.removeprefix(OURS)}:{frame.f_lineno}" if frame else "", now
        tracemalloc.reset_peak()

    def line(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        note(frame.f_back if event == "return" else frame)
        return line

    before = sys.gettrace()
    tracemalloc.start()
    sys.settrace(line)
    try:
        outcome = pipeline.run(root, chosen)
    finally:
        sys.settrace(before)
        tracemalloc.stop()
    assert not outcome.problems
    return result


def streamed(shape: str, count: int) -> str:
    return "".join(f"---\n{document}" for _, document in growth.SHAPES[shape].files(count))


def apart(shape: str) -> list[dict[str, int]]:
    """What each line takes for few and for many, in a process of its own: tables that other tests have filled grow by leaps."""
    lines = "import json; from tests.test_growth import streamed, taken; few, many = 15, 60"
    measure = f"taken(streamed({shape!r}, 8)); print(json.dumps([taken(streamed({shape!r}, count)) for count in (few, many)]))"
    done = subprocess.run([sys.executable, "-c", f"{lines}; {measure}"], cwd=ROOT, capture_output=True, check=True)
    result: list[dict[str, int]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("shape", ["workloads", "copies"])
def test_no_line_takes_more_for_each_manifest_the_more_there_are(shape: str) -> None:
    few, many = apart(shape)
    assert {line: (few.get(line, 0), amount) for line, amount in many.items() if amount > max(AMOUNT, 8 * few.get(line, 0))} == {}
