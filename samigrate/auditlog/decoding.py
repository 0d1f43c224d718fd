"""The fastest JSON parser that is there: orjson of the extra `audit`, else the standard library's.

Measured on the events of `bench/auditlog.py`: see docs/benchmarks.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, cast


@cache
def _parser() -> Callable[[bytes], Any]:
    try:
        return cast(Callable[[bytes], Any], import_module("orjson").loads)
    except ImportError:
        return json.loads


def loads(content: bytes) -> Any:
    """The value of a JSON text; bytes that are no UTF-8 are replaced. Raises ValueError for anything that is none."""
    try:
        return _parser()(content)
    except (ValueError, RecursionError):
        pass  # orjson is stricter than what reaches a log
    try:
        return json.loads(content.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
