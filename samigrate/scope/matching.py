"""Whether two namespaces are the same, as far as is known."""

from __future__ import annotations

import enum

from samigrate.domain.placeholders import is_filled_in, may_be


class Match(enum.IntEnum):
    """Three values: an in-doubt match counts as strong evidence, never as licence to edit."""

    DIFFERENT = 0
    DOUBT = 1
    SAME = 2


def compare(name: str | None, other_name: str | None, *, near: bool) -> Match:
    """Two namespaces, None being the scope's own symbol. Outside the symbol's reach only equal names match, and names
    that may become equal once they are filled in."""
    if name is not None and name == other_name:
        return Match.SAME
    if name is not None and other_name is not None:
        return Match.DOUBT if _may_become(name, other_name) or _may_become(other_name, name) else Match.DIFFERENT
    if not near:
        return Match.DIFFERENT
    return Match.SAME if name is other_name else Match.DOUBT


def _may_become(stated: str, other_name: str) -> bool:
    return is_filled_in(stated) and (is_filled_in(other_name) or may_be(stated, other_name))
