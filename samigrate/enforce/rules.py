"""The rules of `rules.yaml`, with the patterns of the token table filled in."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.values import Value, mapping, sequence, text
from samigrate.domain.tokens import API_AUDIENCE, SUFFIX

GENERATED = f"^.+-token-{SUFFIX}$"
"""How the cluster itself calls token Secrets (R-B6)."""
RULES = ("default-account", "token", "token-secret")


class Rule(NamedTuple):
    """One rule. `variables`, `expression` (true where nothing is wrong) and `message` are CEL; `rego` are the rules of
    Gatekeeper's module, without its package; `meaning` says what the entries of its list are."""

    id: str
    summary: str
    why: str
    meaning: str
    variables: Mapping[str, str]
    expression: str
    message: str
    rego: str

    @property
    def name(self) -> str:
        """What its objects are called in the cluster."""
        return f"samigrate-{self.id}"


def load(id_: str, declared: Collection[str] = ()) -> Rule:
    """A rule by its id; `declared` are audiences that the config declares to be the API's own."""
    rule = mapping(_content(), "rules", id_)
    summary, why, meaning = (text(rule, key) or "" for key in ("summary", "why", "list"))
    expression, message = (_filled(text(rule, key) or "", declared, "(?i:{})") for key in ("expression", "message"))
    variables = {
        name: _filled(text(_content(), "variables", name) or "", declared, "(?i:{})")
        for name in sequence(rule, "variables")
        if isinstance(name, str)
    }
    parts = ["common.rego", *(["containers.rego"] if "containers" in variables else []), f"{id_}.rego"]
    rego = "\n".join(data_files.text(f"enforce/rego/{part}") for part in parts)
    return Rule(id_, summary, why, meaning, variables, expression, message, _filled(rego, declared, "(?:{})"))


def conditions() -> Mapping[str, str]:
    """CEL that is true where a rule judges at all, by name."""
    return {name: text(value, "expression") or "" for name, value in mapping(_content(), "conditions").items()}


def _filled(code: str, declared: Collection[str], ignoring_case: str) -> str:
    """JSON's strings and lists are those of CEL and of Rego. Rego's engines do not all know `(?i:…)`: there the audience is
    in small letters. A line about declared audiences goes where there are none."""
    if not declared:
        code = "\n".join(line for line in code.split("\n") if "DECLARED" not in line)
    audience = f"^{ignoring_case.format(API_AUDIENCE.pattern)}$"
    filled = code.replace("AUDIENCES", json.dumps(audience)).replace("DECLARED", json.dumps(sorted(declared)))
    return filled.replace("GENERATED", json.dumps(GENERATED))


@cache
def _content() -> Value:
    return yamltext.load(data_files.text("enforce/rules.yaml")).value
