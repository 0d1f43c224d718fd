"""What the rules must let pass: all that the manifests say after the migration.

An entry names the account, not the workload: a pod's labels and its owner are whatever the one who makes it writes, and after the
migration the account is the workload's own. So nothing that the manifests declare is refused, and nothing else is let in by its name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from samigrate.base.wording import clean
from samigrate.domain.model import DEFAULT_ACCOUNT, TOKEN_SECRET_TYPE, Level, Problem, Resource, Strength
from samigrate.domain.outcome import WorkloadReport
from samigrate.domain.tokens import Token, TokenSecret, held
from samigrate.enforce import Lists
from samigrate.enforce.rules import GENERATED, RULES
from samigrate.pipeline import Run

MOST = 1_000_000
"""Bytes of a rule's list. An object in the cluster may have 1 MiB: https://kubernetes.io/docs/concepts/configuration/configmap/"""
_LONGEST, _MANY = 160, 3
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_KEY = 253
"""The longest key that a ConfigMap takes."""
_ORDER = list(Strength)


class Exempt(NamedTuple):
    """An entry that a workload needs on a rule's list, and what of it makes that so."""

    rule: str
    namespace: str | None
    account: str
    report: WorkloadReport
    reason: str


class Needs(NamedTuple):
    """The lists; what stands on them though it is better without (`remaining`: lines for people); and the workloads that
    belong on one, but whose namespace or account is not known here."""

    lists: Lists
    remaining: tuple[str, ...]
    problems: tuple[Problem, ...]


def needs(reports: Iterable[WorkloadReport], runs: Sequence[Run]) -> Needs:
    """The lists for the workloads of some runs as they are after the migration."""
    secrets = _token_secrets(runs)
    declared = frozenset(audience for run in runs for audience in run.root.settings.api_audience)
    entries: dict[str, dict[str, list[str]]] = {rule: defaultdict(list) for rule in RULES}
    entries["token-secret"] |= {f"secret.{space}.{name}": [f"a token of the account {owner}"] for (space, name), owner in secrets.items()}
    remaining, problems = [], []
    for exempt in (exempt for report in reports for exempt in _exempt(report, secrets.keys(), declared)):
        if key := _key(exempt):
            entries[exempt.rule].setdefault(key, []).append(exempt.reason)
            if exempt.rule != "token" or exempt.report.verdict.level in (Level.UNKNOWN, Level.NONE):
                remaining.append(f"{exempt.rule}: {exempt.namespace}/{exempt.account}: {exempt.reason}")
        else:
            problems.append(_unknown(exempt))
    lists = {rule: {key: _joined(reasons) for key, reasons in sorted(found.items())} for rule, found in entries.items()}
    return Needs(lists, tuple(dict.fromkeys(remaining)), tuple(dict.fromkeys(problems)))


def size(lists: Lists) -> int:
    """Bytes of the longest list."""
    return max(sum(len(f"{key}{reason}".encode()) for key, reason in entries.items()) for entries in lists.values())


def _exempt(report: WorkloadReport, secrets: Collection[tuple[str | None, str]], declared: Collection[str]) -> Iterator[Exempt]:
    """What the workload needs, in each place where a build puts it."""
    places = [(built.namespace, built.account_after) for built in report.builds] or [(report.namespace, report.account_after)]
    for namespace, account in dict.fromkeys(places):
        if account == DEFAULT_ACCOUNT:
            yield Exempt("default-account", namespace, account, report, f"{_name(report)} runs as it")
        tokens = _held(report, namespace, secrets, declared)
        if any(token.audience is None and token.how in ("injected", "projected") for token in tokens):
            yield Exempt("token", namespace, account, report, f"{_name(report)} ({report.verdict.level.value}): {_why(report)}")
        if legacy := sorted({token.name for token in tokens if token.how in ("legacy", "env")}):
            yield Exempt("token-secret", namespace, account, report, f"{_name(report)} takes one by {', '.join(map(clean, legacy))}")


def _held(
    report: WorkloadReport, namespace: str | None, secrets: Collection[tuple[str | None, str]], declared: Collection[str]
) -> list[Token]:
    def owner(secret: str) -> TokenSecret | None:
        is_token = (namespace, secret) in secrets or re.fullmatch(GENERATED, secret)
        return TokenSecret("", "certain") if is_token else None

    return held(report.spec_after, report.effective, owner, declared)


def _key(exempt: Exempt) -> str | None:
    """The entry's key; None where the names are not there yet, or are none."""
    namespace, account = exempt.namespace, exempt.account
    if not (namespace and _NAMESPACE.fullmatch(namespace) and _NAME.fullmatch(account)):
        return None
    if exempt.rule == "default-account":
        return namespace
    key = f"{'account.' if exempt.rule == 'token-secret' else ''}{namespace}.{account}"
    return key if len(key) <= _KEY else None


def _unknown(exempt: Exempt) -> Problem:
    report = exempt.report
    if exempt.namespace is None:
        message = "its namespace is not stated: name it by --namespace, or by namespaces: in samigrate.yaml"
    else:
        message = f"{exempt.namespace}/{exempt.account or '?'} is no name of an account yet: fill it in first, or take it out of PATH"
    return Problem(
        report.workload.resource.at.path, report.line, f"{_name(report)} must be on the list of the rule {exempt.rule}, and {message}"
    )


def _name(report: WorkloadReport) -> str:
    component = f" [{report.workload.component}]" if report.workload.component else ""
    return clean(f"{report.workload.id.kind} {report.workload.id.name}{component}")


def _why(report: WorkloadReport) -> str:
    telling = sorted(report.verdict.evidence, key=lambda sign: _ORDER.index(sign.strength))
    if report.verdict.level is Level.NONE or not telling:
        return "nothing declares a use of the API, and its manifest keeps the token"
    detail = clean(telling[0].detail)
    return detail if len(detail) <= _LONGEST else detail[: _LONGEST - 1] + "…"


def _joined(reasons: Sequence[str]) -> str:
    once = sorted(set(reasons))
    return "; ".join(once[:_MANY]) + (f"; and {len(once) - _MANY} more" if len(once) > _MANY else "")


def _token_secrets(runs: Sequence[Run]) -> dict[tuple[str | None, str], str]:
    """The token Secrets of the input by namespace and name, as they are written and as a build calls them, with their accounts."""
    found: dict[tuple[str | None, str], str] = {}
    for run in runs:
        written = [resource for manifest in run.found.manifests for resource in manifest.resources if _is_token(resource)]
        found |= {(secret.id.namespace, secret.id.name): _owner(secret) for secret in written}
        scopes = {id(view.scope): view for work in run.works for view in work.views}
        for view in scopes.values():
            for secret in filter(_is_token, view.everywhere("", "Secret")):
                made = view.scope.overlay.made(secret) if view.scope.overlay else None
                found[view.scope.namespace(secret), made.names[-1][1] if made else secret.id.name] = _owner(secret)
    return {
        (namespace, name): owner
        for (namespace, name), owner in found.items()
        if namespace and _NAMESPACE.fullmatch(namespace) and _NAME.fullmatch(name)
    }


def _is_token(secret: Resource) -> bool:
    return secret.id.kind == "Secret" and secret.value.get("type") == TOKEN_SECRET_TYPE


def _owner(secret: Resource) -> str:
    owner = secret.annotations.get("kubernetes.io/service-account.name")
    return clean(owner) if isinstance(owner, str) else "?"
