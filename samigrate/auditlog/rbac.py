"""The least roles that observed calls need, beside what is granted today: YAML for people to read, not to apply unread.

What was refused is no part of a role: whether it is wanted is for people to say. What every account may do by the roles
that each cluster has (`system:discovery`, `system:basic-user`, `system:service-account-issuer-discovery`;
k8s.io/kubernetes `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`) is left out.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from samigrate.auditlog.pods import is_generated
from samigrate.auditlog.rights import Granted, Need, covers, granted, unused
from samigrate.auditlog.tally import LEFT_OVER
from samigrate.base.wording import clean
from samigrate.domain.strength import Call
from samigrate.settings.evidence_files import Item

_DISCOVERY = re.compile(
    r"/(?:api|apis|openapi)(?:/.*)?|/(?:healthz|livez|readyz)(?:/.*)?|/version/?|/\.well-known/openid-configuration/?|/openid/v1/jwks/?"
)
_OWN_REVIEWS = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
}
_UNNAMED = ("create", "deletecollection")
"""Verbs that a resource name cannot restrict."""
_MOST_NAMES = 5
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9./-]*")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
Rules = list[Mapping[str, Any]]


class _Calls(NamedTuple):
    account: tuple[str, str]
    calls: list[Call]


def suggest(items: Iterable[Item], objects: Sequence[Mapping[str, Any]] | None) -> Iterator[str]:
    """The lines of the file. `objects` are manifests of what is granted today, None where none were given."""
    today = granted(objects or ())
    calls: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for item in items:
        subject = dict(item.subject)
        calls[subject.get("namespace", ""), subject.get("account", "")] += item.calls
    yield "# What each account has called, as the least roles that allow it. Read it before you apply it: what a log does not\n"
    yield "# show (a rare call, a verb that the audit policy leaves out) is not here.\n"
    for account, made in sorted(calls.items()):
        yield from _of_account(_Calls(account, made), today.get(account, []) if objects is not None else None)
    for account in sorted(set(today) - set(calls)):
        yield f"---\n# {_name(account)}: no call seen\n"
        yield from (f"# granted, not used: all of {clean(str(grant))}\n" for grant in today[account])


def _of_account(of: _Calls, today: list[Granted] | None) -> Iterator[str]:
    allowed, refused = _needs(call for call in of.calls if call.refused < call.times), [call for call in of.calls if call.refused]
    yield f"---\n# {_name(of.account)}\n"
    if any(call.verb == LEFT_OVER for call in of.calls):
        yield "# It made more kinds of calls than are kept: the roles below are too small.\n"
    yield from (f"# refused: {clean(str(call))}\n" for call in refused)
    if today is not None:
        yield from (f"# {line}\n" for line in _difference(allowed, today))
    documents = list(_documents(of.account, allowed))
    if not documents:
        yield "# Nothing that was allowed needs a role.\n"
    for document in documents:
        yield from _yaml(document)


def _difference(needs: Sequence[Need], today: Sequence[Granted]) -> Iterator[str]:
    """The rights of today against those that calls need."""
    known = [grant for grant in today if grant.rules is not None]
    for grant in today:
        if grant.rules is None:
            yield f"granted by {clean(str(grant))}: its rules are not among the manifests"
        yield from (f"granted, not used: {clean(what)} ({clean(str(grant))})" for what in unused(grant, needs))
    for need in needs:
        if not any(covers(grant, need) for grant in known):
            yield f"used, granted by nothing among the manifests: {clean(str(need))}"


def _needs(calls: Iterable[Call]) -> list[Need]:
    """The rights that calls need, each once; a watch needs the list that it begins with."""
    names: dict[Need, set[str] | None] = {}
    for call in calls:
        if call.verb == LEFT_OVER or _is_everybodys(call):
            continue
        may_name = call.verb not in _UNNAMED and call.names and not any(is_generated(name) for name in call.names)
        for verb in (call.verb, "list") if call.verb == "watch" else (call.verb,):
            need = Need(call.namespace, verb, call.group, call.resource, call.path)
            before = names.setdefault(need, set())
            names[need] = before | set(call.names) if may_name and before is not None else None
    result = []
    for need, which in names.items():
        result.append(need._replace(names=tuple(sorted(which)) if which and len(which) <= _MOST_NAMES else ()))
    return sorted(result)


def _is_everybodys(call: Call) -> bool:
    if call.resource:
        return call.verb == "create" and (call.group, call.resource) in _OWN_REVIEWS
    return not call.path or (call.verb in ("get", "head") and _DISCOVERY.fullmatch(call.path) is not None)


def _documents(account: tuple[str, str], needs: Sequence[Need]) -> Iterator[dict[str, Any]]:
    """A role and its binding for each namespace, and for what is not within one."""
    by_namespace: dict[str, list[Need]] = defaultdict(list)
    for need in needs:
        by_namespace[need.namespace].append(need)
    for namespace, within in sorted(by_namespace.items()):
        name = f"{account[1]}-observed" if namespace == account[0] else f"{account[0]}-{account[1]}-observed"
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        kind = "Role" if namespace else "ClusterRole"
        head = {"apiVersion": "rbac.authorization.k8s.io/v1"}
        yield {**head, "kind": kind, "metadata": metadata, "rules": _rules(within)}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        subject = {"kind": "ServiceAccount", "name": account[1], "namespace": account[0]}
        yield {**head, "kind": f"{kind}Binding", "metadata": metadata, "roleRef": reference, "subjects": [subject]}


def _rules(needs: Sequence[Need]) -> Rules:
    """Rules for rights: verbs of a resource together, and resources of a group that share their verbs."""
    verbs: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for need in needs:
        verbs[need.group, need.resource, need.path, need.names].append(need.verb)
    resources: dict[tuple[str, tuple[str, ...], tuple[str, ...], bool], list[str]] = defaultdict(list)
    for (group, resource, path, names), asked in verbs.items():
        resources[group, names, tuple(sorted(asked)), not resource].append(resource or path)
    rules: Rules = []
    for (group, names, asked_verbs, is_path), which in resources.items():
        if is_path:
            rules.append({"nonResourceURLs": sorted(which), "verbs": list(asked_verbs)})
        else:
            named = {"resourceNames": list(names)} if names else {}
            rules.append({"apiGroups": [group], "resources": sorted(which), **named, "verbs": list(asked_verbs)})
    return rules


def _name(account: tuple[str, str]) -> str:
    return clean("/".join(account))


def _yaml(document: Mapping[str, Any]) -> Iterator[str]:
    yield "---\n"
    for key, value in document.items():
        if isinstance(value, dict):
            yield f"{key}:\n"
            yield from (f"  {inner}: {_scalar(one)}\n" for inner, one in value.items())
        elif isinstance(value, list):
            yield f"{key}:\n"
            for entry in value:
                for number, (inner, one) in enumerate(entry.items()):
                    shown = f"[{', '.join(_scalar(part) for part in one)}]" if isinstance(one, list) else _scalar(one)
                    yield f"{'  - ' if number == 0 else '    '}{inner}: {shown}\n"
        else:
            yield f"{key}: {_scalar(value)}\n"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text)
