"""How much a piece of evidence weighs, and the calls of the API that may stand behind it."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Strength(enum.StrEnum):
    PROOF = "proof"
    STRONG = "strong"
    WEAK = "weak"
    COUNTER = "counter"  # of one container: its image is known to have no use
    SILENT = "silent"  # of the whole workload: it ran, and made no call in a log that would show one


AGAINST = (Strength.COUNTER, Strength.SILENT)


class Call(NamedTuple):
    """Calls of one target by one caller, as an audit log shows them. `resource` has its subresource (`pods/log`); where it
    is "", `path` is the URL that was called. `names` are the objects that were named, () where they are many or a call names
    none. `first` and `last` are moments as the log writes them (RFC 3339)."""

    verb: str
    group: str
    resource: str
    names: tuple[str, ...]
    namespace: str
    path: str
    times: int
    refused: int
    first: str
    last: str

    def __str__(self) -> str:
        """`list pods in shop, 12 times, 2026-10-01T… to 2026-10-08T…, 3 refused`."""
        what = f"{self.resource}.{self.group}" if self.group else self.resource or self.path
        names = f" {', '.join(self.names)}" if self.names else ""
        where = f" in {self.namespace}" if self.namespace else ""
        when = f", {self.first}" + (f" to {self.last}" if self.last != self.first else "") if self.first else ""
        refused = f", {'all' if self.refused == self.times else self.refused} refused" if self.refused else ""
        return f"{self.verb} {what}{names}{where}, {self.times} {'time' if self.times == 1 else 'times'}{when}{refused}"
