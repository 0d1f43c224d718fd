"""The four verdicts over folders of manifests, and what a change of the tool did to them.

    python -m tests.support.verdicts CORPUS... -o before.json       # each folder, and each file, in a CORPUS is a scope of its own
    python -m tests.support.verdicts CORPUS... --before before.json # and names each workload whose verdict is another

Each scope is audited with the defaults. A line of the comparison names the workload, both verdicts, and the details of the
evidence that went (`-`) or came (`+`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

LEVELS = ("required", "likely", "unknown", "none")


class Judged(NamedTuple):
    """A workload's verdict and the details of its evidence, `strength: detail` each."""

    level: str
    evidence: tuple[str, ...]


def judged(corpus: Path) -> dict[str, Judged]:
    """Every workload of the corpus, by `scope/path kind namespace/name line/pod`. Raises SystemExit for an audit that
    gives no report."""
    found: dict[str, Judged] = {}
    for scope in sorted(path for path in corpus.iterdir() if path.name != "samigrate.yaml"):
        for one in _audit(scope)["workloads"]:
            resource = one["resource"]
            name = f"{scope.name}/{one['path']} {resource['kind']} {resource['namespace']}/{resource['name']} {one['line']}{one['pod']}"
            evidence = tuple(sorted({f"{item['strength']}: {item['detail']}" for item in one["evidence"]}))
            found[name] = Judged(one["verdict"], evidence)
    return found


def _audit(scope: Path) -> dict[str, Any]:
    folder, path = (scope, ".") if scope.is_dir() else (scope.parent, scope.name)
    command = [sys.executable, "-m", "samigrate", "audit", "--format", "json", path]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{scope}: no report (exit {done.returncode}): {done.stderr.strip()[-300:]}") from None
    return report


def counts(found: dict[str, Judged]) -> str:
    numbers = Counter(one.level for one in found.values())
    return ", ".join(f"{level} {numbers[level]}" for level in LEVELS) + f", all {len(found)}"


def changes(before: dict[str, Judged], after: dict[str, Judged]) -> list[str]:
    """A line for each workload that is judged otherwise, by the change of its verdict."""
    lines = []
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if old.level != new.level:
            gone = [f"- {detail}" for detail in old.evidence if detail not in new.evidence]
            come = [f"+ {detail}" for detail in new.evidence if detail not in old.evidence]
            lines.append(f"{old.level} -> {new.level}: {name}: " + "; ".join([*gone, *come]))
    return sorted([*lines, *(f"no longer there: {name}" for name in before.keys() - after.keys())])


def main() -> None:
    parser = argparse.ArgumentParser(description="The four verdicts over folders of manifests")
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="keep every workload's verdict in this file")
    parser.add_argument("--before", type=Path, help="compare with what -o has kept")
    options = parser.parse_args()
    found: dict[str, Judged] = {}
    for corpus in options.corpus:
        here = judged(corpus)
        sys.stdout.write(f"{corpus.name}: {counts(here)}\n")
        found |= {f"{corpus.name}/{name}": one for name, one in here.items()}
    if options.output:
        options.output.write_text(json.dumps(found), encoding="utf-8")
    if options.before:
        before = {name: Judged(one[0], tuple(one[1])) for name, one in json.loads(options.before.read_text("utf-8")).items()}
        sys.stdout.writelines(line + "\n" for line in changes(before, found))


if __name__ == "__main__":
    main()
