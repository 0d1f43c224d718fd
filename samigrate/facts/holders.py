"""What still holds on to an account or a Secret: the reasons for which it must stay (R-D21, R-D33)."""

from __future__ import annotations

from collections.abc import Iterator

from samigrate.base.values import Value, resolve, text
from samigrate.domain.model import TOKEN_SECRET_TYPE, PodSpec, Resource
from samigrate.kinds import brought
from samigrate.kinds.shapes import find_pod_specs
from samigrate.scope.identities import is_wildcard
from samigrate.scope.view import View


def of(view: View, account: str) -> Iterator[str]:
    """Everything but RBAC that needs the account of that name in the view's namespace, or may: in doubt it does."""
    for workload in view.users(account):
        yield f"{workload.id} runs as it"
    for identity, _ in view.identities(account):
        if not is_wildcard(identity):
            yield f"{identity.resource.id} names it"
    for visible in view.tokens_of(account):
        if text(visible.resource.value, "type") == TOKEN_SECRET_TYPE:
            yield f"Secret {visible.resource.id.name} holds its token"
    pods = {workload.resource.key for workload in view.neighbours()}
    for resource in view.resources():
        if resource.key not in pods and any(_runs_as(resource, where, account) for where in find_pod_specs(resource)):
            yield f"{resource.id} may run as it"


def _runs_as(resource: Resource, pointer: str, account: str) -> bool:
    result = resolve(resource.value, pointer)
    return isinstance(result, dict) and PodSpec(result).account == account


def unseen(view: View) -> Iterator[Resource]:
    """Objects in the scope that bring others which are not in the input."""
    return (resource for layer in view.scope.near for resource in layer.resources if brought.source(resource))


def names_secret(view: View, secret: Resource) -> bool:
    """Whether anything that was read and may be in the Secret's namespace bears its name. The `secrets` of the account
    whose token it holds do not count: the controller of old wrote the name there, and nothing reads it (R-B5)."""
    return any(resource.key != secret.key and _holds(_but_own_list(resource, secret), secret.id.name) for resource in view.resources())


def _but_own_list(resource: Resource, secret: Resource) -> Value:
    owner = secret.annotations.get("kubernetes.io/service-account.name")
    if resource.id[:2] != ("", "ServiceAccount") or resource.id.name != owner:
        return resource.value
    return {key: value for key, value in resource.value.items() if key != "secrets"}


def _holds(value: Value, name: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(item, name) for item in value.values())
    if isinstance(value, list):
        return any(_holds(item, name) for item in value)
    return isinstance(value, str) and value == name
