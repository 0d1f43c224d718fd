"""Files that are no manifests themselves, and that a kustomization lists: read on demand, and never from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

MOST = 1 << 20
"""Bytes: no ConfigMap or Secret holds more."""


def read(folders: Sequence[str], current: str, path: str) -> bytes | str:
    """A file's bytes, or why it is not read. It must lie below one of the folders, all links followed; `path` is
    relative to `current`."""
    real = os.path.realpath(os.path.join(current, path))
    if not any(real.startswith(os.path.join(folder, "")) for folder in folders):
        return "it lies outside of what is read"
    if not os.path.isfile(real):
        return "there is no such file"
    try:
        if os.path.getsize(real) > MOST:
            return f"it is larger than {MOST >> 20} MiB"
        with open(real, "rb") as file:
            return file.read(MOST)
    except OSError as error:
        return error.strerror or str(error)
