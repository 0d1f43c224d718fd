"""Moments as audit logs write them (RFC 3339), as seconds since 1970; no clock is read."""

from __future__ import annotations

import calendar
import re

HOUR, DAY = 3600, 86400
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?")
_SPAN = re.compile(r"(\d{1,6})([hdw])")
_UNITS = {"h": HOUR, "d": DAY, "w": 7 * DAY}


def seconds(text: str) -> int | None:
    """Seconds since 1970 of a date, or of a date with a time (UTC where no zone is given); None for anything else."""
    parts = _MOMENT.fullmatch(text.strip())
    if parts is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1] and hour < 24 and minute < 60):
        return None
    zone = (parts[7] or "Z").replace(":", "")
    shift = 0 if zone in "Zz" else (int(zone[1:3]) * 60 + int(zone[3:5])) * 60 * (-1 if zone[0] == "-" else 1)
    return calendar.timegm((year, month, day, hour, minute, second)) - shift


def short(moment: str) -> str:
    """A moment of UTC without parts of a second; any other as it is."""
    return f"{moment[:19]}Z" if len(moment) > 20 and moment[-1] == "Z" else moment


def span(text: str) -> int | None:
    """Seconds of `36h`, `7d` or `2w`; None for anything else."""
    parts = _SPAN.fullmatch(text.strip())
    return int(parts[1]) * _UNITS[parts[2]] if parts else None


def in_words(duration: int) -> str:
    """`7.0 days`, `5.5 hours`."""
    return f"{duration / DAY:.1f} days" if duration >= 2 * DAY else f"{duration / HOUR:.1f} hours"
