"""What a log comes to: calls by account and pods, and what of the cluster it covers. Its size does not grow with the
log's: names that are made up anew are taken together, and what a caller may choose freely is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from samigrate.auditlog import moments
from samigrate.auditlog.pods import family
from samigrate.auditlog.shapes import Request

SYSTEM = "kube-system"
FINISHED = ("ResponseComplete", "ResponseStarted", "")
"""R-E15; a watch may go on beyond the log, so that it has started is all that is seen of it."""
READS = ("get", "list", "watch")
_ACCOUNT = re.compile(r"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)")
_USER = re.compile(rb'"(?:username|principalEmail)\\*"\s*:\s*\\*"([^"\\]+)')
_MOST_KEPT, _MOST_PODS, _MOST_CALLS, _MOST_NAMES, _MOST_AGENTS, _MOST_RUNS = 20, 300, 300, 5, 8, 50_000
_IDS = 20_000
LEFT_OVER = "and more"


class Span:
    """From when to when, as the log writes it."""

    __slots__ = ("first", "last")

    def __init__(self, moment: str = "") -> None:
        self.first = self.last = moment

    def add(self, moment: str) -> None:
        if moment:
            self.first, self.last = min(self.first or moment, moment), max(self.last, moment)


class Target(NamedTuple):
    """What is called: a resource with its subresource, or a path that is none. `acts_as` where another is impersonated."""

    verb: str
    group: str
    resource: str
    namespace: str
    path: str
    acts_as: tuple[str, str] | None = None


class Calls(Span):
    """Calls of one target. `names` are the objects' names, None where they are many or a call names none."""

    __slots__ = ("count", "names", "refused")

    def __init__(self) -> None:
        super().__init__()
        self.count = self.refused = 0
        self.names: set[str] | None = set()

    def call(self, request: Request) -> None:
        self.count += 1
        self.refused += request.is_refused
        self.add(request.time)
        if self.names is not None:
            self.names.add(request.name)
            if not request.name or len(self.names) > _MOST_NAMES:
                self.names = None


@dataclass(slots=True)
class Caller:
    """Pods of one family, or what calls without a pod's name, by the legacy token Secret that it holds ("": none)."""

    calls: dict[Target, Calls] = field(default_factory=dict)
    agents: set[str] = field(default_factory=set)
    pod: str = ""
    stale: int = 0


@dataclass(slots=True)
class Account:
    """`callers` by (family of pods, Secret); `received` are requests whose end the log does not show."""

    callers: dict[tuple[str, str], Caller] = field(default_factory=dict)
    received: int = 0


class Tally:
    """`watches_running`: what runs is of interest, too, for silence is to say something."""

    def __init__(self, *, watches_running: bool = True) -> None:
        self.watches_running = watches_running
        self.accounts: dict[tuple[str, str], Account] = {}
        self.period = Span()
        self.stretches: dict[str, list[tuple[int, int]]] = {}
        """By server: the stretches of time without an hour in which nothing is logged."""
        self.running: dict[tuple[str, str, str], Span] = {}
        """By (namespace, "pods" or "serviceaccounts", family or account): when it was seen to run."""
        self.shapes: set[str] = set()
        self.lines = self.events = self.broken = 0
        self.unread: list[tuple[str, int, str]] = []
        self.doubted: set[tuple[str, str]] = set()
        """Accounts that unreadable lines name, or reviews of their tokens; ("", "") stands for lines that do not say whose they are."""
        self.reads = self.outside = 0
        """Events, and reads among them, of accounts outside kube-system."""
        self._minute = "", ""
        self._ids: tuple[set[int], set[int]] = (set(), set())

    # ------------------------------------------------------------ what the readers report

    def seen(self, moment: str, server: str = "") -> None:
        """An event was logged then."""
        moment = moments.short(moment)
        if (server, moment[:16]) == self._minute:  # most events come in the same minute as the one before
            self.period.add(moment)
            return
        at = moments.seconds(moment)
        if at is None:
            return
        self._minute = server, moment[:16]
        self.period.add(moment)
        stretches = self.stretches.setdefault(server, [])
        if stretches and stretches[-1][0] <= at <= stretches[-1][1] + moments.HOUR:
            stretches[-1] = stretches[-1][0], max(at, stretches[-1][1])
            return
        self.stretches[server] = _joined([*stretches, (at, at)])

    def runs(self, namespace: str, resource: str, name: str, moment: str) -> None:
        """A pod was seen to run, or one with the account's token."""
        if not self.watches_running:
            return
        key, moment = (namespace, resource, family(name) if resource == "pods" else name), moments.short(moment)
        if key in self.running:
            self.running[key].add(moment)
        elif len(self.running) < _MOST_RUNS:
            self.running[key] = Span(moment)

    def unreadable(self, path: str, line: int, content: bytes, reason: str, *, may_hide: bool = True) -> None:
        """A line that cannot be read. `may_hide`: if it does not tell whose it is, it may be any account's."""
        self.broken += 1
        if len(self.unread) < _MOST_KEPT:
            self.unread.append((path, line, reason))
        users = {user.decode("utf-8", "replace") for user in _USER.findall(content)}
        accounts = {found for user in users if (found := _account(user))}
        self.doubted |= accounts or ({("", "")} if may_hide and not users else set())

    def add(self, request: Request, server: str = "") -> None:
        """An event of anybody's."""
        self.seen(request.time, server)
        self.shapes.add(request.shape)
        if request.code < 400:
            self._see_running(request)
        if request.about and (reviewed := _account(request.about)):
            self.doubted.add(reviewed)  # its token is used for a login elsewhere: that is no call, but no silence either
        account = _account(request.user)
        if account is None or self._is_known(request):
            return
        if account[0] == SYSTEM and not request.pod and request.agent.startswith("kube-controller-manager/"):
            return  # R-E18: the controllers have accounts, and run in no pod that mounts a token
        self._call(account, request)

    # ------------------------------------------------------------ what they come to

    def _see_running(self, request: Request) -> None:
        resource, _, subresource = request.resource.partition("/")
        if not request.namespace or not request.name or request.group:
            return
        if resource == "pods" or (subresource == "token" and resource == "serviceaccounts" and request.user.startswith("system:node:")):
            self.runs(request.namespace, resource, request.name, request.time)

    def _is_known(self, request: Request) -> bool:
        """Whether the request was counted already: each may be logged at several stages, and overlapping files hold it
        twice. The last 20,000 are remembered at least."""
        if not request.id or request.stage not in FINISHED:
            return False
        newer, older = self._ids
        id_ = hash(request.id)
        if id_ in newer or id_ in older:
            return True
        if len(newer) >= _IDS:
            self._ids = newer, older = set(), newer
        newer.add(id_)
        return False

    def _call(self, key: tuple[str, str], request: Request) -> None:
        account = self.accounts.get(key) or self.accounts.setdefault(key, Account())
        namespace = key[0]
        if request.stage not in FINISHED:
            account.received += 1
            return
        self.events += 1
        if namespace != SYSTEM:
            self.outside += 1
            self.reads += request.verb in READS
        pods = family(request.pod) if request.pod else ""
        if (pods, request.secret) not in account.callers and len(account.callers) >= _MOST_PODS:
            pods = ""
        which = pods, request.secret if len(account.callers) < 2 * _MOST_PODS else ""
        caller = account.callers.get(which) or account.callers.setdefault(which, Caller())
        if request.pod and request.pod != caller.pod:
            caller.pod = request.pod
            self.runs(namespace, "pods", request.pod, request.time)
        if len(caller.agents) < _MOST_AGENTS:
            caller.agents.add(request.agent.partition(" ")[0][:80])
        caller.stale += request.is_stale
        path = "" if request.resource else request.path
        target = Target(request.verb, request.group, request.resource, request.namespace, path, request.impersonates)
        if target not in caller.calls and len(caller.calls) >= _MOST_CALLS:
            target = Target(LEFT_OVER, "", "", "", "")
        (caller.calls.get(target) or caller.calls.setdefault(target, Calls())).call(request)

    def gaps(self) -> Iterator[tuple[str, int, int]]:
        """Server, and from when to when it logged nothing for more than an hour."""
        for server, stretches in sorted(self.stretches.items()):
            for before, after in pairwise(stretches):
                yield server, before[1], after[0]


@lru_cache(1 << 12)
def _account(user: str) -> tuple[str, str] | None:
    """Namespace and name of a service account; None for another user."""
    found = _ACCOUNT.fullmatch(user)
    return (found[1], found[2]) if found else None


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that are no more than an hour apart as one; the last one added stays last only if it is the latest."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if result and start <= result[-1][1] + moments.HOUR:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result
