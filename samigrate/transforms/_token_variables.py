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
    for variable in legacy_tokens.variables(work.workload.spec, work.token_owner):
        if not variable.owner.is_sure:
            if variable.key in ("", *TOKEN_KEYS):
                yield possible(work, f"variable {variable.name}" if variable.key else "its environment", variable.secret_name)
        elif variable.key == "namespace":
            yield _replace_variable(work, variable, "fieldRef", {"fieldPath": "metadata.namespace"})
        elif variable.key == "ca.crt":
            yield _replace_variable(work, variable, "configMapKeyRef", {"name": legacy_tokens.ROOT_CA, "key": "ca.crt"})
        elif variable.key in ("token", ""):
            wording = "imports" if not variable.key else "reads a token from"
            container, secret = variable.container.name, variable.secret_name
            message = f"container {container} {wording} the Secret {secret} into its environment, where it cannot be renewed"
            action = "read the token from a file: most programs have an option for its path"
            json_pointer = f"{work.workload.pod}{variable.container.pointer}/{'env' if variable.key else 'envFrom'}/{variable.index}"
            yield work.finding("token-in-env", "R-B2", message, action, Severity.WARNING, json_pointer)


def _replace_variable(work: Work, variable: TokenVariable, kind: str, value: dict[str, Value]) -> Proposal:
    location = work.workload.resource.at
    json_pointer = f"{work.workload.pod}{variable.container.pointer}/env/{variable.index}/valueFrom"
    old = mapping(sequence(variable.container.value, "env")[variable.index], "valueFrom", "secretKeyRef")
    if kind == "configMapKeyRef" and old.get("optional") is True:
        value = {**value, "optional": True}  # as for volumes (R-B19): what could be missing still may
    reason = f"the same value without the Secret {variable.secret_name}"
    operations = (
        Operation(location, "add", json_pointer + pointer(kind), value, None, ("secretKeyRef",), reason),
        Operation(location, "remove", f"{json_pointer}/secretKeyRef", None, old, (), reason),
    )
    return Proposal(
        f"env {variable.container.name}/{variable.name}",
        operations,
        (),
        ((Risk.L2, reason), *identity.kind_risks(work.workload)),
    )


def possible(work: Work, description: str, secret: str) -> Finding:
    """That something may come from a token Secret which the input does not hold."""
    message = f"{description} may hold a legacy token (Secret {secret})"
    action = "none needed if it holds something else; if it is one, add the Secret's manifest to the input"
    return work.finding("possible-token-secret", "R-B7", message, action)
