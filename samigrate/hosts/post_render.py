"""Helm's post-renderer: a rendered release in, the migrated release out, and never less than came in.

Helm 3 takes an empty stream for a success and deploys nothing, Helm 4 one of comments alone; Argo CD then prunes
what is there. So what holds no object is refused, and no object may get lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate import yamltext
from samigrate.base.errors import InputError
from samigrate.domain.outcome import Outcome
from samigrate.hosts import stream

if TYPE_CHECKING:
    from samigrate.report.formats import Look

EMPTY = "no Kubernetes object on standard input, so nothing is printed (--allow-empty lets a release of hooks alone pass in Helm 3)"


def require_objects(content: bytes, *, may_be_empty: bool) -> None:
    """Refuse a stream without any object. Raises InputError."""
    if not objects(content) and not (may_be_empty and not content.strip()):
        raise InputError(stream.NAME, 0, EMPTY)


def objects(content: bytes) -> int:
    """How many documents of a stream look like an object."""
    text = content.decode("utf-8", "replace")
    return sum(_is_object(text, chunk) for chunk in yamltext.split(text))


def _is_object(text: str, chunk: yamltext.Chunk) -> bool:
    if yamltext.is_flow(text, chunk.start, chunk.end):
        return "kind" in text[chunk.start : chunk.end]
    return yamltext.peek(text, chunk.start, chunk.end, "kind") is not None


def result(content: bytes, outcome: Outcome) -> bytes:
    """The stream after the run."""
    output = stream.result(content, outcome)
    if objects(output) < objects(content):
        raise AssertionError("the migrated stream holds fewer objects than came in")
    return output


def told(outcome: Outcome, look: Look) -> Iterator[str]:
    """What is said of a run, on stderr and in the log."""
    from samigrate.report.formats import text

    yield from (*text.findings(outcome, look), *text.skips(outcome, look))
    changed = sum(bool(report.applied) for report in outcome.workloads)
    yield f"samigrate: changed {changed} of {text.count(len(outcome.workloads), 'workload')}, {text.tokens(outcome)}"
