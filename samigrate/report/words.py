"""A workload and its change in words, as every report has them. What comes from manifests is shown without control characters."""

from __future__ import annotations

from samigrate.base.wording import clean, count
from samigrate.domain.model import About
from samigrate.domain.outcome import WorkloadReport


def name(report: WorkloadReport) -> str:
    """As written; the namespace of what runs goes with it where that is one."""
    identity = report.running.owner if report.running else report.workload.id
    namespace = report.namespace if len(report.builds) < 2 else identity.namespace
    called = f"{namespace}/{identity.name}" if namespace else identity.name
    part = f" [{report.workload.component}]" if report.workload.component else ""
    return clean(f"{identity.kind} {called}{part}")


def automount(value: bool | None) -> str:
    return "unset" if value is None else str(value).lower()


def change(report: WorkloadReport) -> str:
    """What the run changes: `account web, automount false, no token (risk L2)`."""
    if not report.applied:
        return "nothing changes"
    words = []
    if report.account_after != report.account_before:
        words.append(f"account {clean(report.account_after)}")
    if report.automount_after != report.automount_before:
        words.append(f"automount {automount(report.automount_after)}")
    words += [clean(part) for part in sorted({applied.part for applied in report.applied if applied.about is About.OTHER})]
    if report.tokens_after != report.tokens_before:
        words.append(count(report.tokens_after, "token") if report.tokens_after else "no token")
    return f"{', '.join(words or ['annotations'])} (risk {report.risk})"
