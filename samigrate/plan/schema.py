"""The shape of our own files as JSON Schemas: for editors, and to check a plan by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from samigrate.base.values import Value, pointer
from samigrate.settings.config import CHART_BUMPS, CHART_STYLES

if TYPE_CHECKING:
    from samigrate.settings.config import ConfigDocument

Schema = Mapping[str, Any]

ADDRESS = "https://samigrate.dev/schemas/v1/"
KINDS = ("config", "plan", "recipe")
RISKS = ["L0", "L1", "L2", "L3", "L4", "L5"]
VERDICTS = ["required", "likely", "unknown", "none"]
_STRING: Schema = {"type": "string", "minLength": 1}
_STRINGS: Schema = {"type": "array", "items": _STRING}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def editor_line(kind: str) -> str:
    """The first line of a file by which editors find its schema."""
    return f"# yaml-language-server: $schema={ADDRESS}{kind}.json\n"


def named(kind: str) -> Schema:
    return {"config": config, "plan": plan, "recipe": recipe}[kind]()


def text(kind: str) -> str:
    """The schema as it is published under schemas/."""
    return json.dumps(named(kind), indent=2) + "\n"


def _object(required: Sequence[str], properties: Mapping[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": dict(properties), **more}


def _file(kind: str, title: str, required: Sequence[str], properties: Mapping[str, Schema]) -> Schema:
    head: Mapping[str, Schema] = {"apiVersion": {"const": "samigrate.dev/v1"}, "kind": {"const": kind}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{ADDRESS}{kind.lower()}.json",
        "title": title,
        **_object(["apiVersion", "kind", *required], {**head, **properties}),
    }


def _told(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


# ---------------------------------------------------------------- the three files


def plan() -> Schema:
    """What `samigrate plan` writes and `samigrate apply` reads."""
    before = {"account": _STRING, "automount": {"enum": ["unset", "true", "false"]}, "mounted": {"type": "boolean"}}
    entry = _object(
        ["workload", "file", "line", "risk", "files"],
        {
            **_place(),
            "pod": _told(_STRING, "JSON Pointer to the pod spec inside the object; an object without pods has none"),
            "skip": _told({"type": ["string", "boolean", "null"]}, "Why the workload is to stay as it is"),
            "risk": {"enum": RISKS},
            "reason": _STRING,
            "account": _told(_STRING, "The account to run as: as planned, `keep`, or an account that exists"),
            "automount": _told({"enum": [True, False, "keep"]}, "Whether a token is mounted: as planned, or `keep`"),
            "was": _object(["account", "automount", "mounted"], before),
            "tokens": _object(["before", "after"], {"before": _COUNT, "after": _COUNT}),
            "evidence": _STRINGS,
            "risks": {"type": "array", "items": {"type": "string", "pattern": f"^({'|'.join(RISKS)}): "}},
            "notes": _STRINGS,
            "files": _told(
                {"type": "object", "additionalProperties": {"type": "string", "pattern": "^(absent|sha256:[0-9a-f]{64})$"}},
                "The files the entry rests on, and what they were",
            ),
            "bump": _told({"enum": list(CHART_BUMPS)}, "Which part of a chart's version a pull request raises"),
            "edits": _told({"type": "object", "additionalProperties": _STRINGS}, "Lines that go (-) and come (+) in a chart's files"),
            "operations": {"type": "array", "items": _operation()},
        },
    )
    left = _object(["workload", "file", "line", "verdict", "tokens", "reason"], {**_place(), "tokens": _COUNT, "reason": _STRING})
    properties: Mapping[str, Schema] = {
        "recipe": _STRINGS,
        "options": _told({"type": "object"}, "The options the plan was made with, by name"),
        "workloads": {"type": "array", "items": entry},
        "left-alone": {"type": "array", "items": left},
    }
    return _file("Plan", "What a migration by samigrate would do", ["recipe", "workloads"], properties)


def _place() -> Mapping[str, Schema]:
    return {
        "workload": _told(_STRING, "Kind, namespace and name"),
        "file": _STRING,
        "nth": _told(_COUNT, "Which of several objects of that name in the file, from 0"),
        "line": _COUNT,
        "namespace": _told(_STRING, "Where it runs, as far as is known"),
        "verdict": _told({"enum": VERDICTS}, "Whether it uses the Kubernetes API"),
    }


def _operation() -> Schema:
    return _object(
        ["op", "part", "by"],
        {
            "op": {"enum": ["add", "remove", "replace", "add resource"]},
            "path": _told({"type": "string"}, "JSON Pointer into the object (RFC 6902)"),
            "object": _told(_STRING, "The object, where it is not the workload"),
            "file": _STRING,
            "nth": _COUNT,
            "value": {},
            "before": {},
            "after": _told(_STRINGS, "Sibling keys: a new key goes behind the first of them that is there"),
            "part": _STRING,
            "by": _told(_STRING, "The transform that proposed it"),
            "reason": _STRING,
            "into": _told(_STRING, "The file of its own that a new object goes into"),
            "unless": _told(_STRING, "The entry that does the same, where both are left"),
        },
    )


def config() -> Schema:
    """`samigrate.yaml`."""
    from samigrate import catalog as catalogs
    from samigrate.settings.config import ACCESS, LONGEST_TOKEN, NAMESPACE, SHORTEST_TOKEN, UNKNOWN

    one_or_more: Schema = {"anyOf": [_STRING, _STRINGS]}
    declaration = _object(["access"], {"kind": _STRING, "namespace": _STRING, "name": _STRING, "access": {"enum": list(ACCESS)}})
    namespace = {"type": "string", "pattern": f"^{NAMESPACE}$"}
    chart: Mapping[str, Schema] = {"path": _STRING, "values": {"type": "array", "items": _STRINGS}, "style": {"enum": list(CHART_STYLES)}}
    chart = {**chart, "bump": {"enum": list(CHART_BUMPS)}}
    properties: Mapping[str, Schema] = {
        "recipe": _told(one_or_more, "What to do, where the command line does not say"),
        "scopes": _told(_STRINGS, "Path patterns: each match is applied on its own"),
        "namespaces": _told(
            {"type": "object", "additionalProperties": namespace},
            "Path pattern to the namespace of documents without one",
        ),
        "exclude": _told(_STRINGS, "Path patterns of files that must not change"),
        "prefix": _told(_STRING, "The prefix of our annotations"),
        "account-name": _told(_STRING, "A pattern with {name}, and {kind} if you like"),
        "token-expiration": {"type": "integer", "minimum": SHORTEST_TOKEN, "maximum": LONGEST_TOKEN},
        "pull-secrets": _told({"type": "object", "additionalProperties": _STRINGS}, "What each namespace's default account (or *) holds"),
        "api-access": {"type": "array", "items": declaration},
        "api-audience": _told(one_or_more, "Audiences that the API server takes as its own (--api-audiences)"),
        "kinds": _told({"type": "array", "items": {"type": ["string", "object"]}}, "More kinds that hold pod templates, or files of them"),
        "catalog": _object([], {name: {} for name in sorted(catalogs.SECTIONS)}),
        "unknown": {"enum": list(UNKNOWN)},
        "max-risk": {"enum": RISKS},
        "account-file": _STRING,
        "mesh": _STRINGS,
        "assume-complete-input": _told({"type": "boolean"}, "Whatever runs in the namespaces of the input is in it"),
        "source": _told({"type": "object", "additionalProperties": _STRING}, "Image to the folder it is built from"),
        "evidence": _told(one_or_more, "Evidence files"),
        "python": _told({"type": "boolean"}, "Do *.py, too: workloads that Python declares"),
        "charts": _told({"type": "array", "items": _object(["path"], chart)}, "Charts and the values files to render them with"),
    }
    return _file("Config", "Settings of samigrate", [], properties)


def recipe() -> Schema:
    """A recipe: which transforms run, with which options."""
    from samigrate import transforms

    names = {bool: "boolean", int: "integer", str: "string"}
    chosen = {
        id_: {
            "type": ["object", "null"],
            "description": transform.summary,
            "additionalProperties": False,
            "properties": {option: {"type": names[one.type]} for option, one in transform.options.items()},
        }
        for id_, transform in sorted(transforms.discover().items())
    }
    properties: Mapping[str, Schema] = {"name": _STRING, "summary": _STRING, "include": _STRINGS, "transforms": _object([], chosen)}
    properties = {**properties, "python": _told({"type": "boolean"}, "Do *.py, too: workloads that Python declares")}
    return _file("Recipe", "What samigrate is to do", ["name", "summary"], properties)


def report() -> Schema:
    """Of a JSON report what `migrate --check --baseline` reads."""
    text: Schema = {"type": ["string", "null"]}
    operation: Schema = {"type": "object", "properties": {key: {"type": "string"} for key in ("transform", "op", "pointer")}}
    named: Schema = {"type": "object", "properties": dict.fromkeys(("group", "kind", "namespace", "name"), text)}
    parts: Mapping[str, Schema] = {"resource": named, "path": text, "pod": text, "operations": {"type": "array", "items": operation}}
    entries: Schema = {"type": "array", "items": {"type": "object", "properties": parts}}
    return {"type": "object", "properties": {"workloads": entries, "objects": entries}}


# ---------------------------------------------------------------- checking


def check(document: ConfigDocument, schema: Schema) -> None:
    """Raises InputError, with the line, where the document is not of that shape. Knows what the schemas above use."""
    _check(document, document.value, schema, "")


def _check(document: ConfigDocument, value: Value, schema: Schema, json_pointer: str) -> None:
    if problem := _problem(value, schema):
        raise document.error(json_pointer, f"{json_pointer.removeprefix('/').replace('/', '.') or 'the file'} must be {problem}")
    if isinstance(value, dict):
        properties, siblings = schema.get("properties", {}), schema.get("additionalProperties", True)
        if siblings is False:
            document.known((str(key) for key in value), properties, json_pointer, "key")
        for key in schema.get("required", ()):
            if key not in value:
                raise document.error(json_pointer, f"{json_pointer.removeprefix('/').replace('/', '.') or 'the file'} has no {key!r}")
        for key, inner in value.items():
            _check(document, inner, properties.get(key, siblings if isinstance(siblings, dict) else {}), json_pointer + pointer(key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check(document, item, schema.get("items", {}), json_pointer + pointer(index))


def _problem(value: Value, schema: Schema) -> str:
    """What the value ought to be and is not, or ""."""
    if "const" in schema and value != schema["const"]:
        return repr(schema["const"])
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        return "one of " + ", ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in schema["enum"])
    if "type" in schema:
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        allowed = tuple(type_ for name in types for type_ in _TYPES[name])
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            return f"of type {' or '.join(types)}"
    if schema.get("minLength") and value == "":
        return "a string that is not empty"
    if "minimum" in schema and value < schema["minimum"]:
        return f"{schema['minimum']} or more"
    if "pattern" in schema and not _matches(schema["pattern"], value):
        return f"a text like {schema['pattern']}"
    return ""


def _matches(pattern: str, value: str) -> bool:
    return re.search(pattern, value) is not None
