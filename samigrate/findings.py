"""The catalogue of findings: what each means, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from samigrate import datafiles, yamltext
from samigrate.values import Value


@cache
def findings() -> Mapping[str, Mapping[str, Value]]:
    """Every finding by its id: `rule`, `severity`, `summary`, `action`."""
    found = yamltext.load(datafiles.text("findings.yaml")).value
    return dict(found)
