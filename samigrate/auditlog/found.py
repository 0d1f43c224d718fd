"""A tally as items of an evidence file."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.auditlog.tally import Caller, Calls, Tally, Target
from samigrate.base.wording import count, listed
from samigrate.domain.strength import Call, Strength
from samigrate.settings.evidence_files import Item

COMMAND = "audit-log"
STALE = "it does not read its token anew"
_FEW = 3


def items(tally: Tally) -> Iterator[Item]:
    """One for each account and the pods that called as it."""
    for (namespace, name), account in sorted(tally.accounts.items()):
        for (pods, secret), caller in sorted(account.callers.items()):
            subject = {"account": name, "namespace": namespace} | ({"pods": pods} if pods else {})
            calls = tuple(_call(target, made) for target, made in sorted(caller.calls.items(), key=_order))
            yield Item(
                tuple(sorted(subject.items())),
                Strength.PROOF,
                _why(calls, secret, caller.stale > 0),
                origin=_origin(caller, secret),
                calls=calls,
            )
        if account.received and not account.callers:
            reason = f"{count(account.received, 'request')} to the API, whose end the log does not hold"
            subject = {"account": name, "namespace": namespace}
            calls = (Call("request", "", "", (), "", "", account.received, 0, "", ""),)
            yield Item(tuple(sorted(subject.items())), Strength.WEAK, reason, origin=(("command", COMMAND),), calls=calls)


def _order(entry: tuple[Target, Calls]) -> tuple[str, ...]:
    target = entry[0]
    return target.group, target.resource, target.path, target.namespace, target.verb, str(target.acts_as)


def _call(target: Target, made: Calls) -> Call:
    names = tuple(sorted(made.names)) if made.names is not None else ()
    verb, group, resource = target.verb, target.group, target.resource
    if target.acts_as:
        verb, group, resource, names = "impersonate", "", target.acts_as[0], (target.acts_as[1],)
    namespace = target.namespace if not target.acts_as else ""
    path = target.path if not target.acts_as else ""
    return Call(verb, group, resource, names, namespace, path, made.count, made.refused, made.first, made.last)


def _origin(caller: Caller, secret: str) -> tuple[tuple[str, str], ...]:
    origin = {"command": COMMAND, "agents": ", ".join(sorted(filter(None, caller.agents)))}
    origin |= {"pod": caller.pod} if caller.pod else {}
    origin |= {"legacy-token": secret} if secret else {}
    origin |= {"stale-token": str(caller.stale)} if caller.stale else {}
    return tuple(sorted(origin.items()))


def _why(calls: tuple[Call, ...], secret: str, is_stale: bool) -> str:
    """Without numbers and dates: it becomes an annotation, which should not change with each log."""
    verbs: dict[str, set[str]] = {}
    for call in calls:
        verbs.setdefault(call.resource or call.path or "other paths", set()).add(call.verb)
    fragments = [f"{', '.join(sorted(verbs[resource]))} {resource}" for resource in verbs]
    suffix = f" and {len(fragments) - _FEW} more" if len(fragments) > _FEW else ""
    told = "; ".join(fragments[:_FEW]) + suffix if suffix else listed(fragments)
    holder = f" with the legacy token of Secret {secret}" if secret else ""
    return f"calls the API{holder}: {told}" + (f"; {STALE}" if is_stale else "")
