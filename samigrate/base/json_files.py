"""JSON files that the user names: an evidence file, a report of an earlier run."""

from __future__ import annotations

import json
from typing import Any

from samigrate.base import data_files
from samigrate.base.errors import InputError


def read(path: str) -> Any:
    """What a file holds. Raises InputError, with the line where there is one."""
    return parse(path, data_files.users(path))


def parse(path: str, text: str) -> Any:
    """What the text of a file holds. Raises InputError, with the line where there is one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(path, error.lineno, f"not readable as JSON: {error.msg}") from error
    except RecursionError as error:
        raise InputError(path, 0, "not readable as JSON: it is nested too deeply") from error
