"""Sentences that more than one transform may have to say."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.domain.model import Level
from samigrate.domain.tokens import api_tokens
from samigrate.facts.state import State, Work
from samigrate.transforms import Sentence, Topic


def runs_without_token(work: Work, state: State) -> Iterator[Sentence]:
    """That the pods have lost their tokens, and why; nothing where they have not."""
    if api_tokens(state.tokens(work)) or not api_tokens(work.tokens):
        return
    account, level = state.spec(work.workload).account, work.verdict.level
    new_identity = f"as its own account {account} " if account != work.workload.spec.account else ""
    if level in (Level.REQUIRED, Level.LIKELY):  # its account has rights, and none of its containers uses them
        text = f"None of its containers is known to use the Kubernetes API, so it runs {new_identity}without a token."
    else:
        verb = "Is not known to use" if level is Level.UNKNOWN else "Declares no use of"
        text = f"{verb} the Kubernetes API, so it runs {new_identity}without a token."
    yield Sentence(Topic.ACCOUNT, text)
