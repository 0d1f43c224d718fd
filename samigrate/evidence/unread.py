"""What could not be read: a binding in it may name the account, a configuration in it may be the workload's own.

A file with a typing error, in another encoding, without the right to read it, or not filled in yet is not an absent one;
nor is what a build fetches or inflates. That is a weak sign only, which a known image cancels: most charts bring their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.domain.model import GENERATED, Evidence, Location, Sign, Strength, Workload
from samigrate.evidence import EvidenceSource
from samigrate.evidence._reading import imports
from samigrate.kustomize.overlays import Overlay
from samigrate.scope.unread import may_define

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    account = workload.spec.account
    speaking = view.unread(account)
    for unread_file in speaking:
        detail = f"{unread_file.at.path} cannot be read, and may give {account} a right ({unread_file.reason})"
        yield Evidence("unread", Sign.OTHER, Strength.WEAK, detail, unread_file.at)
    if view.scope.overlay:
        for member in view.scope.overlay.build.members:
            for reason in member.unseen:
                detail = f"its build holds more than is seen here, and that may give {account} a right: {reason}"
                yield Evidence("unread", Sign.POD_VARIABLE, Strength.WEAK, detail, member.at)
        yield from _doubts(workload, view.scope.overlay, view)
    for kind in ("ConfigMap", "Secret"):
        names = [one.name for one in imports(workload) if one.kind == kind]
        for unread_file in view.scope.unread if names else ():
            if unread_file not in speaking and may_define(unread_file, kind, names):
                detail = f"{unread_file.at.path} cannot be read, and may be its {kind} ({unread_file.reason})"
                yield Evidence("unread", Sign.OTHER, Strength.WEAK, detail, unread_file.at)


def _doubts(workload: Workload, overlay: Overlay, view: View) -> Iterator[Evidence]:
    """What the build does to the workload or to a binding, and is not known here."""
    for path, reason in overlay.doubts(workload.resource):
        yield Evidence("unread", Sign.OTHER, Strength.WEAK, f"{reason}, and what that says is not seen here", Location(path, GENERATED))
    for binding, path, reason in view.scope.doubted_bindings:
        detail = f"of {binding.id}: {reason}, and it may give {workload.spec.account} a right"
        yield Evidence("unread", Sign.OTHER, Strength.WEAK, detail, Location(path, GENERATED))


SOURCE = EvidenceSource("unread", (Sign.OTHER, Sign.POD_VARIABLE), _find, is_common=True, needs_token=True)
