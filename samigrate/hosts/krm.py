"""A KRM function (kpt, kustomize): a ResourceList in, a ResourceList out, and what was done as its results.

The items' annotations are the host's and stay. kustomize throws results away and goes by the exit code alone; kpt
shows them also when that is not 0, so a failure prints the list as it came, with the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base.errors import InputError
from samigrate.base.values import Value, at, mapping, parts, pointer, resolve, text
from samigrate.domain.model import About, Finding, Location, Resource, ResourceId, Severity
from samigrate.domain.outcome import Outcome, WorkloadReport
from samigrate.files.manifests import OWN_GROUP
from samigrate.hosts import stream
from samigrate.pipeline import Root
from samigrate.settings.config import ConfigDocument, Settings, load_config, settings_of

KIND = "ResourceList"
_SEVERITY = {Severity.NOTE: "info", Severity.WARNING: "warning", Severity.ERROR: "error"}
_NUMBERS = ("token-expiration",)
_LISTS = ("recipe",)
_ARGUMENTS = ("argsOneLiner", "argsFromFile")
"""Keys by which kustomize's legacy plugins get arguments."""


class Call(NamedTuple):
    """What the host has sent."""

    content: bytes
    value: dict[str, Value]
    settings: Settings


def read(content: bytes, config: str | None) -> Call:
    """The ResourceList and the settings: of the file named, else of its functionConfig. Raises InputError."""
    try:
        given_text = content.decode("utf-8-sig")
        parsed = yamltext.load(given_text)
    except UnicodeDecodeError as error:
        raise InputError(stream.NAME, 0, "is not UTF-8") from error
    except yamltext.YamlError as error:
        raise InputError(stream.NAME, error.line, error.problem) from error
    if text(parsed.value, "kind") != KIND or not isinstance(parsed.value.get("items"), list):
        raise InputError(stream.NAME, 0, f"holds no {KIND} with items; for plain manifests use `samigrate post-render`")
    if not parsed.value["items"]:
        raise InputError(stream.NAME, 0, f"the {KIND} holds no item, so nothing is printed")
    for index, item in enumerate(parsed.value["items"]):
        if not isinstance(item, dict):
            line = yamltext.position(given_text, pointer("items", index))[0]
            raise InputError(stream.NAME, line, f"item {index} of the {KIND} is no object")
    if all(
        text(item, "kind") == "Config" and (text(item, "apiVersion") or "").startswith(f"{OWN_GROUP}/") for item in parsed.value["items"]
    ):
        message = "holds nothing but the function's own configuration, as under `generators:`: list it under `transformers:`"
        raise InputError(stream.NAME, 0, message)
    fields = mapping(parsed.value, "functionConfig")
    settings = load_config(config) if config else _function_settings(fields)
    return Call(content, parsed.value, settings)


def root(call: Call, settings: Settings) -> Root:
    return stream.called_root(call.content, settings)


# ---------------------------------------------------------------- the configuration


def _function_settings(fields: dict[str, Value]) -> Settings:
    """Settings from a functionConfig: our Config, or a ConfigMap whose data are its keys (kpt's `-- key=value`)."""
    if not fields or (text(fields, "kind") == "ConfigMap" and not mapping(fields, "data")):
        return Settings()
    if text(fields, "kind") != "ConfigMap":
        return _settings({key: value for key, value in fields.items() if key != "metadata"}, "functionConfig")
    data = dict(mapping(fields, "data"))
    namespace = data.pop("namespace", None)
    read = {key: _from_text(key, value) for key, value in data.items()}
    settings = _settings({"apiVersion": "samigrate.dev/v1", "kind": "Config", **read}, "functionConfig")
    return replace(settings, namespace=namespace if isinstance(namespace, str) else None)


def _from_text(key: str, value: Value) -> Value:
    """A value of a ConfigMap, all of which are strings, as the Config has it."""
    if key in _NUMBERS and isinstance(value, str) and value.isdigit():
        return int(value)
    return value.split(",") if key in _LISTS and isinstance(value, str) else value


def _settings(value: dict[str, Value], name: str) -> Settings:
    return settings_of(ConfigDocument(name, yamltext.render(value), value))


def plugin_settings(path: str) -> Settings:
    """Settings from the file that kustomize hands to a legacy exec plugin. Raises InputError."""
    try:
        with open(path, encoding="utf-8") as file:
            parsed = yamltext.load(file.read())
    except OSError as error:
        raise InputError(path, 0, error.strerror or str(error)) from error
    except yamltext.YamlError as error:
        raise InputError(path, error.line, error.problem) from error
    return _function_settings({key: value for key, value in mapping(parsed.value).items() if key not in _ARGUMENTS})


# ---------------------------------------------------------------- the results


def result(call: Call, outcome: Outcome) -> bytes:
    """The ResourceList after the run, with its results; with problems, the one that came in."""
    content = call.content if outcome.problems else stream.result(call.content, outcome)
    entries = list(_results(call, outcome))
    old = content.decode("utf-8")
    if not entries:
        return content
    op = "replace" if "results" in call.value else "add"
    new = yamltext.rewrite(old, [yamltext.Op(op, "/results", entries)])
    if yamltext.load(new).value != {**yamltext.load(old).value, "results": entries}:
        raise AssertionError("the results could not be added to the list")
    return new.encode("utf-8")


def _results(call: Call, outcome: Outcome) -> Iterator[dict[str, Value]]:
    for problem in outcome.problems:
        yield {"message": problem.message, "severity": "error", "tags": {"line": str(problem.line)}}
    for finding in outcome.findings:
        yield _of_finding(call, finding)
    if not outcome.problems:
        for report in outcome.workloads:
            yield from _of_workload(call, report)


def _of_finding(call: Call, finding: Finding) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "message": f"{finding.message}; {finding.action}" if finding.action else finding.message,
        "severity": _SEVERITY[finding.severity],
    }
    fields |= _place(call, finding.at, finding.resource)
    if finding.pointer:
        fields["field"] = {"path": _field(finding.pointer)}
    return fields | {"tags": {"id": finding.id, "rule": finding.rule}}


def _of_workload(call: Call, report: WorkloadReport) -> Iterator[dict[str, Value]]:
    """One result for each field that is set, changed or gone."""
    for applied in report.applied:
        operation = applied.operation
        if applied.about is About.COMMENTARY:
            continue
        if operation.pointer == "":
            message = f"{operation.reason}: ServiceAccount {at(operation.value, 'metadata', 'name')} was added"
            yield {"message": message, "severity": "info", **_place(call, operation.target, report.workload.id)}
            continue
        field: dict[str, Value] = {"path": _field(operation.pointer)}
        if operation.before is not None:
            field["currentValue"] = operation.before
        if operation.op != "remove":
            field["proposedValue"] = operation.value
        fields = _place(call, operation.target, None)
        yield {"message": operation.reason or applied.part, "severity": "info", **fields, "field": field, "tags": {"id": applied.transform}}


def _place(call: Call, location: Location, named: ResourceId | None) -> dict[str, Value]:
    """resourceRef and file of an item."""
    item = resolve(call.value, location.item) if location.item else None
    if not isinstance(item, dict):
        return {}
    resource = Resource(location, item)
    resource_id = named or resource.id
    reference = {"apiVersion": text(item, "apiVersion") or "", "kind": resource_id.kind, "name": resource_id.name}
    if resource_id.namespace:
        reference["namespace"] = resource_id.namespace
    fields: dict[str, Value] = {"resourceRef": reference}
    if path := _annotation(resource, "path"):
        index = _annotation(resource, "index")
        fields["file"] = {"path": path, **({"index": int(index)} if index.isdigit() else {})}
    return fields


def _annotation(resource: Resource, name: str) -> str:
    keys = (f"internal.config.kubernetes.io/{name}", f"config.kubernetes.io/{name}")
    return next((value for key in keys if (value := text(resource.annotations, key))), "")


def _field(pointer: str) -> str:
    """A JSON Pointer as results name a field: spec.containers[0].image."""
    collected = ""
    for part in parts(pointer):
        collected += f"[{part}]" if part.isdigit() or part == "-" else f".{part}"
    return collected.lstrip(".")
