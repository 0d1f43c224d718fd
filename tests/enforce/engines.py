"""The policies as the controllers would judge by them: CEL by the library of its Rust implementation, Rego by rego-cpp."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import cel
import regopy
import yaml

NAMESPACE = "shop"
Value = dict[str, Any]


def objects(text: str) -> dict[str, Value]:
    """The objects of a file, by kind."""
    return {value["kind"]: value for value in yaml.safe_load_all(text)}


class Cel:
    """A ValidatingAdmissionPolicy, or a rule of Kyverno's, with its list."""

    def __init__(self, policy: Value, params: Value) -> None:
        if policy["kind"] == "ClusterPolicy":
            rule = policy["spec"]["rules"][0]
            code, conditions = rule["validate"]["cel"], rule["celPreconditions"]
            validations = code["expressions"]
        else:
            code, conditions, validations = policy["spec"], policy["spec"]["matchConditions"], policy["spec"]["validations"]
        self._conditions = [_compiled(one["expression"]) for one in conditions]
        self._variables = {one["name"]: _compiled(one["expression"]) for one in code["variables"]}
        self._validations = [(_compiled(one["expression"]), _compiled(one["messageExpression"])) for one in validations]
        self._params = params

    def refusal(self, reviewed: Value, old: Value | None = None, namespace: str = NAMESPACE) -> str:
        """Why the object is refused; "" where it is let in."""
        known = cel.Context()
        given = {"object": reviewed, "oldObject": old, "params": self._params, "request": {"namespace": namespace}}
        for name, value in given.items():
            known.add_variable(name, value)
        if not all(_true(condition, known) for condition in self._conditions):
            return ""
        variables: Value = {}
        for name, expression in self._variables.items():
            variables[name] = expression.execute(known)
            known.add_variable("variables", variables)
        return next((str(message.execute(known)) for rule, message in self._validations if not _true(rule, known)), "")


def _true(expression: cel.Program, known: cel.Context) -> bool:
    found = expression.execute(known)
    assert isinstance(found, bool), found
    return found


@cache
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


class Rego:
    """A ConstraintTemplate of Gatekeeper's, with its Constraint."""

    def __init__(self, template: Value, constraint: Value) -> None:
        code = template["spec"]["targets"][0]["code"][0]["source"]
        assert code["version"] == "v1"
        self._engine = regopy.Interpreter()
        self._engine.add_module("policy.rego", code["rego"])
        self._built = self._engine.build(f"data.{code['rego'].split()[1]}.violation", [])
        self._parameters = constraint["spec"]["parameters"]

    def refusal(self, reviewed: Value, old: Value | None = None, namespace: str = NAMESPACE, operation: str | None = "") -> str:
        """The same; `operation` None is Gatekeeper's audit of what is there, "" one that follows from `old`."""
        review: Value = {"object": reviewed, "namespace": namespace}
        if operation is not None:
            review["operation"] = operation or ("UPDATE" if old else "CREATE")
        if old:
            review["oldObject"] = old
        self._engine.set_input({"review": review, "parameters": self._parameters})
        found = json.loads(str(self._engine.query_bundle(self._built)))["expressions"][0]
        return str(found[0]["msg"]) if found else ""


def cel_policies(files: Mapping[str, str]) -> dict[str, Cel]:
    """Those of the files of `vap` or `kyverno`, by the rules' ids."""
    result = {}
    for name, text in files.items():
        found = objects(text)
        policy = found.get("ValidatingAdmissionPolicy") or found["ClusterPolicy"]
        result[name.removeprefix("samigrate-").removesuffix(".yaml")] = Cel(policy, found["ConfigMap"])
    return result


def rego_policies(files: Mapping[str, str]) -> dict[str, Rego]:
    """Those of the files of `gatekeeper`, by the rules' ids."""
    templates = list(yaml.safe_load_all(files["samigrate-templates.yaml"]))
    constraints = list(yaml.safe_load_all(files["samigrate-constraints.yaml"]))
    pairs = zip(templates, constraints, strict=True)
    return {constraint["metadata"]["name"].removeprefix("samigrate-"): Rego(template, constraint) for template, constraint in pairs}
