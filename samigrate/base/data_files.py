"""Data files: the package's own, and those that the user names.

By `os` rather than `pathlib` or `importlib.resources`: a small run loads neither.
"""

from __future__ import annotations

import os

from samigrate.base.errors import InputError

MOST = 1 << 28
"""Bytes of a file that is no manifest: a report on a hundred thousand workloads has less."""
HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder of the package."""


def names(folder: str) -> list[str]:
    """The YAML files of a folder of the package, as `folder/name`, sorted."""
    return [f"{folder}/{name}" for name in sorted(os.listdir(os.path.join(HOME, folder))) if name.endswith(".yaml")]


def text(name: str) -> str:
    """The text of one, by its path from the package's folder."""
    with open(os.path.join(HOME, name), encoding="utf-8") as file:
        return file.read()


def users(path: str) -> str:
    """The text of a file of the user's, without a byte order mark; a pipe will do. Raises InputError."""
    try:
        with open(path, "rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise InputError(path, 0, f"is larger than {MOST >> 20} MiB, or has no end")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(path, 0, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(path, 0, "is not UTF-8") from error
