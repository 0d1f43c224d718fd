"""Environment variables that come from a legacy token Secret."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.base.values import Value, mapping, pointer, sequence
from samigrate.domain import legacy_tokens
from samigrate.domain.legacy_tokens import TokenVariable
from samigrate.domain.model import Finding, Operation, Proposal, Risk, Severity
from samigrate.domain.tokens import TOKEN_KEYS
from samigrate.facts import identity
from samigrate.facts.state import Work


def variables(work: Work) -> Iterator[Proposal | Finding]:
    """A proposal for each variable that has another source, a finding on each that has none."""
    for found in legacy_tokens.variables(work.workload.spec, work.token_owner):
        if not found.owner.is_sure:
            if found.key in ("", *TOKEN_KEYS):
                yield possible(work, f"variable {found.name}" if found.key else "its environment", found.secret_name)
        elif found.key == "namespace":
            yield _replace_variable(work, found, "fieldRef", {"fieldPath": "metadata.namespace"})
        elif found.key == "ca.crt":
            yield _replace_variable(work, found, "configMapKeyRef", {"name": legacy_tokens.ROOT_CA, "key": "ca.crt"})
        elif found.key in ("token", ""):
            how = "imports" if not found.key else "reads a token from"
            message = (
                f"container {found.container.name} {how} the Secret {found.secret_name} into its environment, where it cannot be renewed"
            )
            action = "read the token from a file: most programs have an option for its path"
            where = f"{work.workload.pod}{found.container.pointer}/{'env' if found.key else 'envFrom'}/{found.index}"
            yield work.finding("token-in-env", "R-B2", message, action, Severity.WARNING, where)


def _replace_variable(work: Work, found: TokenVariable, kind: str, value: dict[str, Value]) -> Proposal:
    place = work.workload.resource.at
    where = f"{work.workload.pod}{found.container.pointer}/env/{found.index}/valueFrom"
    old = mapping(sequence(found.container.value, "env")[found.index], "valueFrom", "secretKeyRef")
    if kind == "configMapKeyRef" and old.get("optional") is True:
        value = {**value, "optional": True}  # as for volumes (R-B19): what could be missing still may
    reason = f"the same value without the Secret {found.secret_name}"
    operations = (
        Operation(place, "add", where + pointer(kind), value, None, ("secretKeyRef",), reason),
        Operation(place, "remove", f"{where}/secretKeyRef", None, old, (), reason),
    )
    return Proposal(f"env {found.container.name}/{found.name}", operations, (), ((Risk.L2, reason), *identity.kind_risks(work.workload)))


def possible(work: Work, what: str, secret: str) -> Finding:
    """That something may come from a token Secret which the input does not hold."""
    message = f"{what} may hold a legacy token (Secret {secret})"
    action = "none needed if it holds something else; if it is one, add the Secret's manifest to the input"
    return work.finding("possible-token-secret", "R-B7", message, action)
