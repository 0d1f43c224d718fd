"""What a pod says in text: what its containers run, their variables, and the configuration they are given."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from samigrate.base.values import Value, mapping, pointer, sequence, text
from samigrate.domain.model import GENERATED, Container, Location, Resource, Workload

if TYPE_CHECKING:
    from samigrate.scope.view import View

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"))
_WRAPPERS = frozenset(("tini", "dumb-init", "catatonit", "env", "exec", "timeout", "gosu", "su-exec", "sudo", "nice", "watch", "nohup"))
_TAKES_SCRIPT = re.compile(r"-[a-z]*c[a-z]*")
_CONFIG_FILE = re.compile(r"conf[\w.-]*[=:]\s*(/[\w./-]+)|(?:^|\s)(/[\w./-]+\.(?:ya?ml|toml|conf|cfg|json|alloy|river))$")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


class Argument(NamedTuple):
    """One element of a command line; `pointer` leads from the object's root. `is_script`: a shell reads it;
    `is_program`: it names what is run."""

    text: str
    pointer: str
    is_script: bool
    is_program: bool

    def tokens(self) -> tuple[str, ...]:
        return _tokens(self.text) if self.is_script else ()


class Variable(NamedTuple):
    """One environment variable; `value` None where the input does not tell, `field` the path of a fieldRef, `entry` the
    ConfigMap and key that a configMapKeyRef names, `secret` the Secret whose key `namespace` it takes."""

    name: str
    value: str | None
    field: str | None
    at: Location
    pointer: str
    entry: tuple[str, str] | None = None
    secret: str = ""


class ContainerTexts(NamedTuple):
    """One container's texts. `line` holds all arguments, one below the other; `lower` the same and `values` all values of
    variables, in lower case."""

    container: Container
    arguments: tuple[Argument, ...]
    variables: tuple[Variable, ...]
    line: str
    lower: str
    values: str

    def argument_at(self, index: int) -> Argument:
        """The argument that an index into `line` lies in."""
        for argument in self.arguments:
            index -= len(argument.text) + 1
            if index < 0:
                return argument
        raise IndexError(f"{index} past the end")


class Import(NamedTuple):
    """A ConfigMap or Secret that the pod mounts or reads into its environment; `keys` None for all of them."""

    kind: str
    name: str
    keys: frozenset[str] | None


_READINGS: WeakKeyDictionary[Workload, tuple[ContainerTexts, ...]] = WeakKeyDictionary()
_IMPORTS: WeakKeyDictionary[Workload, tuple[Import, ...]] = WeakKeyDictionary()


def read(workload: Workload) -> tuple[ContainerTexts, ...]:
    """What each container says by itself, ephemeral ones included."""
    readings = _READINGS.get(workload)
    if readings is None:
        readings = _READINGS[workload] = tuple(_read(workload, container) for container in workload.spec.containers(ephemeral=True))
    return readings


def _read(workload: Workload, container: Container) -> ContainerTexts:
    root = workload.pod + container.pointer
    arguments = tuple(_arguments(container.value, root))
    variables = tuple(_variables(workload, container.value, root))
    line = "\n".join(item.text for item in arguments)
    return ContainerTexts(
        container, arguments, variables, line, line.lower(), "\n".join(item.value for item in variables if item.value).lower()
    )


# ---------------------------------------------------------------- command lines


def _arguments(container: dict[str, Value], root: str) -> Iterator[Argument]:
    command = [(item, f"{root}/command/{index}") for index, item in enumerate(sequence(container, "command"))]
    args = [(item, f"{root}/args/{index}") for index, item in enumerate(sequence(container, "args"))]
    yield from _line([*command, *args])
    for name in _PROBES:
        if name in container:
            yield from _exec(mapping(container, name), f"{root}/{name}")
    for name in _HOOKS if "lifecycle" in container else ():
        yield from _exec(mapping(container, "lifecycle", name), f"{root}/lifecycle/{name}")


def _exec(action: dict[str, Value], root: str) -> Iterator[Argument]:
    yield from _line([(item, f"{root}/exec/command/{index}") for index, item in enumerate(sequence(action, "exec", "command"))])


def _line(elements: list[tuple[Value, str]]) -> Iterator[Argument]:
    has_shell = is_wrapped = takes_script = False
    for index, (item, json_pointer) in enumerate(elements):
        if not isinstance(item, str):
            continue
        program = item.rpartition("/")[2]
        is_program = index == 0 or is_wrapped
        if is_program:
            is_wrapped = program in _WRAPPERS or is_wrapped
        yield Argument(item, json_pointer, (has_shell and takes_script) or "\n" in item.strip(), is_program)
        has_shell = has_shell or program in _SHELLS
        takes_script = _TAKES_SCRIPT.fullmatch(item) is not None


@lru_cache(maxsize=256)
def _tokens(script: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(script))
    except ValueError:
        return tuple(script.split())


# ---------------------------------------------------------------- variables


def _variables(workload: Workload, container: dict[str, Value], root: str) -> Iterator[Variable]:
    for index, item in enumerate(sequence(container, "env")):
        if name := text(item, "name"):
            value = item.get("value", "" if "valueFrom" not in item else None)
            field = text(item, "valueFrom", "fieldRef", "fieldPath")
            holder, key = (text(item, "valueFrom", "configMapKeyRef", part) for part in ("name", "key"))
            entry = (holder, key) if holder and key else None
            entries = mapping(item, "valueFrom", "secretKeyRef")
            secret = text(entries, "name") if text(entries, "key") == "namespace" else None
            yield Variable(name, _plain(value), field, workload.resource.at, f"{root}/env/{index}", entry, secret or "")


def _plain(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def variables(reading: ContainerTexts, view: View) -> tuple[Variable, ...]:
    """A container's variables, with the values and the whole ConfigMaps and Secrets that it imports from the input."""
    result = [_told(item, view) if item.entry or item.secret else item for item in reading.variables]
    for source in sequence(reading.container.value, "envFrom"):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if name := text(source, key, "name"):
                prefix = text(source, "prefix") or ""
                for visible in view.find("", kind, name):
                    result += [item._replace(name=prefix + item.name) for item in _entries(visible.resource)]
    return tuple(result)


def _told(item: Variable, view: View) -> Variable:
    """A variable with the value of its ConfigMap's entry, where the input has one such ConfigMap. The namespace in a token
    Secret is the pod's own."""
    if item.secret:
        return item._replace(field="metadata.namespace") if view.token_owner(item.secret) else item
    name, key = item.entry or ("", "")
    values = {_plain(mapping(visible.resource.value, "data").get(key)) for visible in view.find("", "ConfigMap", name)}
    return item._replace(value=values.pop()) if len(values) == 1 else item


def _entries(resource: Resource) -> Iterator[Variable]:
    for section in ("data", "stringData"):
        for key, value in mapping(resource.value, section).items():
            plain = _plain(value) if resource.id.kind == "ConfigMap" else None
            yield Variable(str(key), plain, None, resource.at, pointer(section, key))


# ---------------------------------------------------------------- configuration


def imports(workload: Workload) -> tuple[Import, ...]:
    """Every ConfigMap and Secret that the pod mounts or imports, each once."""
    result = _IMPORTS.get(workload)
    if result is None:
        result = _IMPORTS[workload] = tuple(dict.fromkeys(_imports(workload)))
    return result


def _imports(workload: Workload) -> Iterator[Import]:
    for _, volume in workload.spec.volumes():
        for source in (volume, *sequence(volume, "projected", "sources")):
            if name := text(source, "configMap", "name"):
                yield Import("ConfigMap", name, _keys(source["configMap"]))
            if name := text(source, "secret", "secretName") or text(source, "secret", "name"):
                yield Import("Secret", name, _keys(source["secret"]))
    for container in workload.spec.containers(ephemeral=True):
        for source in sequence(container.value, "envFrom"):
            if name := text(source, "configMapRef", "name"):
                yield Import("ConfigMap", name, None)
            if name := text(source, "secretRef", "name"):
                yield Import("Secret", name, None)
        for item in sequence(container.value, "env"):
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                if name := text(item, "valueFrom", field, "name"):
                    key = text(item, "valueFrom", field, "key")
                    yield Import(kind, name, frozenset((key,)) if key else None)


def is_configured_here(workload: Workload, reading: ContainerTexts, view: View) -> bool:
    """Whether the input holds all configuration that the container mounts, and there is some: every ConfigMap is in it,
    nothing else is mounted where configuration lies, and what an argument names as such lies in one of them."""
    volumes = {name: volume for _, volume in workload.spec.volumes() if (name := text(volume, "name"))}
    visited: list[str] = []
    for mount in sequence(reading.container.value, "volumeMounts"):
        volume, path = volumes.get(text(mount, "name") or ""), text(mount, "mountPath") or ""
        for source in (sequence(volume, "projected", "sources") or [volume]) if volume else ():
            name = text(source, "configMap", "name")
            if text(source, "secret", "secretName") or text(source, "secret", "name") or (name and not view.find("", "ConfigMap", name)):
                return False
            if name:
                visited.append(path.rstrip("/"))
            elif "conf" in path or path.startswith("/etc/"):
                return False
    named = [match[1] or match[2] for item in reading.arguments for match in _CONFIG_FILE.finditer(item.text)]
    return bool(visited) and all(any(path == place or path.startswith(place + "/") for place in visited) for path in named)


def _keys(source: dict[str, Value]) -> frozenset[str] | None:
    items = sequence(source, "items")
    return frozenset(key for item in items if (key := text(item, "key"))) if items else None


def fields(workload: Workload) -> Iterator[tuple[str, str]]:
    """(text, pointer) of what a custom resource says of its program outside the containers: its `spec` as JSON, and each of
    its texts of several lines. Kubernetes' own kinds have no such fields; a custom resource's group has a dot."""
    if "." in workload.id.group:
        spec = _without_containers(workload.resource.value.get("spec"))
        yield json.dumps(spec, default=str), "/spec"
        yield from _long_texts(spec, "/spec")


def _without_containers(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _without_containers(item) for key, item in value.items() if key not in ("containers", "initContainers")}
    return [_without_containers(item) for item in value] if isinstance(value, list) else value


def _long_texts(value: Value, json_pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and "\n" in value:
        yield value, json_pointer
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _long_texts(item, json_pointer + pointer(str(key)))


def texts(resource: Resource) -> Iterator[tuple[str, str, str]]:
    """(key, text, pointer) of each entry of a ConfigMap, or of a Secret's `stringData`."""
    section = "data" if resource.id.kind == "ConfigMap" else "stringData"
    for key, value in mapping(resource.value, section).items():
        if isinstance(value, str):
            yield str(key), value, pointer(section, key)


def place(resource: Resource, content: str, index: int) -> Location:
    """Where an index into one of the texts of an object stands, as far as the object tells: of what is generated, the
    line in the file that it is made of."""
    if resource.at.document != GENERATED:
        return resource.at
    return resource.at._replace(line=resource.at.line + content.count("\n", 0, index))
