"""What of a text can matter, told without parsing it: by a document's kind, and by a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from samigrate import yamltext

MARKERS = (
    "system:serviceaccount:",
    "/sa/",
    ".serviceaccount.identity.",
    "svc.id.goog[",
    "k8s:sa:",
    "policy.serviceaccount",
    "serviceAccount",
    "ServiceAccount",
    "service_account_name",
    "service-account",
)
"""Words without which a text names no account."""
ALWAYS = frozenset(
    {
        *("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Namespace", "Service", "APIService"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "Kustomization", "Component", "Template"),
        *("HelmRelease", "HelmChart", "Application", "ApplicationSet", "AppProject", "Config", "Recipe", "Plan"),
    }
)
"""Kinds that matter whatever they say, besides those that hold pod specs."""
_SETTINGS = (
    "WATCH_NAMESPACE",
    "OPERATOR_NAME",
    "LEADER_ELECTION",
    "RUNNER_EXECUTOR",
    "AIRFLOW__",
    "DAGSTER_",
    "DD_",
    "HZ_NETWORK",
    "ORLEANS_",
)
SCRIPTS = (".sh", ".bash", ".py", ".rb", ".pl", ".js", ".mjs", ".cjs", ".ts", ".php", ".lua", ".groovy", ".ex", ".exs")
"""How the names of scripts end."""
_PROGRAMS = ("#!", *(f"{suffix}:" for suffix in SCRIPTS), "kopf")
_TOKENS = ("SA_TOKEN", "authn-", "bearer_token_file", "current-context")
CLUES: Mapping[str, tuple[str, ...]] = {
    "ConfigMap": (
        *("kube", "Kube", "KUBE", "k8s", "K8s", "K8S", "containers", "enableInTreeAutoscaling"),
        *("ServiceAccount", "serviceaccount", "service-account"),
        *(*_TOKENS, *_SETTINGS, *_PROGRAMS),
    ),
    "Secret": ("stringData", "service-account", "serviceaccount"),
    "PersistentVolumeClaim": ("ReadWriteOnce",),
    "CSIDriver": ("tokenRequests",),
    "ResourceQuota": ("count/serviceaccounts",),
    "ValidatingAdmissionPolicyBinding": ("validationActions",),
}
"""Kinds that matter only where their text holds one of these words."""
HEADS = frozenset({"CustomResourceDefinition"})
"""Kinds of which only the head matters, unless they name a webhook: whose they are says who serves it."""
_CALLERS = ("clientConfig", "APIService", "consul.hashicorp.com")
"""What may call a Service on behalf of the API server, or go by Services: without any, no Service matters."""
_UNTOLD = ("", "!", "&", "*", "|", ">")
"""What a kind begins with that its line does not tell: it stands below, or behind a tag, an anchor or an alias."""
_SETTINGS_SIZE = 8192
"""The most characters of a ConfigMap that holds plain settings; a larger one holds files."""
_POD = re.compile(r"(?:^|[{,])[ \t-]*[\"']?containers[\"']?[ \t]*:", re.MULTILINE)
_DATA = re.compile(r"^(?:data|binaryData):.*(?:\n(?:[ \t#].*|\r(?=\n))?)*", re.MULTILINE)
_INLINE = re.compile(r"^(?:---[ \t]+[^#\s]|[ \t]+[\"']?kind[\"']?[ \t]*:|\?)", re.MULTILINE)


def has_callers(content: str) -> bool:
    """Whether a text may hold something that calls a Service on behalf of the API server, or a mesh that goes by Services."""
    return any(word in content for word in _CALLERS)


def relevant(content: str, chunk: yamltext.Chunk, kinds: frozenset[str], *, is_flow: bool, has_callers: bool) -> str | None:
    """The part of a document that can matter to a decision: mostly all or "" ; None where it holds no content."""
    fragment = content[chunk.start : chunk.end]
    if is_flow:
        return fragment if "kind" in fragment else ""
    kind = yamltext.peek(content, chunk.start, chunk.end, "kind")
    if kind is None:
        if not fragment.strip("-. \r\n\t"):
            return None
        return fragment if _is_inline(content, chunk.start, chunk.end) else ""
    if kind == "Service" and not has_callers:
        return fragment if "serving.knative.dev" in fragment or holds(fragment, MARKED) else ""
    if kind in kinds or kind in ALWAYS or kind.endswith("List") or kind[:1] in _UNTOLD:
        return fragment
    if kind in CLUES and holds(fragment, _CLUES[kind]):
        return fragment
    if kind == "ConfigMap" and len(fragment) < _SETTINGS_SIZE and "|" not in fragment and ">" not in fragment:
        return fragment  # plain settings, which may be filled in elsewhere
    if kind == "ConfigMap":  # that it is here, and says nothing, decides on some images
        return _DATA.sub(lambda match: "\n" * match[0].count("\n"), fragment)
    if kind in CLUES:
        return ""
    if kind in HEADS and "clientConfig" not in fragment:
        return fragment[: fragment.find("\nspec:") + 1]
    return fragment if holds(fragment, MARKED) or ("containers" in fragment and _POD.search(fragment)) else ""


_Sieve = tuple[tuple[str, tuple[str, ...]], ...]
_SHARED = ("viceAccount", "serviceaccount", "_", "[", "K", "#")
"""What several of the words have in common, or a character that is rare in plain text and quick to look for. Every
document that cannot matter is asked for all of them: one test for many."""


def _sieve(words: Iterable[str]) -> _Sieve:
    """The words by what they share; a word that shares nothing stands for itself."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(next((shared for shared in _SHARED if shared in word), word), []).append(word)
    return tuple((shared, tuple(group)) for shared, group in groups.items())


MARKED, _CLUES = _sieve(MARKERS), {kind: _sieve(words) for kind, words in CLUES.items()}


def holds(fragment: str, sieve: _Sieve) -> bool:
    for shared, words in sieve:
        if shared in fragment:
            for word in words:
                if word in fragment:
                    return True
    return False


def _is_inline(content: str, start: int, end: int) -> bool:
    """`--- {kind: Pod}` and indented roots: the rare documents that `peek` cannot speak of."""
    return _INLINE.search(content, start, min(end, start + 4096)) is not None
