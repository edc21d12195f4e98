"""Days and instants as departments write them. Days are days of China: an instant is the day it is
there. What is no whole day or instant is refused, never completed, shifted or guessed. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any

from adapters.contract.spelling import says, says_no_end

CHINA_TIME = timezone(timedelta(hours=8))
"""Departments write local times without a zone; China has one."""

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y年%m月%d日")
"""Read in any case; a manifest may declare others."""
SECONDS = "%s"
"""The format that declares seconds since 1970."""
LAST_YEAR = 2200
"""A later one stands for "no end"."""
_ONE, _TWO = r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日?"
_CLOCK = r"(\d{1,2})(?::|时)(\d{1,2})(?:(?::|分)(\d{1,2})(?:[.,](\d{1,9}))?秒?)?分?"
_WRITTEN = re.compile(
    rf"(?:{_ONE}|{_TWO})(?:(?: *T| ?) *{_CLOCK})? ?(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_RUN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)(\d{3})?)?", re.ASCII)
_SHORT_RUN = re.compile(
    r"(?:19|2[01])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d", re.ASCII
)
"""Twelve digits that may leave the seconds out: no instant, and no count either."""
_COUNT = re.compile(r"-?\d{12,15}", re.ASCII)
_SECONDS = re.compile(r"-?\d{1,11}", re.ASCII)
_DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_ZERO = re.compile(r"(?:0+[-/.年月日时分秒:T Z+]*)+|000[01]\D.*|0001\d{4}(?:\d{6})?", re.ASCII)
_FAR = re.compile(r"(9999\D?[019][1239]\D?\d\d)(?!\d)(?:\D.*)?|99999999", re.ASCII)
_MIDNIGHT = 24


def to_date(value: Any, formats: Iterable[str] = DATE_FORMATS) -> date | None:
    """A day of China. Nothing, words for "no end", zero dates and years after `LAST_YEAR` are None.
    Raises ValueError for what is no day.
    """
    if isinstance(value, datetime):
        return value.astimezone(CHINA_TIME).date()
    if value is None or isinstance(value, date):
        return value
    return _date_of(_plain(value), tuple(formats))


def to_instant(value: Any, formats: Iterable[str] = DATE_FORMATS) -> datetime:
    """An aware UTC instant from a day (its first moment in China), a local time, a time with its
    zone, or milliseconds since 1970. Raises ValueError for anything else, also outside the
    calendar.
    """
    day, clock, zone = _moment(_plain(value), tuple(formats))
    moment = datetime.combine(day, time(0), zone or CHINA_TIME)
    try:
        return (moment + clock).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def complete_format(pattern: str) -> bool:
    """Whether a declared format tells a whole day."""
    return pattern == SECONDS or all(
        any(directive in pattern for directive in part)
        for part in (("%Y", "%y"), ("%m", "%b", "%B"), ("%d",))
    )


def _plain(value: Any) -> str:
    """A scalar as text; what is none fits no writing of a day."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip(" \t\r\n\u200b\ufeff")


@lru_cache(maxsize=16_384)
def _date_of(text: str, formats: tuple[str, ...]) -> date | None:
    if not text or _ZERO.fullmatch(text) or _FAR.fullmatch(text):
        return None
    if not text[0].isdigit() and (says_no_end(text) or says("not_told", text)):
        return None
    day, clock, zone = _moment(text, formats)
    if not 1 < day.year <= LAST_YEAR:
        return None
    if zone is not None:
        day = (datetime.combine(day, time(0), zone) + clock).astimezone(CHINA_TIME).date()
    return day


@lru_cache(maxsize=16_384)
def _moment(text: str, formats: tuple[str, ...]) -> tuple[date, timedelta, timezone | None]:
    """Day as written, time on it, and its zone (None: local)."""
    for pattern in formats:
        if pattern not in DATE_FORMATS and (found := _declared(text, pattern)):
            return found
    if match := _WRITTEN.fullmatch(text):
        return _written(match)
    if match := _RUN.fullmatch(text):
        year, month, day, *clock = (int(part or 0) for part in match.groups())
        try:
            return date(year, month, day), _clock(*clock), None
        except ValueError:
            if not _COUNT.fullmatch(text):
                raise
    if match := _DOTNET.fullmatch(text):
        return _since_1970(int(match[1]) / 1000)
    if _COUNT.fullmatch(text) and not _SHORT_RUN.fullmatch(text):
        return _since_1970(int(text) / 1000)
    raise ValueError("no day and no instant")


def _written(match: re.Match[str]) -> tuple[date, timedelta, timezone | None]:
    parts = match.groups()
    year, month, day = (int(p) for p in (parts[0:1] + parts[2:4] if parts[0] else parts[4:7]))
    hour, minute, second, fraction, zone = parts[7:]
    found = date(year, month, day)
    if hour is None:  # a day with a zone, as XML writes it, is that day
        return found, timedelta(0), None
    millis = int(((fraction or "") + "000")[:3])
    return found, _clock(int(hour), int(minute), int(second or 0), millis), _zone(zone)


def _clock(hour: int, minute: int, second: int, millis: int = 0) -> timedelta:
    whole = hour == _MIDNIGHT and not (minute or second or millis)
    if not whole:
        time(hour, minute, min(second, 59) if second == 60 else second)  # noqa: PLR2004 - leap second
    # 24:00 is the end of the day that is written, not the next one's beginning.
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=millis) - (
        timedelta(microseconds=1) if whole else timedelta(0)
    )


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _since_1970(seconds: float) -> tuple[date, timedelta, timezone | None]:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
    begin = datetime.combine(moment.date(), time(0), UTC)
    return moment.date(), moment - begin, UTC


def _declared(text: str, pattern: str) -> tuple[date, timedelta, timezone | None] | None:
    if pattern == SECONDS:
        return _since_1970(int(text)) if _SECONDS.fullmatch(text) else None
    try:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007 - its zone is read below
    except ValueError:
        return None
    if text.isdigit() and found.strftime(pattern) != text:
        return None  # a digit was missing, and another taken in its place
    clock = found - datetime.combine(found.date(), time(0), found.tzinfo)
    offset = found.utcoffset()
    return found.date(), clock, None if offset is None else timezone(offset)
