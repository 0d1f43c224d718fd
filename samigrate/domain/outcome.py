"""The end of a run: what was found and would change, as hosts write it and reporters print it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from samigrate.domain.model import (
    About,
    Finding,
    Location,
    Operation,
    PodSpec,
    Problem,
    Resource,
    ResourceId,
    Risk,
    Skip,
    Verdict,
    Workload,
)
from samigrate.domain.running import Instance
from samigrate.domain.tokens import Token

STREAM = "<stdin>"
"""What standard input is called where files have paths."""


class FileChange(NamedTuple):
    """One file before and after; `old` is None for a new file. `secret_lines` are the 1-based line ranges
    (first, last) of `old` that hold Secret values: a diff's context must not show them."""

    path: str
    old: str | None
    new: str
    secret_lines: tuple[tuple[int, int], ...] = ()


class Applied(NamedTuple):
    """An operation that is part of the outcome, and the transform that proposed it. For an added resource
    `operation.op` is `add`, `operation.pointer` is "" and `operation.value` the object."""

    transform: str
    part: str
    operation: Operation
    about: About = About.OTHER


class Mention(NamedTuple):
    """A place that names the account, and what is done about it: `pointer` leads to it in the object at `at`."""

    resource: ResourceId
    at: Location
    pointer: str
    rule: str
    action: str


class Built(NamedTuple):
    """A workload as a kustomize build makes it: the folder of the build, where and under which name the workload runs,
    and its account before and after ("" where the input does not tell)."""

    build: str
    namespace: str | None
    name: str
    account_before: str
    account_after: str

    def __str__(self) -> str:
        """`prod/p-web as default → p-web`."""
        before, after = (account or "an account that a replacement writes" for account in (self.account_before, self.account_after))
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{name} as {before if before == after else f'{before} → {after}'}"


class ObjectReport(NamedTuple):
    """What happens to an object that is no workload: an account, a binding."""

    resource: Resource
    risk: Risk
    risks: tuple[tuple[Risk, str], ...]
    applied: tuple[Applied, ...]


class Running(NamedTuple):
    """What a dump tells of a workload that runs: the workload that people edit, its pods that are alike (none where the dump
    has the workload alone), and every token that their containers can read."""

    owner: ResourceId
    pods: tuple[Instance, ...]
    tokens: tuple[Token, ...]


class WorkloadReport(NamedTuple):
    """What is said of one workload in one file."""

    workload: Workload
    scopes: tuple[str, ...]  # several where several builds gather it
    namespace: str | None
    line: int
    account_before: str
    account_after: str
    automount_before: bool | None
    automount_after: bool | None
    effective: bool | None  # whether a token is mounted by default after the run; None where the account is not in the input
    tokens_before: int
    tokens_after: int
    containers: int
    verdict: Verdict
    risk: Risk
    risks: tuple[tuple[Risk, str], ...]
    applied: tuple[Applied, ...]
    spec_after: PodSpec
    lines: Mapping[int, int]  # index in verdict.evidence -> 1-based line of the evidence in its file
    radius: tuple[Mention, ...] = ()
    builds: tuple[Built, ...] = ()
    files: frozenset[str] = frozenset()  # those that its change is made in, new ones included
    running: Running | None = None  # of a cluster's own object
    is_of_chart: bool = False  # rendered from a chart, where its change is made: without annotations that would record it

    def unchanged(self) -> WorkloadReport:
        """What is said of a workload whose change is not made."""
        return self._replace(
            account_after=self.account_before,
            automount_after=self.automount_before,
            effective=self.automount_before,  # what an unset value comes to was not kept
            tokens_after=self.tokens_before,
            spec_after=self.workload.spec,
            risk=Risk.L0,
            risks=(),
            applied=(),
            files=frozenset(),
            builds=tuple(built._replace(account_after=built.account_before) for built in self.builds),
        )

    @property
    def scope(self) -> str:
        return self.scopes[0]

    @property
    def is_renamed(self) -> bool:
        """Whether what runs is called otherwise than what is written, or is several."""
        written = self.workload.id.name, self.account_before, self.account_after
        return len(self.builds) > 1 or any(
            (placement.name, placement.account_before, placement.account_after) != written for placement in self.builds
        )


class Compared(NamedTuple):
    """A dump held against the manifests of `path`: how many workloads run, how many of these no manifest declares, how many that
    are declared do not run, and how many differ."""

    path: str
    running: int
    undeclared: int
    absent: int
    differing: int


class Unseen(NamedTuple):
    """Something that may hold workloads and is not in the input: what it is, as a noun, and where it is named."""

    what: str
    path: str
    document: int = 0


class Outcome(NamedTuple):
    """All that a run found and would change; what hosts write and reporters print. `holds_objects`: a file in PATH holds an
    object for a cluster, of whatever kind."""

    recipes: tuple[str, ...]
    scopes: tuple[str, ...]
    files: int
    documents: int
    workloads: tuple[WorkloadReport, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skip, ...]
    problems: tuple[Problem, ...]
    changes: tuple[FileChange, ...]
    objects: tuple[ObjectReport, ...] = ()
    is_rollback: bool = False
    against: Compared | None = None
    unseen: tuple[Unseen, ...] = ()
    holds_objects: bool = False

    def is_changed(self) -> bool:
        return bool(self.changes)
