"""Who may conclude what, and when a visit can have been (I-02, docs/sources.md). Pure."""

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from app.core.rules import rule
from app.tasks.lifecycle import PHONE_CLOCK_SKEW

OLDEST = timedelta(days=90)
"""Records of phones that were offline are taken for this long."""


class Impossible(NamedTuple):
    """What is impossible about a visit's time, and which of its two times it is."""

    field: str
    detail: str


def visit_time_error(started: datetime, ended: datetime, now: datetime) -> Impossible | None:
    """What is impossible about a visit's time, or None; a phone's clock may be off by
    `PHONE_CLOCK_SKEW` in either direction.
    """
    if ended < started:
        return Impossible("visit_ended_at", "The visit ends before it starts.")
    if ended > now + PHONE_CLOCK_SKEW:
        ahead = int((ended - now).total_seconds() // 60)
        name = "visit_started_at" if started > now + PHONE_CLOCK_SKEW else "visit_ended_at"
        return Impossible(
            name, f"It lies {ahead} minutes ahead of the gateway's clock: check the phone's clock."
        )
    if started < now - OLDEST:
        return Impossible("visit_started_at", f"The visit lies more than {OLDEST.days} days back.")
    return None


@rule("I-02", without=True)
def are_enough(officers: int, fewest: int) -> bool:
    """Whether so many certified officers may inspect."""
    return officers >= fewest


@rule("I-01", without=True)
def may_determine(department: str, by: str, departments_of: dict[str, str]) -> bool:
    """Whether a certificate on the visit lets its holder conclude on a department's item."""
    return departments_of.get(by) == department


def missing_certificates(listed: Iterable[str], valid: Container[str]) -> list[str]:
    """Certificates that are unknown or not valid on the day."""
    return [number for number in listed if number not in valid]
