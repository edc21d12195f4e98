"""Time is injected: the only place that reads the wall clock."""

from datetime import UTC, date, datetime, time
from typing import Protocol

from adapters.contract.days import CHINA_TIME


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def local_date(instant: datetime) -> date:
    """The calendar day in China, in which permits and deadlines are counted."""
    return instant.astimezone(CHINA_TIME).date()


def day_begin(instant: datetime) -> datetime:
    """The instant at which the calendar day in China began."""
    return datetime.combine(local_date(instant), time(), CHINA_TIME).astimezone(UTC)
