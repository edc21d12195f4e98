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
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant that zero stands for: until then nothing was told."""
_ONE, _TWO = r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日?"
_CLOCK = r"(\d{1,2})(?::|时)(\d{1,2})(?:(?::|分)(\d{1,2})(?:[.,](\d{1,9}))?秒?)?分?"
_WRITTEN = re.compile(
    rf"(?:{_ONE}|{_TWO})(?:(?: *T *| +|(?<=日)){_CLOCK})? ?(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_RUN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)(\d{3})?)?", re.ASCII)
_SHORT_RUN = re.compile(
    r"(?:19|2[01])\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d", re.ASCII
)
"""Twelve digits that may leave the seconds out: no instant, and no count either."""
_COUNT = re.compile(r"-?[1-9]\d{11,14}", re.ASCII)
_SECONDS = re.compile(r"0|-?[1-9]\d{0,10}", re.ASCII)
_FAR_SECONDS = re.compile(r"2534022\d{5}|25340230\d{4}", re.ASCII)
_DIGIT_RUNS = re.compile(r"\d+", re.ASCII)
_DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_ZERO = re.compile(
    r"0[0\-/.年月日时分秒:T Z+]*|000[012]\D.*|-0001\D.*|0001\d{4}(?:\d{6})?", re.ASCII
)
"""Also as Java (year 2) and PHP (year -1) write the zero day of MySQL."""
_FAR = re.compile(
    r"(9999\D?[019][1239]\D?\d\d)(?!\d)(?:\D.*)?|9{8,14}|9999(?:年(?:\d\d?月)?|[-/.]\d\d?)?|"
    r"9999([-/.])00\2(?:00)|\d\d?/\d\d?/9999|25340230\d{7}",
    re.ASCII,
)
_ENDS = frozenset({(1, 1), (12, 31)})
"""Month and day of what stands for "no end", as a count."""
_MIDNIGHT, _WIDEST_ZONE, _MINUTES = 24, 14, 60


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
    zone, or milliseconds since 1970. Raises ValueError for anything else, also for what is not
    after `BEGINNING` or after `LAST_YEAR`.
    """
    day, clock, zone = _moment(_plain(value), tuple(formats))
    moment = datetime.combine(day, time(0), zone or CHINA_TIME)
    try:
        found = (moment + clock).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
    if found <= BEGINNING or found.year > LAST_YEAR:
        raise ValueError("a time that stands for none")
    return found


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
    if (match := _RUN.fullmatch(text)) and (found := _run(match)):
        return found
    if match := _DOTNET.fullmatch(text):
        return _since_1970(int(match[1]) / 1000)
    if SECONDS in formats and (_SECONDS.fullmatch(text) or _FAR_SECONDS.fullmatch(text)):
        return _since_1970(int(text))
    if _COUNT.fullmatch(text) and not _SHORT_RUN.fullmatch(text):
        return _counted(int(text) / 1000)
    raise ValueError("no day and no instant")


def _run(match: re.Match[str]) -> tuple[date, timedelta, timezone | None] | None:
    year, month, day, *clock = (int(part or 0) for part in match.groups())
    try:
        return date(year, month, day), _clock(*clock), None
    except ValueError:
        return None


def _counted(seconds: float) -> tuple[date, timedelta, timezone | None]:
    """A count of milliseconds. Digits that lead beyond `LAST_YEAR` are a count only where they are
    the first or last day of a year: others are a number, or a day with a digit wrong.
    """
    found = _since_1970(seconds)
    near = {found[0], found[0] + timedelta(days=1)} if found[0] < date.max else {found[0]}
    if found[0].year > LAST_YEAR and not {(d.month, d.day) for d in near} & _ENDS:
        raise ValueError("no day and no instant")
    return found


def _written(match: re.Match[str]) -> tuple[date, timedelta, timezone | None]:
    parts = match.groups()
    year, month, day = (int(p) for p in (parts[0:1] + parts[2:4] if parts[0] else parts[4:7]))
    hour, minute, second, fraction, zone = parts[7:]
    found = date(year, month, day)
    if hour is None:  # a day with a zone, as XML writes it, is that day
        if zone is not None and zone not in "Zz" and ":" not in zone:
            raise ValueError("two years, or a zone that is none")
        _zone(zone)
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
    if int(digits[:2]) > _WIDEST_ZONE or int(digits[2:]) >= _MINUTES:
        raise ValueError("a zone that is none")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _since_1970(seconds: float) -> tuple[date, timedelta, timezone | None]:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
    begin = datetime.combine(moment.date(), time(0), UTC)
    return moment.date(), moment - begin, UTC


@lru_cache(maxsize=256)
def _may_fit(pattern: str) -> re.Pattern[str]:
    """What a text must look like for a format to be worth trying: the library compiles a format
    anew each time when more than five are in use.
    """
    pieces = []
    for piece in re.findall(r"%.|\s+|[^%\s]+|%", pattern, re.DOTALL):
        if piece.isspace():
            pieces.append(r"\s+")
        elif piece[0] == "%" and len(piece) > 1:
            pieces.append(_OF_DIRECTIVE.get(piece[1], ".*"))
        else:
            pieces.append(re.escape(piece))
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


_LONGEST_DAY = 64
_DIGITS = r"\s*\d+"
_OF_DIRECTIVE = {**dict.fromkeys("YmdHMSyjfIUWwuVG", _DIGITS), "%": "%"}


def _declared(text: str, pattern: str) -> tuple[date, timedelta, timezone | None] | None:
    if pattern == SECONDS:
        return None  # read where nothing else fits: a day may be written in digits too
    if len(text) > _LONGEST_DAY or not _may_fit(pattern).fullmatch(text):
        return None
    try:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007 - its zone is read below
    except ValueError:
        return None
    if not _whole(text, found.strftime(pattern), pattern):
        return None  # a digit was missing, and another taken in its place
    clock = found - datetime.combine(found.date(), time(0), found.tzinfo)
    offset = found.utcoffset()
    if offset is not None:
        return found.date(), clock, timezone(offset)
    return found.date(), clock, UTC if pattern.endswith("Z") or _names_utc(text, pattern) else None


def _names_utc(text: str, pattern: str) -> bool:
    return "%Z" in pattern and re.search(r"\b(?:UTC|GMT)\b", text, re.IGNORECASE) is not None


def _whole(text: str, again: str, pattern: str) -> bool:
    """Whether a text has the digits that its moment has, written again in the same format; a single
    digit may stand for two where signs stand around it.
    """
    if text.isdigit():
        return again == text
    told, written = _DIGIT_RUNS.findall(text), _DIGIT_RUNS.findall(again)
    if "%f" in pattern or "%z" in pattern:  # these are written in more ways than one
        told, written = told[:2], written[:2]
    return [int(run) for run in told] == [int(run) for run in written]
