"""Colons inside plain text in flow style, as in `[http://a:80]`: YAML 1.2 and Kubernetes take them, this libyaml does not.

It gets to see a private character in their place, which is as long and takes part in no syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

PROBLEM = "found unexpected ':'"
_MASK = "\ue000"
_COLON = re.compile(r"(?<=[^\s,\[\]{}\"']):(?=[^\s,\[\]{}])")


def is_maskable(problem: str, text: str) -> bool:
    return problem.endswith(PROBLEM) and _MASK not in text


def masked(text: str) -> str:
    """The text with those colons masked; every position stays."""
    return _COLON.sub(_MASK, text)


def unmasking(get: Callable[[], Any]) -> Callable[[], Any]:
    """The events of a masked text, as those of the text."""

    def following() -> Any:
        event = get()
        if _MASK in (getattr(event, "value", None) or ""):
            event.value = event.value.replace(_MASK, ":")
        return event

    return following
