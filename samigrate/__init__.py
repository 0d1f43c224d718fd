"""Move Kubernetes workloads off ambient API credentials, by editing their manifests.

The library is `migrate_text`, `migrate_paths` and `audit`, with what they take and return (docs/api.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samigrate.api import InputError, Message, Options, Result, Workload, audit, migrate_paths, migrate_text

__version__ = "0.1.0"
__all__ = ["InputError", "Message", "Options", "Result", "Workload", "audit", "migrate_paths", "migrate_text"]


def __getattr__(name: str) -> Any:
    """The library, loaded when it is asked for: the command line does without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from samigrate import api

    return getattr(api, name)
