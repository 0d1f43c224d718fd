"""Manifests that must be left alone for what they are, whatever their kind: patches, dumps, asserts, static Pods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from samigrate.base.values import Value, at, mapping, parts, pointer, sequence, text
from samigrate.domain import running
from samigrate.domain.model import ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD, INJECTED_VOLUME, KindRule, Resource, Workload

_HISTORY = frozenset(("ControllerRevision", "Endpoints", "Event", "CustomResourceDefinition"))
_RBAC = "rbac.authorization.k8s.io"
_PLAIN = frozenset(
    {
        *(("", kind) for kind in ("ServiceAccount", "Service", "ConfigMap", "Secret", "Namespace")),
        *((_RBAC, kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
    }
)
"""Kinds whose own schema has no place for a pod spec."""
_DEPTH = 40
_LISTS = ("containers", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets")
_CONTAINER_LISTS = ("env", "envFrom", "volumeMounts")
_ACCOUNT_FIELDS = frozenset((ACCOUNT_FIELD, ALIAS_FIELD, AUTOMOUNT_FIELD))
_TRIGGERED = re.compile(r"@\.name==\\?['\"]([-\w.]+)")
"""Which container an image trigger of OpenShift is for, in its annotation."""
_ASSERT = re.compile(
    r"(?:^|/)(?:chainsaw-test\.ya?ml|kyverno-test\.ya?ml|[^/]*-(?:assert|errors)\.ya?ml|(?:assert|errors)\.ya?ml|[^/]*\.out\.ya?ml)$"
    r"|(?:^|/)(?:expected|golden)/"
    r"|(?:^|/)(?:expected[^/]*|[^/]*[-_.]expected|[^/]*\.golden|output-[^/]*|patchedResources?[^/]*)\.(?:ya?ml|json)$"
)
"""How files are called that hold what a test expects to come out."""
_STATIC = re.compile(r"(?:^|/)etc/kubernetes/manifests/")
_STATIC_FOLDER = "/etc/kubernetes/static-pod-resources"
"""Where OpenShift keeps the files of static Pods."""
_CLOUD_RUN = "run.googleapis.com/"


def looks_like_pod(value: Value) -> bool:
    """Whether a value has the shape of a pod spec: a list `containers` of mappings with name and image (R-C4)."""
    containers = sequence(value, "containers")
    return bool(containers) and all(text(item, "name") and text(item, "image") for item in containers)


def find_pod_specs(resource: Resource) -> Iterator[str]:
    """Pointers to what looks like a pod spec in an object of a kind that no rule describes (R-C4)."""
    if resource.id.kind in _HISTORY or resource.id[:2] in _PLAIN:
        return
    stack: list[tuple[str, Value, int]] = [("", resource.value, 0)]
    while stack:
        json_pointer, value, depth = stack.pop()
        if isinstance(value, dict):
            if looks_like_pod(value):
                yield json_pointer
                continue
            inside = [(key, item) for key, item in value.items() if depth or key != "status"]
        elif isinstance(value, list):
            inside = list(enumerate(value))
        else:
            continue
        if depth < _DEPTH:
            stack += [(json_pointer + pointer(key), item, depth + 1) for key, item in reversed(inside) if isinstance(item, (dict, list))]


def states_account(resource: Resource) -> bool:
    """Whether an object that holds no pod spec states an account or an automount value somewhere."""
    stack: list[tuple[Value, int]] = [(resource.value, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, dict) and not _ACCOUNT_FIELDS.isdisjoint(value):
            return True
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if depth < _DEPTH:
            stack += [(item, depth + 1) for item in inside if isinstance(item, (dict, list))]
    return False


def untouchable(resource: Resource, workload: Workload, path: str) -> str | None:
    """Why the workload must be left as it is (R-A14, R-C10, R-J6), None where nothing says so."""
    return (
        _owned(resource)
        or _static(resource, workload, path)
        or _cloud_run(resource, workload)
        or _assert(path)
        or malformed(resource, workload)
        or _patch(resource, workload)
        or _dump(resource, workload)
    )


def misplaced(resource: Resource, rule: KindRule) -> str | None:
    """What stands where the kind keeps a pod spec, or above it, and is no mapping; None where nothing is amiss."""
    for path in rule.pods:
        steps, value = path.split("."), resource.value
        for count, step in enumerate(steps, 1):
            value = at(value, step.rstrip("[]{}"))
            if value is None or step.endswith(("[]", "{}")):
                break
            if not isinstance(value, dict):
                return f"{'.'.join(steps[:count])} is {shape_of(value)}, not a mapping"
    return None


def malformed(resource: Resource, workload: Workload) -> str | None:
    """A value of another type than the schema's, in what decisions rest on or edits go to: nothing follows from it."""
    metadata, spec = mapping(resource.value, "metadata"), workload.spec.value
    wrong = [key for key in ("annotations", "labels") if not isinstance(metadata.get(key), (dict, type(None)))]
    wrong += [key for key in ("serviceAccountName", "serviceAccount") if not isinstance(spec.get(key), (str, type(None)))]
    if wrong:
        return f"{wrong[0]} is {shape_of(metadata.get(wrong[0], spec.get(wrong[0])))}, which the API server refuses"
    containers = workload.spec.containers(ephemeral=True)
    holders = [("", spec, _LISTS), *((f"container {container.name}: ", container.value, _CONTAINER_LISTS) for container in containers)]
    for json_pointer, holder, keys in holders:
        for key in keys:
            value = holder.get(key)
            if value is None:
                continue
            if not isinstance(value, list):
                return f"{json_pointer}{key} is {shape_of(value)}, not a list"
            for item in value:
                if not isinstance(item, dict):
                    return f"{json_pointer}an item of {key} is {shape_of(item)}, not a mapping"
    return None


def shape_of(value: Value) -> str:
    """The type of a value in words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    words = ((dict, "a mapping"), (list, "a list"), (str, "text"))
    return next((word for shape, word in words if isinstance(value, shape)), "a number")


def runs(resource: Resource) -> bool:
    """Whether the object is a dump of one that a cluster holds, and that may have pods: an old ReplicaSet has none, and
    others tell of a new one's; nor has a Pod that has ended."""
    if resource.id[:2] == ("", "Pod"):
        return running.is_running(resource.value)
    return running.is_live(resource.value) and resource.id.kind not in ("ReplicaSet", "ReplicationController", "Revision")


def _owned(resource: Resource) -> str | None:
    owner = next((item for item in sequence(resource.value, "metadata", "ownerReferences") if isinstance(item, dict)), None)
    if owner is not None:
        kind, name = text(owner, "kind") or "another object", text(owner, "name") or ""
        above = running.deployment(name) if kind == "ReplicaSet" else None
        through = f" (through ReplicaSet {name})" if above else ""
        return f"generated by {f'Deployment {above}' if above else f'{kind} {name}'.rstrip()}{through}: edit that one"
    if text(resource.labels, "serving.knative.dev/configuration") and resource.id.group == "serving.knative.dev":
        return f"generated by Knative Configuration {resource.labels['serving.knative.dev/configuration']}: edit its Service"
    if resource.id[:2] == ("kueue.x-k8s.io", "Workload"):
        return "generated by Kueue: edit the object it queues"
    return None


def _static(resource: Resource, workload: Workload, path: str) -> str | None:
    annotations = resource.annotations
    if "kubernetes.io/config.mirror" in annotations or annotations.get("kubernetes.io/config.source") == "file":
        return "a mirror of a static Pod: the API server refuses account fields there"
    if resource.id[:2] != ("", "Pod"):
        return None
    if _STATIC.search(path.replace("\\", "/")):
        return "a static Pod: account fields do not belong there"
    spec = workload.spec.value
    if resource.id.namespace == "kube-system" and spec.get("hostNetwork") is True:
        return "a static Pod of the control plane: account fields do not belong there"
    if spec.get("hostNetwork") is True and text(spec, "priorityClassName") == "system-node-critical":
        return "a static Pod by its shape (the host's network, critical for its node): account fields do not belong there"
    if any((text(volume, "hostPath", "path") or "").startswith(_STATIC_FOLDER) for _, volume in workload.spec.volumes()):
        return f"a static Pod by its shape (it mounts {_STATIC_FOLDER}): account fields do not belong there"
    if any("{{" in (text(container.value, "image") or "") for container in workload.spec.containers()):
        return "a template of a Pod, which may be a static one: account fields may not belong there"
    return None


def _cloud_run(resource: Resource, workload: Workload) -> str | None:
    """Google's Cloud Run takes Knative's kinds; no cluster runs them. Source: https://cloud.google.com/run/docs/reference/yaml/v1"""
    if resource.id.group != "serving.knative.dev":
        return None
    annotations = {*resource.annotations, *mapping(workload.metadata, "annotations")}
    if any(key.startswith(_CLOUD_RUN) for key in annotations) or "@" in (workload.spec.stated_account or ""):
        return "a Cloud Run service: it runs in no cluster, and its account is Google's"
    return None


def _assert(path: str) -> str | None:
    return "a test's expectation, not a manifest to apply" if _ASSERT.search(path.replace("\\", "/")) else None


def _patch(resource: Resource, workload: Workload) -> str | None:
    if any("$patch" in value or "$retainKeys" in value for value in _on_the_way(resource, workload)):
        return "a patch, not a whole object: it bears a patch directive"
    if workload.rule.report_only:
        return None  # overrides that an operator completes are whole by their own lights
    spec = workload.spec.value
    containers = sequence(spec, "containers")
    if not containers:
        return "a partial patch: its pod spec has no containers"
    for item in (*containers, *sequence(spec, "initContainers")):
        if not isinstance(item, dict) or "$patch" in item:
            return "a patch, not a whole object: a container bears a patch directive"
        if "image" not in item and text(item, "name") not in _filled_by_triggers(resource):
            return f"a partial patch: container {text(item, 'name') or '?'} has no image"
    return None


def _filled_by_triggers(resource: Resource) -> set[str]:
    """The containers whose image OpenShift sets when an image stream changes; their manifests may leave it out.
    Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/images/triggering-updates-on-imagestream-changes
    """
    triggers = (mapping(one, "imageChangeParams") for one in sequence(resource.value, "spec", "triggers"))
    named = {name for fields in triggers for name in sequence(fields, "containerNames") if isinstance(name, str)}
    return named | set(_TRIGGERED.findall(text(resource.annotations, "image.openshift.io/triggers") or ""))


def _on_the_way(resource: Resource, workload: Workload) -> Iterator[dict[str, Value]]:
    value: Value = resource.value
    yield resource.value
    for part in parts(workload.pod):
        value = value.get(part) if isinstance(value, dict) else value[int(part)] if isinstance(value, list) else None
        if isinstance(value, dict):
            yield value


def _dump(resource: Resource, workload: Workload) -> str | None:
    if not resource.value.get("status") or text(resource.value, "metadata", "uid") is None:
        return None
    if any((text(volume, "name") or "").startswith(INJECTED_VOLUME) for _, volume in workload.spec.volumes()):
        return None
    return "a dump of a live object: edit the manifest it came from"
