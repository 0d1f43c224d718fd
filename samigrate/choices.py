"""What a person has chosen otherwise for one workload: another account, or the token it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from samigrate import transforms, verify
from samigrate.index import Match
from samigrate.model import Finding, Level, Operation, Proposal, Resource
from samigrate.planfile import KEEP, Entry
from samigrate.state import Key, State, Work
from samigrate.values import Value, sequence, text

Part = tuple[str, Proposal]
"""A transform, and what it proposes."""
ACCOUNT, ALIAS, AUTOMOUNT = "serviceAccountName", "serviceAccount", "automountServiceAccountToken"


class CannotChooseError(ValueError):
    """What was chosen cannot be had; the message says why."""


def is_changed(entry: Entry) -> bool:
    return entry.account not in ("", entry.planned_account) or entry.automount not in ("", entry.planned_automount)


def settle(
    entry: Entry, work: Work, parts: Sequence[Part], recipe: Mapping[str, Mapping[str, Value]], held: Mapping[Key, Resource]
) -> list[Part]:
    """The workload's parts as chosen. Raises CannotChooseError."""
    chosen = [part for part in parts if part[1].part != "annotations"]
    if entry.account == KEEP:
        chosen = _keep_account(work, chosen)
    elif entry.account not in ("", entry.planned_account):
        chosen = list(_with_account(entry, work, chosen, held))
    if entry.automount == KEEP:
        chosen = list(_keep_automount(work, chosen))
    if not any(proposal.operations for _, proposal in chosen):
        return []
    state = State()
    for transform, proposal in chosen:
        state.accept(work, transform, proposal, held)
    level = work.verdict.level
    may_lose = level is Level.NONE or (level is Level.UNKNOWN and work.settings.unknown == "disable")
    moves = state.spec(work.workload).account != work.workload.spec.account
    spared = verify.without_need(work.verdict, work.tokens) if moves else ()
    if wrong := verify.tokens_hold(level, work.tokens, state.tokens(work), may_lose=may_lose, spared=spared):
        raise CannotChooseError(wrong)
    said = [transform for transform, proposal in parts if proposal.part == "annotations"]
    return chosen + [(id_, proposal) for id_ in said[:1] for proposal in _annotations(id_, work, state, recipe)]


def _annotations(id_: str, work: Work, state: State, recipe: Mapping[str, Mapping[str, Value]]) -> Iterator[Proposal]:
    """What is said on the workload, for what is chosen."""
    for thing in transforms.discover()[id_].propose(work, state, recipe.get(id_, {})):
        if not isinstance(thing, Finding):
            yield thing


# ---------------------------------------------------------------- the account


def _keep_account(work: Work, parts: Sequence[Part]) -> list[Part]:
    """Without the change of account, and without the value that was to be written beside it."""
    return [
        (transform, proposal)
        for transform, proposal in parts
        if proposal.part != "identity" and not (proposal.part == "automount" and _sets_automount(work, proposal) is work.is_mounted)
    ]


def _sets_automount(work: Work, proposal: Proposal) -> Value:
    return next((each.value for each in proposal.operations if each.pointer == f"{work.workload.pod}/{AUTOMOUNT}"), None)


def _with_account(entry: Entry, work: Work, parts: Sequence[Part], held: Mapping[Key, Resource]) -> Iterator[Part]:
    """With an account that exists instead of the planned one; what the planned one was to be granted, it is."""
    name = entry.account
    if not any(seen.match is Match.SAME for view in work.views for seen in view.account(name)):
        raise CannotChooseError(f"there is no ServiceAccount {name} where the workload is applied")
    for transform, proposal in parts:
        if proposal.part != "identity":
            yield transform, proposal
            continue
        own = [each.pointer for each in proposal.operations if each.target == work.workload.resource.at]
        if not set(own) <= {f"{work.workload.pod}/{key}" for key in (ACCOUNT, ALIAS)}:
            raise CannotChooseError(f"the token in its volumes is that of {entry.planned_account}; choose that or `{KEEP}`")
        operations = (_renamed(each, entry.planned_account, name) for each in proposal.operations)
        kept = tuple(each for each in operations if not _is_granted(each, name, held))
        yield transform, replace(proposal, operations=kept, resources=())


def _renamed(operation: Operation, old: str, new: str) -> Operation:
    return replace(operation, value=_with_name(operation.value, old, new))


def _with_name(value: Value, old: str, new: str) -> Value:
    if isinstance(value, dict):
        return {**value, "name": new} if text(value, "name") == old else value
    if isinstance(value, list):
        return [_with_name(item, old, new) for item in value]
    return new if value == old else value


def _is_granted(operation: Operation, name: str, held: Mapping[Key, Resource]) -> bool:
    """Whether a binding names the account already."""
    if operation.pointer != "/subjects/-":
        return False
    place = operation.target
    return any(
        text(one, "kind") == "ServiceAccount" and text(one, "name") == name and text(one, "namespace") == text(operation.value, "namespace")
        for one in sequence(held[place.path, place.document, place.item].value, "subjects")
    )


# ---------------------------------------------------------------- the token


def _keep_automount(work: Work, parts: Sequence[Part]) -> Iterator[Part]:
    """Without the change; beside a new account with the value that keeps what the old one gave."""
    changes_account = any(proposal.part == "identity" for _, proposal in parts)
    for transform, proposal in parts:
        if proposal.part != "automount":
            yield transform, proposal
        elif changes_account and work.workload.spec.automount is None:
            set_ = [each for each in proposal.operations if each.pointer == f"{work.workload.pod}/{AUTOMOUNT}"]
            kept = tuple(replace(each, value=work.is_mounted, reason="what it had before its account changed") for each in set_)
            yield transform, replace(proposal, operations=kept)
