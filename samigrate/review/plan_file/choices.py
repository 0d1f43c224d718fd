"""What a person has chosen otherwise for one workload: another account, or the token it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from samigrate import transforms
from samigrate.base.values import Value, sequence, text
from samigrate.domain.model import AUTOMOUNT_FIELD, About, Finding, Key, Operation, Proposal, Resource
from samigrate.facts.state import State, Work
from samigrate.prove import checks
from samigrate.review.plan_file.planfile import KEEP, NEW, Entry, Step
from samigrate.scope.matching import Match

Part = tuple[str, Proposal]
"""A transform, and what it proposes."""


class CannotChooseError(ValueError):
    """What was chosen cannot be had; the message says why."""


def is_changed(entry: Entry) -> bool:
    return names_another(entry) or entry.account == KEEP or entry.automount not in ("", entry.planned_automount)


def names_another(entry: Entry) -> bool:
    return entry.account not in ("", KEEP, entry.planned_account)


def chosen(entry: Entry) -> tuple[Step, ...]:
    """The entry's steps as chosen. Where that is not as planned, what is said on the workload has yet to be found."""
    if not is_changed(entry):
        return entry.steps
    steps = [step for step in entry.steps if step.about is not About.COMMENTARY]
    if entry.account == KEEP:
        was_so = entry.planned_automount == str(entry.was_mounted).lower()
        steps = [step for step in steps if step.about is not About.ACCOUNT and not (step.about is About.AUTOMOUNT and was_so)]
    elif names_another(entry):
        steps = [_with_account(step, entry) for step in steps if step.about is not About.ACCOUNT or step.op != NEW]
    return tuple(_keep_automount(entry, steps) if entry.automount == KEEP else steps)


def _with_account(step: Step, entry: Entry) -> Step:
    return replace(step, value=_renamed(step.value, entry.planned_account, entry.account)) if step.about is About.ACCOUNT else step


def _renamed(value: Value, old: str, new: str) -> Value:
    """An account's name, or subjects with one."""
    if isinstance(value, dict):
        return {**value, "name": new} if text(value, "name") == old else value
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return new if value == old else value


def _keep_automount(entry: Entry, steps: Sequence[Step]) -> Iterator[Step]:
    """Without the change; beside a new account with the value that keeps what the old one gave."""
    needs_value = entry.was[1] == "unset" and any(step.about is About.ACCOUNT for step in steps)
    for step in steps:
        if step.about is not About.AUTOMOUNT:
            yield step
        elif needs_value and step.pointer == f"{entry.pod}/{AUTOMOUNT_FIELD}":
            yield replace(step, value=entry.was_mounted, reason="what it had before its account changed")


# ---------------------------------------------------------------- on the objects as they are


def settle(
    entry: Entry, work: Work, parts: Sequence[Part], recipe: Mapping[str, Mapping[str, Value]], resources: Mapping[Key, Resource]
) -> list[Part]:
    """The parts as chosen, with what is to be said on the workload. Raises CannotChooseError."""
    if names_another(entry):
        _require_account(entry, work, parts)
        parts = [(transform, _without_granted(proposal, entry.account, resources)) for transform, proposal in parts]
    if not any(proposal.operations for _, proposal in parts):
        return []
    state = State()
    for transform, proposal in parts:
        state.accept(work, transform, proposal, resources)
    level = work.verdict.level
    if wrong := checks.tokens_hold(level, work.tokens, state.tokens(work), may_lose=work.is_unused):
        raise CannotChooseError(wrong)
    stated = dict.fromkeys(step.transform for step in entry.steps if step.about is About.COMMENTARY and not step.unless)
    return [*parts, *((id_, proposal) for id_ in stated for proposal in _annotations(id_, work, state, recipe))]


def _require_account(entry: Entry, work: Work, parts: Sequence[Part]) -> None:
    if not any(visible.match is Match.SAME for view in work.views for visible in view.account(entry.account)):
        raise CannotChooseError(f"there is no ServiceAccount {entry.account} where the workload is applied")
    allowed = {f"{work.workload.pod}/{key}" for key in ("serviceAccountName", "serviceAccount")}
    location = work.workload.resource.at
    own = {
        operation.pointer
        for id_, proposal in parts
        if transforms.about(id_, proposal.part) is About.ACCOUNT
        for operation in proposal.operations
        if operation.target == location
    }
    if not own <= allowed:
        raise CannotChooseError(f"the token in its volumes is that of {entry.planned_account}; choose that or `{KEEP}`")


def _without_granted(proposal: Proposal, name: str, resources: Mapping[Key, Resource]) -> Proposal:
    return proposal._replace(
        operations=tuple(operation for operation in proposal.operations if not _is_granted(operation, name, resources))
    )


def _is_granted(operation: Operation, name: str, resources: Mapping[Key, Resource]) -> bool:
    """Whether a binding names the account already."""
    if operation.pointer != "/subjects/-":
        return False
    location = operation.target
    return any(
        text(one, "kind") == "ServiceAccount" and text(one, "name") == name and text(one, "namespace") == text(operation.value, "namespace")
        for one in sequence(resources[location.path, location.document, location.item].value, "subjects")
    )


def _annotations(id_: str, work: Work, state: State, recipe: Mapping[str, Mapping[str, Value]]) -> Iterator[Proposal]:
    """What is said on the workload, for what is chosen."""
    for thing in transforms.discover()[id_].propose(work, state, recipe.get(id_, {})):
        if not isinstance(thing, Finding):
            yield thing
