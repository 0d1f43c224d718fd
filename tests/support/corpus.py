"""What is in docs/corpus.md: the page for a corpus, each folder of which is a repository.

    python -m tests.support.corpus CORPUS      # writes docs/corpus.md anew, but for what other commands have measured, at its end

Verdicts `none` that a binding in the same repository contradicts are counted without samigrate's scopes: by every
(Cluster)RoleBinding of every YAML file, by namespace and name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from samigrate.base.values import sequence, text

FIXTURES = ("kyverno+", "Shopify+kubeaudit", "stackrox+kube-linter", "zegl+kube-score", "FairwindsOps+polaris", "controlplaneio+kubesec")
"""Repositories of scanners and policy engines."""
NO_USE = ("system:image-puller", "system:service-account-issuer-discovery", "system:openshift:scc:")
"""Roles that say nothing of the API."""


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        try:
            found = list(yaml.load_all(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        except (yaml.YAMLError, OSError, UnicodeDecodeError, ValueError):
            continue
        for one in found:
            yield from (each for each in (sequence(one, "items") or [one]) if isinstance(each, dict))


def bound(folder: Path) -> dict[tuple[str, str], str]:
    """The accounts that bindings name with a namespace, and who does."""
    found = {}
    for one in documents(folder):
        if text(one, "kind") in ("RoleBinding", "ClusterRoleBinding") and not (text(one, "roleRef", "name") or "").startswith(NO_USE):
            for subject in sequence(one, "subjects"):
                namespace, name = text(subject, "namespace") or text(one, "metadata", "namespace"), text(subject, "name")
                if text(subject, "kind") == "ServiceAccount" and namespace and name and name != "default":
                    found[namespace, name] = f"{one['kind']} {text(one, 'metadata', 'name')}"
    return found


def audit(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "samigrate", "audit", "--format", "json", *options, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def contradictions(folder: Path, workloads: list[dict[str, Any]]) -> Iterator[str]:
    known = bound(folder)
    for one in workloads:
        resource, account = one["resource"], one["account"]["before"]
        runs = {(build["namespace"], build["account"]["before"]) for build in one.get("builds", [])} or {(resource["namespace"], account)}
        for place in runs if one["verdict"] == "none" and one["tokens"]["before"] else ():
            if place in known:
                yield f"{folder.name}/{one['path']}: {resource['kind']} {resource['name']} runs as {place[1]}, which {known[place]} names"


class Measured(NamedTuple):
    """A repository: its name, the reports under the default --max-risk and under L5, and what is contradicted."""

    name: str
    report: dict[str, Any]
    whole: dict[str, Any]
    contradicted: list[str]


def measured(folder: Path) -> Measured:
    report = audit(folder)
    return Measured(folder.name, report, audit(folder, "--max-risk", "L5"), list(contradictions(folder, report["workloads"])))


def page(found: list[Measured]) -> Iterator[str]:
    workloads = [(one.name, each) for one in found for each in one.report["workloads"]]
    plain = [each for name, each in workloads if not name.startswith(FIXTURES)]
    summaries = [one.report["summary"] for one in found]
    before, after = (sum(one[key] for one in summaries) for key in ("tokens_before", "tokens_after"))
    yield from (
        "# Measured on real manifests",
        "",
        f"What the recipe `least-privilege` makes of {len(found)} public repositories (plain YAML, JSON and kustomize trees; each repository",
        "read as a scope of its own; charts' own templates are not part of it): `samigrate audit --format json REPOSITORY`, with the defaults",
        "and no configuration, added up. `python -m tests.support.corpus` makes the page, but for its last two parts.",
        "",
    )
    left = sum(len(one.report["skipped"]) for one in found)
    totals = {
        "repositories": len(found),
        "files read": sum(one["files"] for one in summaries),
        "documents": sum(one["documents"] for one in summaries),
        "workloads (pod templates)": len(workloads),
        "containers": sum(one["containers"] for one in summaries),
        "documents and listed files left out, each with its reason": left,
    }
    yield from table(("", ""), [(name, f"{number:,}") for name, number in totals.items()])
    yield from ("", "## Verdicts", "")
    rows = []
    for level in LEVELS:
        of = [each for _, each in workloads if each["verdict"] == level]
        rows.append(
            (
                f"`{level}`",
                len(of),
                share(len(of), len(workloads)),
                *(sum(each["tokens"][key] for each in of) for key in ("before", "after")),
            )
        )
    rows.append(("all", f"{len(workloads):,}", "", f"{before:,}", f"{after:,}"))
    yield from table(("verdict", "workloads", "share", "tokens before", "tokens after"), rows)
    unknown = [each for each in plain if each["verdict"] == "unknown"]
    contradicted = [line for one in found for line in one.contradicted]
    yield from (
        "",
        f"A token is one container that holds a token for the API: {share(before - after, before)} of them go. What is known or likely to use the",
        "API keeps every token.",
        "",
        f"Outside the repositories that hold a scanner's fixtures, whose images mostly have made-up names, {len(unknown)} of {len(plain):,} workloads are",
        f"`unknown` ({100 * len(unknown) / len(plain):.1f} %). Of all verdicts `none`, {len(contradicted)} are contradicted by a binding of the same repository that",
        "names the account with its namespace, wherever it stands.",
        "",
        "What the verdicts rest on (a workload may have several such pieces):",
        "",
    )
    pieces = Counter(
        (each["verdict"], source)
        for _, each in workloads
        for source in {item["source"] for item in each["evidence"] if item["strength"] != "counter"}
    )
    listed = sorted(pieces.items(), key=lambda item: (LEVELS.index(item[0][0]), -item[1], item[0][1]))
    yield from table(("verdict", "evidence", "workloads"), [(f"`{level}`", f"`{source}`", number) for (level, source), number in listed])
    yield from (
        "",
        "## Risk",
        "",
        "The risk of what is done with a workload, by verdict; without a limit (`--max-risk L5`), and under the default (L3).",
        "",
    )
    risks = Counter((risk(each), each["verdict"]) for one in found for each in one.whole["workloads"])
    usual = Counter(risk(each) for _, each in workloads)
    names = ("unchanged", *(f"L{number}" for number in range(6)))
    rows = [
        (name, *(risks[name, level] or "" for level in LEVELS), sum(risks[name, level] for level in LEVELS), usual[name]) for name in names
    ]
    yield from table(("risk", *(f"`{level}`" for level in LEVELS), "all", "under the default"), rows)
    yield from ("", "## Findings", "", "[findings.md](findings.md) says what each means:", "")
    findings = Counter((each["id"], each["level"]) for one in found for each in one.report["findings"])
    yield from table(("finding", "level", "number"), [(f"`{id_}`", level, number) for (id_, level), number in findings.most_common()])


PAGE = Path(__file__).parent.parent.parent / "docs" / "corpus.md"
ELSEWHERE = "## Proven from outside\n"
"""Where the part of the page begins that this command does not make."""
LEVELS = ("required", "likely", "unknown", "none")


def risk(workload: dict[str, Any]) -> str:
    return str(workload["risk"]) if workload["operations"] else "unchanged"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(map(str, head))} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    found = [measured(each) for each in sorted(parser.parse_args().corpus.iterdir()) if each.is_dir()]
    sys.stderr.write("".join(f"contradicted: {line}\n" for one in found for line in one.contradicted))
    kept = PAGE.read_text(encoding="utf-8").partition(ELSEWHERE)
    PAGE.write_text("".join(line + "\n" for line in page(found)) + "\n" + "".join(kept[1:]), encoding="utf-8")


if __name__ == "__main__":
    main()
