"""The nouns: what a manifest holds, what is decided about it, and what is to change.

Frozen values only. Nothing here reads files, prints, or knows a transform. Manifests are plain values
(dict, list, str, int, float, bool, None) as Kubernetes' own parser reads them (domain rules R-A22 to R-A25).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from samigrate.base.values import Value, mapping, resolve, sequence, text
from samigrate.domain.strength import AGAINST as AGAINST
from samigrate.domain.strength import Call
from samigrate.domain.strength import Strength as Strength

DEFAULT_PREFIX = "samigrate.dev"
ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD = "serviceAccountName", "serviceAccount", "automountServiceAccountToken"
DEFAULT_ACCOUNT = DEFAULT_NAMESPACE = "default"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
INJECTED_VOLUME = "kube-api-access-"
TOKEN_SECRET_TYPE = "kubernetes.io/service-account-token"
CONTAINER_LISTS = ("initContainers", "containers")
CLUSTER_SCOPED = frozenset(
    {
        *("Namespace", "Project", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "APIService"),
        *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "MutatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "PriorityClass"),
        *("StorageClass", "SecurityContextConstraints", "FlowSchema", "ClusterPolicy"),
    }
)
"""Kinds whose objects are in no namespace."""


# ---------------------------------------------------------------- where things stand


class Location(NamedTuple):
    """Where an object stands. (path, document, item) is its identity; `line` is 1-based; `column`, too, 0 where only the
    line is known."""

    path: str
    document: int = 0
    item: str = ""
    line: int = 1
    column: int = 0


Key = tuple[str, int, str]
"""An object's identity within a run: its path, document and item."""
NOWHERE = Location("")
GENERATED = -1
"""The document of an object that no manifest holds: its Location leads to what it is made of."""


_OPENSHIFT = {"DeploymentConfig": "apps.openshift.io", "Template": "template.openshift.io"}
"""The groups of kinds that OpenShift took as `v1`, too, before it had groups."""


class ResourceId(NamedTuple):
    """Who an object is; `namespace` is None where the manifest does not state one."""

    group: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, eq=False)
class Resource:
    """One object of a manifest: its plain value and where it stands. `silenced`: scanners that a comment in it tells to
    pass over its token, each with the comment's line."""

    at: Location
    value: dict[str, Value]
    silenced: tuple[tuple[str, int], ...] = ()

    @cached_property
    def id(self) -> ResourceId:
        api, kind = text(self.value, "apiVersion") or "", text(self.value, "kind") or ""
        return ResourceId(
            api.split("/")[0] if "/" in api else _OPENSHIFT.get(kind, "") if api == "v1" else "",
            kind,
            text(self.value, "metadata", "namespace"),
            text(self.value, "metadata", "name") or (text(self.value, "metadata", "generateName") or "").rstrip("-"),
        )

    @property
    def annotations(self) -> dict[str, Value]:
        return mapping(self.value, "metadata", "annotations")

    @property
    def labels(self) -> dict[str, Value]:
        return mapping(self.value, "metadata", "labels")

    @property
    def key(self) -> tuple[str, int, str]:
        """Identity within a run."""
        return self.at.path, self.at.document, self.at.item


class Unread(NamedTuple):
    """A stretch of the input that could not be read, and why. `text` is what can be told of it, None for nothing."""

    at: Location
    text: str | None
    reason: str


# ---------------------------------------------------------------- workloads


class Automount(enum.StrEnum):
    """What a kind's schema accepts at `automountServiceAccountToken` beside its pod spec."""

    BOOL = "bool"
    FALSE_ONLY = "false-only"  # Knative: R-C5
    STRING = "string"  # k6: R-A23
    NONE = "none"


class KindRule(NamedTuple):
    """Where one kind keeps its pod specs, and what may be done to them (kinds/*.yaml, domain section C).

    `pods` are paths such as `spec.template.spec`; `[]` steps into each list item, `{}` into each value of a map.
    `report_only` holds the reason for which the kind is only reported (R-C5 to R-C10), "" otherwise.
    """

    group: str
    kind: str
    pods: tuple[str, ...]
    automount: Automount = Automount.BOOL
    report_only: str = ""
    api: str = ""  # why the kind's own design needs the API, "" otherwise
    never_false: str = ""  # why automount must not become false (R-C7), "" otherwise
    one_shot: str = ""  # needs-recreate | needs-restart | "": what it takes for a change to reach the pods (G.2)
    risk: str = "L0"  # the least risk of any pod-spec change on this kind
    annotate: bool = True  # False where annotations are propagated or restart things (R-F5)
    rule: str = "C.1"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod spec; `pointer` is relative to the pod spec."""

    name: str
    list: str
    index: int
    value: dict[str, Value]

    @property
    def pointer(self) -> str:
        return f"/{self.list}/{self.index}"


@dataclass(frozen=True)
class PodSpec:
    """A pod spec as a plain value, read by the rules of domain section A."""

    value: dict[str, Value]

    @cached_property
    def stated_account(self) -> str | None:
        """serviceAccountName, else the deprecated alias, else None (R-A1)."""
        return text(self.value, "serviceAccountName") or text(self.value, "serviceAccount")

    @cached_property
    def account(self) -> str:
        return self.stated_account or DEFAULT_ACCOUNT

    @property
    def automount(self) -> bool | None:
        """The pod's own value; None where unset or invalid (R-A22, R-A23)."""
        value = self.value.get(AUTOMOUNT_FIELD)
        return value if isinstance(value, bool) else None

    @property
    def has_invalid_automount(self) -> bool:
        return not isinstance(self.value.get(AUTOMOUNT_FIELD), (bool, type(None)))

    def containers(self, *, ephemeral: bool = False) -> Iterator[Container]:
        return (one for one in self._containers if ephemeral or one.list in CONTAINER_LISTS)

    @cached_property
    def _containers(self) -> tuple[Container, ...]:
        named = [(key, *one) for key in (*CONTAINER_LISTS, "ephemeralContainers") for one in enumerate(sequence(self.value, key))]
        return tuple(Container(text(one, "name") or f"{key}[{at}]", key, at, one) for key, at, one in named if isinstance(one, dict))

    def volumes(self) -> Iterator[tuple[int, dict[str, Value]]]:
        return iter(self._volumes)

    @cached_property
    def _volumes(self) -> tuple[tuple[int, dict[str, Value]], ...]:
        return tuple((index, item) for index, item in enumerate(sequence(self.value, "volumes")) if isinstance(item, dict))


@dataclass(frozen=True, eq=False)
class Workload:
    """One pod template of one object. `pod` points to the pod spec inside the object, `template` to what holds
    the pod's metadata (None where the pod spec has none of its own). `component` names the template where the
    object has several (R-F9)."""

    resource: Resource
    rule: KindRule
    pod: str
    template: str | None
    component: str = ""

    @property
    def id(self) -> ResourceId:
        return self.resource.id

    @property
    def key(self) -> tuple[str, int, str, str]:
        return *self.resource.key, self.pod

    @cached_property
    def spec(self) -> PodSpec:
        found = resolve(self.resource.value, self.pod)
        return PodSpec(found if isinstance(found, dict) else {})

    @cached_property
    def metadata(self) -> dict[str, Value]:
        """The pod's own metadata (labels and annotations of its template)."""
        if self.template is None:
            return {}
        return mapping(resolve(self.resource.value, self.template), "metadata")


# ---------------------------------------------------------------- evidence and verdicts


class Sign(enum.IntEnum):
    """What kind of sign of API use a piece of evidence is, the most telling first. Weak signs add up where they are of
    different kinds."""

    OTHER = 0  # anything else: it counts as a sign of its own kind by its source
    BINDING = 1  # a binding of the pod's own account
    EXPLICIT_AUTOMOUNT = 2  # `automountServiceAccountToken: true` on the pod
    MOUNTED_TOKEN = 3  # a volume or a variable with a token
    TOKEN_PATH = 4  # the token's path in what the containers run or read
    API_SERVICE = 5  # it serves an APIService
    DELEGATION = 6  # it may ask the API who its callers are
    ARGUMENT = 7  # a command or an argument
    VARIABLE = 8  # an environment variable
    MOUNTED_CONFIG = 9  # configuration that it mounts or imports
    IMAGE = 10  # a known image
    SIDECAR = 11  # an injected sidecar that works with the pod's token
    WEBHOOK = 12  # it serves a webhook
    OPEN_ACCOUNT = 13  # an account that says `automountServiceAccountToken: true`
    UNSEEN_ACCOUNT = 14  # an account that is not in the input
    POD_VARIABLE = 15  # a variable that tells the pod its own name or place
    NAME = 16  # a name that controllers bear
    NODE = 17  # a part of a node, or of the cluster itself
    GROUP_BINDING = 18  # a binding of every account of the namespace or the cluster


class Evidence(NamedTuple):
    """One piece of evidence. `source` is the evidence module's id,
    `container` the container it speaks of (None: the whole pod), `at` the object and `pointer` the place in it; `calls` and
    `caller` are what a log shows."""

    source: str
    sign: Sign
    strength: Strength
    detail: str
    at: Location
    pointer: str = ""
    container: str | None = None
    calls: tuple[Call, ...] = ()
    caller: str = ""


class Level(enum.StrEnum):
    """R-E1: does the workload use the API?"""

    REQUIRED = "required"
    LIKELY = "likely"
    UNKNOWN = "unknown"
    NONE = "none"


class Verdict(NamedTuple):
    level: Level
    evidence: tuple[Evidence, ...]


# ---------------------------------------------------------------- changes


class Risk(enum.IntEnum):
    """How much may go wrong (docs/risk.md). L0: the same meaning in other words. L1: a token that is known not to be needed
    goes. L2: an account of its own, or a token that nothing declares a use of goes. L3: others are touched, or the rollout
    is rough. L4: something outside the cluster's own rules names the account. L5: never done by itself."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4
    L5 = 5

    def __str__(self) -> str:
        return self.name


class Operation(NamedTuple):
    """One RFC 6902 operation on one object, with its reason.

    `pointer` is relative to the object at `target`. `after` names sibling keys: a new key is written after the
    first of them that is there. Where `value` is a number with a spelling to keep (0440), it is a `yamltext.Number`.
    """

    target: Location
    op: str  # add | remove | replace
    pointer: str
    value: Value = None
    before: Value = None
    after: tuple[str, ...] = ()
    reason: str = ""


class NewResource(NamedTuple):
    """`add resource`: an object to be written into the file of, and before, the object at `beside`; or into `file`."""

    value: dict[str, Value]
    beside: Location
    reason: str = ""
    file: str = ""


class About(enum.Enum):
    """What a part of a change is about: which account the pods run as, with the account's objects and rights; the value of
    the automount field; what is said of the other changes."""

    ACCOUNT = enum.auto()
    AUTOMOUNT = enum.auto()
    COMMENTARY = enum.auto()
    OTHER = enum.auto()


class Proposal(NamedTuple):
    """One part of one workload's change: applied whole or not at all. `part` is its name: one word, which the transform
    knows, and where there may be several what tells them apart; `risks` say why it has its level."""

    part: str
    operations: tuple[Operation, ...] = ()
    resources: tuple[NewResource, ...] = ()
    risks: tuple[tuple[Risk, str], ...] = ()


class Severity(enum.StrEnum):
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """Something to be said to people. `id` is stable; `rule` is the domain rule; `action` is the way out. `concerns` are
    the workloads it is about where they are several, or stand elsewhere; `group` is the same for those of an id and a
    message that are to be told as one."""

    id: str
    rule: str
    severity: Severity
    message: str
    action: str = ""
    at: Location = NOWHERE
    pointer: str = ""
    resource: ResourceId | None = None
    concerns: tuple[Resource, ...] = ()
    group: Location = NOWHERE

    def is_about(self, workload: Workload) -> bool:
        """Whether it is on the workload, or concerns it though it stands elsewhere."""
        return self.resource == workload.id or any(resource.key == workload.resource.key for resource in self.concerns)


class Skip(NamedTuple):
    """A file or document that is left alone, and why. `line` is 1-based."""

    path: str
    line: int
    reason: str


class Problem(NamedTuple):
    """Input that could not be read (exit 2) or, with `ours`, a proof that failed (exit 3)."""

    path: str
    line: int
    message: str
    ours: bool = False
