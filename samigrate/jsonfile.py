"""JSON files that the user names: an evidence file, a report of an earlier run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samigrate.errors import InputError


def read(path: str) -> Any:
    """What a file holds. Raises InputError, with the line where there is one."""
    try:
        return json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(path, 0, error.strerror or str(error)) from error
    except json.JSONDecodeError as error:
        raise InputError(path, error.lineno, f"not readable as JSON: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise InputError(path, 0, "is not UTF-8") from error
    except RecursionError as error:
        raise InputError(path, 0, "not readable as JSON: it is nested too deeply") from error
