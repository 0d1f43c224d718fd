"""What audit logs of `--evidence FILE` show of a workload: its pods called the API, or ran and did not (R-E15 to R-E19)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from samigrate.auditlog import moments
from samigrate.base.values import at
from samigrate.domain.model import DEFAULT_ACCOUNT, Evidence, Location, Sign, Strength, Workload
from samigrate.evidence import CALLS, EvidenceSource
from samigrate.evidence._calls import accounts, evidence, own

if TYPE_CHECKING:
    from samigrate.catalog import Catalog
    from samigrate.scope.view import View
    from samigrate.settings.config import Settings
    from samigrate.settings.evidence_files import Log

_AT_TIMES = ("CronJob", "Job", "Pod")
"""Kinds whose pods end: that one was seen is all there is to see."""


def _find(workload: Workload, view: View, catalog: Catalog, settings: Settings) -> Iterator[Evidence]:
    known = settings.evidence
    if not (known.logs or known.callers_in(view.namespace)):
        return
    names = own(workload, view)
    called = [caller.item for caller in known.callers_in(view.namespace) if caller.pods and names.hold(caller.pods)]
    yield from (evidence(CALLS, item, workload, item.strength) for item in called)
    if not called and not _is_named(workload, view, settings):
        for log in known.logs:
            if not why_not(log, workload, view, settings):
                yield Evidence(CALLS, Sign.OTHER, Strength.SILENT, _silent(log), Location(log.file, line=1))


def _is_named(workload: Workload, view: View, settings: Settings) -> bool:
    """Whether calls as the workload's account may be its own: by a pod whose name says nothing, or by none."""
    names = accounts(workload, view, settings.prefix)
    return any(caller.account in names and not caller.pods for caller in settings.evidence.callers_in(view.namespace))


def _silent(log: Log) -> str:
    first, last = moments.seconds(log.first) or 0, moments.seconds(log.last) or 0
    return f"ran and made no call in {moments.in_words(last - first)} of audit log, to {log.last[:10]}"


def why_not(log: Log, workload: Workload, view: View, settings: Settings) -> str:
    """Why it says nothing of a workload that the log holds no call of it; "" where it says that there was none (R-E19)."""
    if log.missing:
        return log.missing[0]
    if view.namespace is None:
        return "nobody states its namespace"
    if at(workload.resource.value, "spec", "replicas") == 0:
        return "it has no replicas"
    names = accounts(workload, view, settings.prefix)
    if any(namespace == view.namespace and account in names for namespace, account in log.doubted):
        return "lines that cannot be read name its account, or logins elsewhere with its token"
    is_alone = workload.spec.account != DEFAULT_ACCOUNT and len(view.user_names(workload.spec.account)) == 1
    tokens = names - {DEFAULT_ACCOUNT} if is_alone else set()  # whose pods run as `default` nobody knows
    found = [log.ran_as(view.namespace, account, "") for account in tokens]
    its = own(workload, view)
    found += [log.ran_as(view.namespace, "", family) for family in its.families]
    if its.beginnings:
        found += [ran for ran in log.ran if ran.namespace == view.namespace and ran.pod and its.hold(ran.pod)]
    seen = [ran for ran in found if ran]
    if not seen:
        return "it does not show that its pods ran"
    if workload.id.kind in _AT_TIMES:
        return ""
    first = min(moments.seconds(ran.first) or 0 for ran in seen)
    last = moments.seconds(log.last) or 0
    return "" if last - first >= moments.DAY else "it shows its pods for less than a day"


SOURCE = EvidenceSource(CALLS, (Sign.OTHER,), _find)
