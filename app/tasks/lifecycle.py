"""When a task is open, and whom it serves. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.rules import rule
from auth.principal import prefix_of

PHONE_CLOCK_SKEW = timedelta(minutes=10)
"""How far a phone's clock may be off, in either direction."""


SECONDED, AT_HOME = "I-06", "I-12"


@rule(SECONDED, without=True)
def is_seconded(subject: str, opened_by: str, approved_by: str | None) -> bool:
    """Whether a second person stands behind a task: whoever opened it for somebody else, or
    approved it.
    """
    return subject != opened_by or approved_by not in (None, subject)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """What a decision needs to know of an open task."""

    id: str
    business_id: str
    site: str | None
    purpose: str
    region: str
    """As registration told it when the task was opened; empty where it had not."""
    assignees: frozenset[str]
    opened_by: str
    ends_at: datetime
    opened_in: str = ""
    department: str = ""
    """Region and department of whoever opened it; an empty department stands above them."""
    approved_by: str | None = None
    break_glass: bool = False
    """Opened by an officer for himself, for minutes, to be judged afterwards."""
    warned: frozenset[str] = frozenset()
    """Rules that only warned when it was opened."""

    def is_for(self, subject: str) -> bool:
        """Whether a caller is assigned to it, or opened it."""
        return subject in self.assignees or subject == self.opened_by

    def is_of(self, department: str | None) -> bool:
        """Whether somebody of a department acts within it."""
        return not self.department or department in (None, self.department)

    def is_near(self, region: str) -> bool:
        """Whether somebody of a region may work on it: where the business lies; while nobody knows,
        where it was opened, or within.
        """
        if self.region:
            return self.region.startswith(prefix_of(region))
        return self._is_from(region)

    def is_sent(self, region: str) -> bool:
        """Whether somebody of a region was sent elsewhere by it, where that was only warned of."""
        return bool(self.region) and AT_HOME in self.warned and self._is_from(region)

    def _is_from(self, region: str) -> bool:
        """Whether a region is where it was opened, or within, or around."""
        either = (region, self.opened_in), (self.opened_in, region)
        return any(inner.startswith(prefix_of(outer)) for inner, outer in either)

    def is_within(self, region: str) -> bool:
        """Whether a business that lies in a region is one of its opener's."""
        opener = self.opened_in or self.region
        return bool(region and opener) and region.startswith(prefix_of(opener))

    def is_seconded(self, subject: str) -> bool:
        """Whether somebody else has assigned this person, or approved what he opened himself; where
        the glass was broken, somebody else judges it afterwards.
        """
        return self.break_glass or is_seconded(subject, self.opened_by, self.approved_by)

    def is_about(self, business_id: str, site: str | None) -> bool:
        """Whether it names this business, and this site or none."""
        return self.business_id == business_id and self.site in (None, site)


def was_open(
    opened_at: datetime, closed_at: datetime | None, ends_at: datetime, at: datetime
) -> bool:
    """Whether a task was open at a moment that a phone's clock tells; it may have been closed or
    over since.
    """
    soonest, latest = at + PHONE_CLOCK_SKEW, at - PHONE_CLOCK_SKEW
    return opened_at <= soonest and latest < ends_at and (closed_at is None or latest <= closed_at)
