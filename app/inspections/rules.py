"""Who may conclude what, and when a visit can have been (I-02, docs/sources.md). Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

PHONE_CLOCK_SKEW = timedelta(minutes=10)
OLDEST = timedelta(days=90)
"""Records of phones that were offline are taken for this long."""


def visit_time_error(started: datetime, ended: datetime, now: datetime) -> str | None:
    """What is impossible about a visit's time, or None."""
    if ended < started:
        return "The visit ends before it starts."
    if ended > now + PHONE_CLOCK_SKEW:
        return "The visit ends in the future."
    if started < now - OLDEST:
        return f"The visit lies more than {OLDEST.days} days back."
    return None


def may_determine(department: str, by: str, departments_of: dict[str, str]) -> bool:
    """Whether a certificate on the visit lets its holder conclude on a department's item."""
    return departments_of.get(by) == department


def missing_certificates(listed: Iterable[str], departments_of: dict[str, str]) -> list[str]:
    """Certificates that are unknown or not valid on the day."""
    return [number for number in listed if number not in departments_of]
