"""When a job is due. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from adapters.contract.days import CHINA_TIME
from app.core.calendar import Calendar

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class Schedule(NamedTuple):
    """A time of day in China, of every day or of each working day."""

    at: time
    days: Literal["every", "working"] = "every"

    def next_after(self, instant: datetime, calendar: Calendar) -> datetime:
        """The first time after an instant."""
        day = instant.astimezone(CHINA_TIME).date()
        while True:
            found = datetime.combine(day, self.at, CHINA_TIME).astimezone(UTC)
            if found > instant and (self.days == "every" or calendar.is_working(day)):
                return found
            day += timedelta(days=1)


class Span(NamedTuple):
    """The days that a run is for: all after `since`, up to `until`."""

    since: date
    until: date

    def holds(self, day: date) -> bool:
        """Whether a day is one of them."""
        return self.since < day <= self.until


def pause_after(failures: int) -> timedelta:
    """How long a job that failed so often in a row is left alone."""
    return min(_FIRST_PAUSE * float(2 ** min(failures - 1, 10)), _LONGEST_PAUSE)
