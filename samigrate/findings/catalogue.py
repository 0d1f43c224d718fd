"""The catalogue of findings: what each means, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from samigrate import yamltext
from samigrate.base import data_files
from samigrate.base.values import Value


@cache
def findings() -> Mapping[str, Mapping[str, Value]]:
    """Every finding by its id: `rule`, `severity`, `summary`, `action`."""
    result = yamltext.load(data_files.text("findings/findings.yaml")).value
    return dict(result)
