"""Working and natural days of China, for deadlines of law.

The day on which a period begins does not count (Civil Code, art. 201). A period of natural days
that would end on a day off ends on the next working day (art. 203). Which days are off, and which
Saturdays and Sundays are worked instead, the State Council says for each year late in the year
before: until then a date of that year is provisional, and says so.
"""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

Unit = Literal["working", "natural"]
FURTHEST_DAYS = 3660
"""No period of law is longer."""
_WEEKEND = 5
_COLUMNS = ["date", "working"]


class CalendarError(ValueError):
    """A file of days that cannot be read; the text says where."""


class Due(NamedTuple):
    """The last day of a period; `provisional` while the days off of its year are not published."""

    on: date
    provisional: bool


class Calendar:
    """Days as the State Council published them, and as a deployment corrects them (`changed`: day →
    whether it is worked).
    """

    def __init__(self, changed: Mapping[date, bool] | None = None) -> None:
        self._changed = dict(changed or {})
        self._corrected = {day.year for day in self._changed}

    def is_working(self, day: date) -> bool:
        """Whether a day is worked."""
        if day in self._changed:
            return self._changed[day]
        off, worked = _year(day.year)
        return day in worked or (day.weekday() < _WEEKEND and day not in off)

    def is_published(self, year: int) -> bool:
        """Whether a year's days off and make-up days are known."""
        return bool(_year(year).worked) or year in self._corrected

    def after(self, day: date, count: int, unit: Unit) -> Due:
        """The last day of a period of `count` days that begins on `day`. Raises ValueError below
        one day and above `FURTHEST_DAYS`.
        """
        if not 1 <= count <= FURTHEST_DAYS:
            raise ValueError(f"a period has 1 to {FURTHEST_DAYS} days, not {count}")
        if unit == "natural":
            found = day + timedelta(days=count)
            while not self.is_working(found):
                found += timedelta(days=1)
        else:
            found = day
            while count:
                found += timedelta(days=1)
                count -= self.is_working(found)
        known = all(self.is_published(year) for year in range(day.year, found.year + 1))
        return Due(found, not known)


class _Year(NamedTuple):
    off: frozenset[date]
    worked: frozenset[date]


@cache
def _year(year: int) -> _Year:
    import holidays  # noqa: PLC0415 - heavy, and few processes count days

    found = holidays.country_holidays("CN", years=year)
    worked = frozenset(day for day in found.weekend_workdays if day.year == year)
    return _Year(frozenset(day for day in found if day.year == year), worked)


def read_calendar(path: Path | None) -> Calendar:
    """The calendar, corrected by a file of `date,working` (yes or no). Raises `CalendarError`."""
    if path is None:
        return Calendar()
    changed: dict[date, bool] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames != _COLUMNS:
                raise CalendarError(f"{path}: the first line is {','.join(_COLUMNS)}")
            for number, row in enumerate(rows, 2):
                changed[_day(row["date"], path, number)] = _word(row["working"], path, number)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CalendarError(f"{path}: {error}") from error
    return Calendar(changed)


def _day(text: str | None, path: Path, line: int) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError as error:
        raise CalendarError(f"{path}, line {line}: {text} is no day (2027-02-06)") from error


def _word(text: str | None, path: Path, line: int) -> bool:
    if text not in {"yes", "no"}:
        raise CalendarError(f"{path}, line {line}: working is yes or no, not {text}")
    return text == "yes"
