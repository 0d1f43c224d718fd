"""What a pull request says: enough for a team to merge it without asking what happened."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from samigrate import transforms
from samigrate.base.markdown import arrow, block, bullets, code, details, table
from samigrate.base.wording import USES_API, clean, count, listed
from samigrate.domain.model import DEFAULT_ACCOUNT, Risk
from samigrate.domain.outcome import Applied, Built
from samigrate.review.plan_file.planfile import Entry, Left
from samigrate.review.pull_request import graph

LIMIT = 60_000
"""Forges refuse bodies over 65,536 characters."""
ROWS = 60
"""How many workloads go into one table or one folded part: pieces are what a body is split at."""
MOST_FILES = 40
_ROLLOUT: Mapping[str, str] = {
    "Deployment": "replaced one by one, as their strategy says",
    "StatefulSet": "restarted one by one, in order",
    "DaemonSet": "replaced on every node, one by one",
    "CronJob": "as they are; the next run is the first that changes",
    "Job": "as they are: a Job is immutable, so delete it and apply it again",
    "Pod": "as they are: a Pod is immutable, so delete it and apply it again",
    "ReplicaSet": "as they are until something deletes them",
    "ReplicationController": "as they are until something deletes them",
}
_CONTROLLER = "replaced as their controller sees fit"
_PODS = "custom-columns=POD:.metadata.name,ACCOUNT:.spec.serviceAccountName,TOKEN:.spec.automountServiceAccountToken"


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry and what became of it: accounts and tokens before and after (of an object without pods "" and 0), and
    what kustomize builds make of it."""

    entry: Entry
    kind: str
    account: tuple[str, str]
    tokens: tuple[int, int]
    applied: tuple[Applied, ...]
    builds: tuple[Built, ...] = ()

    @property
    def is_moved(self) -> bool:
        return self.account[0] != self.account[1]

    @property
    def before(self) -> list[tuple[str, str]]:
        """(namespace, account) of every account that its pods run as now, as the cluster knows it."""
        if not self.builds:
            return [(self.entry.namespace or "NAMESPACE", self.account[0])]
        return [(placement.namespace or "NAMESPACE", placement.account_before or "ACCOUNT") for placement in self.builds]

    @property
    def after(self) -> list[tuple[str, str]]:
        """The same after the change."""
        if not self.builds:
            return [(self.entry.namespace or "NAMESPACE", self.account[1])]
        return [(placement.namespace or "NAMESPACE", placement.account_after or "ACCOUNT") for placement in self.builds]


@dataclass(frozen=True, slots=True)
class Request:
    """What a pull request is for: the `keys` it was grouped by (`by` is "" where it was not), its number where a group
    has several, and the command that made it."""

    keys: Sequence[str]
    by: str
    part: str
    command: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`comments` hold what did not go into the body, to be posted in order."""

    branch: str
    title: str
    body: str
    comments: tuple[str, ...]
    labels: tuple[str, ...]


def describe(branch: str, request: Request, changed: Sequence[Changed], left: Sequence[Left]) -> PullRequest:
    """The pull request for what changed."""
    first, *siblings = _packed([f"<!-- samigrate:{branch} -->\n", *_sections(changed, left, request.command)])
    comments = tuple(f"<!-- samigrate:{branch}:{number} -->\n{text}" for number, text in enumerate(siblings, 2))
    return PullRequest(branch, clean(_title(request, changed)), first, comments, _labels(request, changed))


def _packed(sections: Sequence[str]) -> list[str]:
    """The sections as few texts, none over the limit."""
    texts = [""]
    for section in sections:
        if texts[-1] and len(texts[-1]) + len(section) + 1 > LIMIT:
            texts.append("")
        texts[-1] += section + "\n"
    return texts


def _title(request: Request, changed: Sequence[Changed]) -> str:
    moves, fewer = _moves(changed), sum(one.tokens[1] < one.tokens[0] for one in changed)
    messages = [f"give {count(moves.own, 'workload')} accounts of {'their' if moves.own != 1 else 'its'} own"] if moves.own else []
    messages += [f"take unused API tokens from {count(fewer, 'workload')}"] if fewer else []
    messages += [title.format(workloads=count(number, "workload")) for (title, _), number in _parts(changed).items()]
    messages += [f"return {count(moves.back, 'workload')} to the default account"] if moves.back else []
    does = listed(messages) or f"harden the API credentials of {count(len(changed), 'object')}"
    prefix = f"{request.by} {', '.join(request.keys[:2])}{' and others' if len(request.keys) > 2 else ''}: " if request.by else ""
    title = f"{prefix}{does}{f' ({request.part})' if request.part else ''}"
    return title[:1].upper() + title[1:]


def _parts(changed: Sequence[Changed]) -> Mapping[tuple[str, str], int]:
    """What the transforms want said, as a title and as a sentence, and of how many workloads."""
    group = [{transforms.part(step.transform, step.part)[1:] for step in one.applied} for one in changed]
    return {said: sum(said in one for one in group) for said in sorted(set().union(*group)) if any(said)}


class _Moves(NamedTuple):
    """How many workloads leave for another account than `default`, and how many for `default`."""

    own: int
    back: int


def _moves(changed: Sequence[Changed]) -> _Moves:
    after = [one.account[1] for one in changed if one.is_moved]
    return _Moves(sum(account != DEFAULT_ACCOUNT for account in after), after.count(DEFAULT_ACCOUNT))


def _labels(request: Request, changed: Sequence[Changed]) -> tuple[str, ...]:
    risk = max((one.entry.risk for one in changed), default=Risk.L0)
    grouped = [clean(f"{request.by}:{key}")[:50] for key in request.keys] if request.by in ("namespace", "folder") else []
    return "samigrate", f"risk:{risk}", *grouped


# ---------------------------------------------------------------- the body


def _sections(changed: Sequence[Changed], left: Sequence[Left], command: str) -> Iterator[str]:
    yield _why(changed)
    yield from _tables(changed)
    if drawn := graph.draw([graph.Move(one.entry, one.account, one.tokens, len(one.builds) > 1) for one in changed if one.entry.pod]):
        yield "### Before and after\n\n" + block(drawn, "mermaid")
    yield _blast_radius(changed)
    yield from _charts([one.entry for one in changed if one.entry.edits])
    yield from _left_alone(left)
    yield from _verify(changed)
    if any(one.entry.pod or one.entry.edits for one in changed):
        yield _roll_back(changed)
    yield _suppress(command)
    yield from _evidence(changed)


def _pieces(changed: Sequence[Changed]) -> Iterator[Sequence[Changed]]:
    yield from (changed[start : start + ROWS] for start in range(0, len(changed), ROWS))


def _why(changed: Sequence[Changed]) -> str:
    before, after = sum(one.tokens[0] for one in changed), sum(one.tokens[1] for one in changed)
    moves = _moves(changed)
    messages = [
        "Kubernetes mounts a token for its API into every container unless a manifest says otherwise, and pods that name no account "
        "share one, so that a hole in any of them is a hole in all."
    ]
    if moves.own:
        supplied = "of its own, with the rights it had" if moves.own == 1 else "each, with the rights they had"
        messages.append(f"This gives {count(moves.own, 'workload')} an account {supplied}.")
    for (_, reason), number in _parts(changed).items():
        messages.append(reason.format(workloads=count(number, "workload"), get="gets" if number == 1 else "get"))
    if moves.back:
        messages.append(f"This takes back an earlier change: {count(moves.back, 'workload')} again on the default account.")
    if after < before:
        messages.append("It takes the token from what declares no use of the API:")
    elif after == before:
        messages.append("No token is taken away or added:")
    else:
        messages.append("Tokens that were taken away come back:")
    messages.append(f"{count(before, 'token')} could be read before, {after} can be after.")
    files = {applied.operation.target.path for one in changed if not one.entry.edits for applied in one.applied}
    files |= {path for one in changed for path in one.entry.edits}
    return " ".join([*messages, f"Nothing else in the {count(len(files), 'file')} changes, not a comment and not a space."]) + "\n"


def _tables(changed: Sequence[Changed]) -> Iterator[str]:
    head = ("Workload", "File", "Account", "Tokens", "Uses the API", "Risk")
    for number, changed_entries in enumerate(_pieces(changed)):
        yield ("### What changes\n\n" if not number else "") + table(head, [_row(one) for one in changed_entries])


def _row(changed: Changed) -> list[str]:
    entry, has_pods = changed.entry, bool(changed.entry.pod)
    return [
        code(entry.at.object),
        code(f"{entry.at.file}:{entry.line}"),
        arrow(code(changed.account[0]), code(changed.account[1])) if has_pods else "",
        arrow(str(changed.tokens[0]), str(changed.tokens[1])) if has_pods or entry.edits else "",
        USES_API[entry.verdict] if has_pods else "",
        str(entry.risk),
    ]


def _blast_radius(changed: Sequence[Changed]) -> str:
    kinds: dict[str, int] = defaultdict(int)
    for candidate in changed:
        if candidate.entry.pod and any(applied.operation.pointer.startswith(candidate.entry.pod) for applied in candidate.applied):
            kinds[candidate.kind] += 1
    lines = [f"{count(number, kind)}: pods are {_ROLLOUT.get(kind, _CONTROLLER)}." for kind, number in sorted(kinds.items())]
    steps = [applied.operation for one in changed for applied in one.applied]
    if result := sum(not operation.pointer and operation.op == "add" for operation in steps):
        lines.append(f"{count(result, 'ServiceAccount')} created, each beside the workload that uses it and applied before it.")
    if gone := sum(not operation.pointer and operation.op == "remove" for operation in steps):
        lines.append(f"{count(gone, 'object')} removed.")
    if granted := {
        step.on.object for one in changed for step in one.entry.steps if step.pointer.startswith("/subjects") and step.op == "add"
    }:
        lines.append(f"A subject is added to {', '.join(code(name) for name in sorted(granted))}.")
    if kinds:
        lines.append("Until they are replaced, running pods keep the account and the token they started with.")
    reasons: dict[str, list[str]] = defaultdict(list)
    for candidate in changed:
        for risk in candidate.entry.risks:
            reasons[risk].append(candidate.entry.at.object)
    worst = sorted(reasons.items(), key=lambda item: item[0], reverse=True)
    lines += [f"Risk {code(risk)}: {_some(names)}" for risk, names in worst if risk >= "L3"]
    return "### Blast radius\n\n" + bullets(lines)


def _some(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(code(name) for name in unique[:5]) + (f" and {len(unique) - 5} more" if len(unique) > 5 else "")


def _charts(entries: Sequence[Entry]) -> Iterator[str]:
    """What proves the edits of charts, and what is left to do about them."""
    if not entries:
        return
    lines = []
    for entry in entries:
        raised = f" Its {entry.bump} version is raised." if entry.bump not in ("", "none") else ""
        lines.append(f"{code(entry.at.object)}: {clean('. '.join(entry.notes))}.{raised}")
    message = "Helm has rendered each chart before and after its edit: the manifests differ by the planned lines, and by nothing else."
    yield f"### Charts\n\n{message} Pods change with the next release of the chart.\n\n" + bullets(lines)


def _left_alone(left: Sequence[Left]) -> Iterator[str]:
    for start in range(0, len(left), ROWS):
        lines = [f"{code(str(one.at))}: {code(one.reason)}" for one in left[start : start + ROWS]]
        summary = f"Left as {'they are' if len(left) > 1 else 'it is'}, and why: {count(len(left), 'workload')}"
        yield ("### What stays as it is\n\n" if not start else "") + details(summary + (" (continued)" if start else ""), bullets(lines))


def _verify(changed: Sequence[Changed]) -> Iterator[str]:
    """Commands, for copying."""
    before = dict.fromkeys(who for one in changed if one.entry.pod for who in one.before)
    after = dict.fromkeys(who for one in changed if one.entry.pod for who in one.after)
    if not after:
        return
    message = "what the accounts of today may do: whoever uses any of it without a sign in the manifests must keep its account"
    yield f"### How to verify\n\nBefore merging, {message}.\n\n" + block(map(_can_i, before))
    pods = [f"kubectl get pods -n {space} -o {_PODS}" for space in dict.fromkeys(_word(space) for space, _ in after)]
    yield "After the rollout, what each account may do, which account and which token each pod has, and whether any was refused:\n"
    for start in range(0, len(after), ROWS):
        yield block(map(_can_i, list(after)[start : start + ROWS]))
    yield block([*pods, "kubectl get events -A --field-selector reason=FailedCreate"])


def _can_i(who: tuple[str, str]) -> str:
    space, account = who
    return f"kubectl auth can-i --list --as={_word(f'system:serviceaccount:{space}:{account}')} -n {_word(space)}"


def _word(text: str) -> str:
    """A word for a shell."""
    return shlex.quote(clean(text))


def _roll_back(changed: Sequence[Changed]) -> str:
    if not any(one.is_moved for one in changed):
        return (
            "### How to roll back\n\nNo account changes here, so `git revert` brings the manifests back as they were, "
            "and the live objects with them.\n"
        )
    files = sorted({_word(one.entry.at.file) for one in changed})
    command = " ".join(["samigrate migrate --write --recipe rollback", *files[:MOST_FILES], *(["…"] if len(files) > MOST_FILES else [])])
    return (
        "### How to roll back\n\n"
        "**Not by `git revert`.** A manifest that no longer names an account does not take the name away from the live object: the API "
        "server keeps a copy in the deprecated field `serviceAccount`, and restores it. At the same time the revert removes the "
        "ServiceAccount, GitOps prunes it, and new pods are refused. Roll forward instead: write what was there before in so many "
        "words, and keep the account until no revision names it.\n\n"
        + block([command])
        + "\nThe annotations `previous-service-account` and `previous-automount` hold what was there (`unset`: leave the field out). "
        "Token volumes are not brought back by it: revert their part of the change.\n"
    )


def _suppress(command: str) -> str:
    return (
        "### How to keep a workload out\n\n"
        'Delete its entry from the plan, or give the entry `skip: "why"`; to keep it out for good, annotate it with '
        '`samigrate.dev/ignore: "all: why"`, or declare what it does with `samigrate.dev/api-access: required` (or `none`). '
        "Then make the plan and this pull request again:\n\n" + block([command])
    )


def _evidence(changed: Sequence[Changed]) -> Iterator[str]:
    for number, changed_entries in enumerate(_pieces(changed)):
        inside = "\n".join(_chain(one) for one in changed_entries)
        summary = f"Evidence for {count(len(changed_entries), 'verdict')}" + (" (continued)" if number else "")
        yield details(summary, inside)


def _chain(changed: Changed) -> str:
    entry = changed.entry
    signs = [code(sign) for sign in entry.evidence] or (["no sign of any use of the API"] if entry.pod or entry.edits else [])
    notes = [f"note: {code(note)}" for note in entry.notes]
    verdict = f"{entry.verdict}. " if entry.pod else ""
    return f"**{code(entry.at.object)}** in {code(entry.at.file)}: {verdict}{code(entry.reason)}\n\n" + bullets([*signs, *notes])
