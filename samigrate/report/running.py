"""What runs, as a dump tells it: which pods hold which token, as which account, for which workload, and how many by namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from samigrate.base.wording import clean, count, cut
from samigrate.domain.model import DEFAULT_ACCOUNT, INJECTED_VOLUME, TOKEN_PATH, Level, ResourceId, Strength
from samigrate.domain.outcome import Outcome, Running, WorkloadReport
from samigrate.domain.tokens import Token, named_account

HEAD = ("RUNS", "PODS", "ACCOUNT", "TOKENS", "API USE")
TOTALS = ("NAMESPACE", "PODS", "WITH A TOKEN", "OF THESE AS default", "WITH A TOKEN SECRET")
ALL = "all"


class Row(NamedTuple):
    """Pods of one workload that hold the same; `pods` is 0 where the dump has the workload alone. `why` is the strongest sign
    of a use of the API, "" where nothing is to be asked."""

    owner: ResourceId
    pods: int
    account: str
    tokens: str
    level: Level
    why: str

    @property
    def cells(self) -> tuple[str, ...]:
        pods = str(self.pods) if self.pods else "-"
        return clean(str(self.owner)), pods, clean(self.account), clean(self.tokens) or "-", self.level.value


class Total(NamedTuple):
    """How many pods of a namespace run, hold a token for the API, hold one of `default`, and read a legacy token Secret."""

    namespace: str
    pods: int
    with_token: int
    as_default: int
    legacy: int

    @property
    def cells(self) -> tuple[str, ...]:
        return clean(self.namespace), *map(str, self[1:])


def rows(outcome: Outcome) -> list[Row]:
    """One for each workload and what its pods hold, in order of namespaces, kinds and names."""
    found: dict[tuple[ResourceId, str, str, Level, str], int] = defaultdict(int)
    live = [(report, report.running) for report in outcome.workloads if report.running]
    have_pods = {running.owner for _, running in live if running.pods}
    for report, running in live:
        if running.pods or (running.owner not in have_pods and running.owner == report.workload.id):
            key = running.owner, report.account_before, described(running.tokens), report.verdict.level, _why(report)
            found[key] += len(running.pods)
    ordered = sorted(found.items(), key=lambda item: ([str(part) for part in (item[0][0].namespace or "", *item[0][0][1:])], item[0]))
    return [Row(owner, pods, account, tokens, level, why) for (owner, account, tokens, level, why), pods in ordered]


def totals(outcome: Outcome) -> list[Total]:
    """By namespace, and of all of them where they are several."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for report in outcome.workloads:
        pods = len(report.running.pods) if report.running else 0
        if report.running and pods:
            held = [token for token in report.running.tokens if token.audience is None]
            is_default = report.account_before == DEFAULT_ACCOUNT
            is_legacy = any(token.how in ("legacy", "env") for token in held)
            for place, is_so in enumerate((True, bool(held), bool(held) and is_default, is_legacy)):
                found[report.running.owner.namespace or ""][place] += pods * is_so
    result = [Total(namespace, *numbers) for namespace, numbers in sorted(found.items())]
    sums = [sum(column) for column in zip(*found.values(), strict=True)]
    return [*result, Total(ALL, *sums)] if len(result) > 1 else result


def described(tokens: Iterable[Token]) -> str:
    """Every token in words, with the containers that can read it."""
    found: dict[str, list[str]] = defaultdict(list)
    for token in tokens:
        found[_way(token)].append(token.container)
    return "; ".join(f"{way} in {', '.join(dict.fromkeys(containers))}" for way, containers in found.items())


def _way(token: Token) -> str:
    if is_of_admission(token):
        return "mounted by default" if token.how != "legacy" else f"Secret {token.name}, mounted by default"
    if token.how == "env":
        return f"variable {token.name}"
    volume = "volume of a token Secret" if token.how == "legacy" else "volume"
    return f"{volume} {token.name}" + (f" for {token.audience}" if token.audience else "")


def is_of_admission(token: Token) -> bool:
    """Whether admission has mounted it, as far as its name and its place tell (R-A10, R-B6)."""
    is_its_name = token.name.startswith(INJECTED_VOLUME) or named_account(token.name) is not None
    return token.how == "injected" or (token.path == TOKEN_PATH and is_its_name)


def _why(report: WorkloadReport) -> str:
    """Why the token is needed, or that nothing says so; "" for pods without one."""
    if not report.tokens_before:
        return ""
    telling = [one for one in report.verdict.evidence if one.strength is not Strength.COUNTER or report.verdict.level is Level.NONE]
    ordered = sorted(telling, key=lambda one: list(Strength).index(one.strength))
    return ordered[0].detail if ordered else "no sign of any use of the API"


# ---------------------------------------------------------------- as text


def lines(outcome: Outcome, paint: Callable[[str, str], str], width: int | None) -> Iterator[str]:
    """The section of the report for people, cut to fit; nothing where nothing runs."""
    found = rows(outcome)
    if not found:
        return
    pods, spaces = sum(row.pods for row in found), {row.owner.namespace for row in found}
    owners = count(len({row.owner for row in found}), "workload")
    yield paint("1", "what runs") + f" ({count(pods, 'pod')} of {owners} in {count(len(spaces), 'namespace')})"
    cells = [HEAD, *(row.cells for row in found)]
    for line, row in zip(_aligned(cells, right=(1,)), (None, *found), strict=True):
        yield paint("2", cut(line, width)) if row is None else cut(line, width)
        if row is not None and row.why:
            yield cut(f"      why   {clean(row.why)}", width)
    if summed := totals(outcome):
        yield ""
        yield from (cut(line, width) for line in _aligned([TOTALS, *(total.cells for total in summed)], right=(1, 2, 3, 4)))
    yield ""


def _aligned(table: Sequence[Sequence[str]], right: Sequence[int]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        places = enumerate(zip(row, widths, strict=True))
        cells = [cell.rjust(width) if place in right else cell.ljust(width) for place, (cell, width) in places]
        yield "  ".join(["", *cells]).rstrip()


def as_values(running: Running) -> dict[str, object]:
    """For programs: whose pods they are, each of them, and every token that their containers can read."""
    return {
        "owner": running.owner._asdict(),
        "pods": [pod._asdict() for pod in running.pods],
        "tokens": [token._asdict() for token in running.tokens],
    }
