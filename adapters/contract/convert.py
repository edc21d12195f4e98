"""Plain conversions shared by every mapping: dates, instants, truth words, codes. Pure; raises
ValueError.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

CHINA_TIME = timezone(timedelta(hours=8))
"""Departments write local times without a zone; China has one."""

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y年%m月%d日")
_USUAL = tuple(
    (
        pattern,
        re.compile(
            pattern.replace("%Y", r"(\d{4})").replace("%m", r"(\d\d)").replace("%d", r"(\d\d)"),
            re.ASCII,
        ),
    )
    for pattern in DATE_FORMATS
)
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_TRUE = frozenset({"1", "true", "yes", "y", "是", "有"})
_FALSE = frozenset({"0", "false", "no", "n", "否", "无"})
_EPOCH_MILLIS = 10_000_000_000


def to_date(value: Any, formats: Iterable[str] = DATE_FORMATS) -> date | None:
    """A date from any of the formats; empty, 长期 and 9999-12-31 mean no end and become None."""
    if value is None or isinstance(value, date):
        return value
    return _date_of(str(value).strip(), tuple(formats))


@lru_cache(maxsize=16_384)
def _date_of(text: str, formats: tuple[str, ...]) -> date | None:
    if text in {"", "长期", "永久", "9999-12-31", "99991231"}:
        return None
    for pattern, usual in _USUAL:
        if pattern in formats and (found := usual.fullmatch(text)):
            return date(int(found[1]), int(found[2]), int(found[3]))
    for pattern in formats:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    return datetime.fromisoformat(text).date()


def to_instant(value: Any) -> datetime:
    """An aware UTC instant from ISO 8601, a local date and time, a bare date (its first moment) or
    epoch milliseconds.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError("no time given")
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000 if abs(value) >= _EPOCH_MILLIS else value, UTC)
    text = str(value).strip()
    if _LOCAL_TIME.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=CHINA_TIME).astimezone(UTC)
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", *DATE_FORMATS):
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=CHINA_TIME).astimezone(UTC)
        except ValueError:
            continue
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=CHINA_TIME)).astimezone(UTC)


def to_bool(value: Any) -> bool | None:
    """A truth value from the words departments use; None and empty text are not told, never
    false.
    """
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if not text:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("not a truth value")


def to_text(value: Any) -> str | None:
    """Text without surrounding blanks; empty becomes None."""
    if value is None:
        return None
    return str(value).strip() or None


def to_int(value: Any) -> int | None:
    """A whole number; empty becomes None."""
    text = to_text(value)
    return None if text is None else int(text)


def to_number(value: Any) -> float | None:
    """A number; empty becomes None."""
    text = to_text(value)
    return None if text is None else float(text)


def to_list(value: Any) -> list[Any]:
    """A list: None is empty, text is split at 、 ， , and ; , a single value stands alone."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        for mark in "，、;；":
            value = value.replace(mark, ",")
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value]
