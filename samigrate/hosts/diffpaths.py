"""Which folder the paths of a diff start at: `git apply` takes no path that leads upward.

That is the current folder as long as all that changes lies in it; else the top of the repository that holds it all, as
for `git diff`; else the nearest folder that holds it all and the current folder.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from samigrate.domain.outcome import Outcome
from samigrate.hosts import walk


def applicable(outcome: Outcome) -> tuple[Outcome, str]:
    """The outcome with paths that a diff of it can have; and the command that takes the diff, "" where `git apply` in
    the current folder does."""
    paths = [change.path for change in outcome.changes]
    if not any(path.startswith("../") or os.path.isabs(path) for path in paths):
        return outcome, ""
    real = [os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in paths]
    start = _start(real)
    changes = tuple(
        change._replace(path=os.path.relpath(path, start).replace(os.sep, "/")) for change, path in zip(outcome.changes, real, strict=True)
    )
    return outcome._replace(changes=changes), f"git -C {shlex.quote(min(start, os.path.relpath(start), key=len))} apply"


def _start(paths: Sequence[str]) -> str:
    tops = {walk.find_above(os.path.dirname(path), walk.GIT) for path in paths}
    top = tops.pop() if len(tops) == 1 else None
    return top or os.path.commonpath([os.path.realpath(os.getcwd()), *(os.path.dirname(path) for path in paths)])
