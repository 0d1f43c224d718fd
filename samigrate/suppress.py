"""Opt-outs: the annotation `<prefix>/ignore: "<id>: reason"` and the comment `# samigrate: ignore[<id>] reason`."""

from __future__ import annotations

import re

from samigrate.model import Resource

_COMMENT = re.compile(r"#\s*samigrate:\s*ignore\[([^\]\n]*)\]")


def in_annotations(resource: Resource, prefix: str) -> frozenset[str]:
    """The ids that the object's own annotation names; `all` for everything."""
    stated = resource.annotations.get(f"{prefix}/ignore")
    return _ids(stated.partition(":")[0]) if isinstance(stated, str) else frozenset()


def in_comments(piece: str) -> frozenset[str]:
    """The ids that comments in a document's text name."""
    if "ignore[" not in piece:
        return frozenset()
    return frozenset().union(*(_ids(found[1]) for found in _COMMENT.finditer(piece)))


def _ids(listed: str) -> frozenset[str]:
    return frozenset(one for one in re.split(r"[\s,]+", listed) if one)
