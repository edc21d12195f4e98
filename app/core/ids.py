"""Identifiers: UUIDv7 (RFC 9562), ordered by time."""

import os
import time
import uuid
from datetime import datetime, timedelta


def new_id() -> uuid.UUID:
    """A fresh UUIDv7."""
    return uuid.UUID(int=_new_value())


def new_id_text() -> str:
    """A fresh UUIDv7 in its usual writing; the same as `str(new_id())`, for places that make
    thousands a second.
    """
    digits = f"{_new_value():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_trace_id() -> str:
    """32 hexadecimal digits for a trace (W3C trace-id), ordered by time."""
    return f"{_new_value():032x}"


def first_id_of(at: datetime) -> str:
    """The id before which every id lies that was made earlier, to the millisecond."""
    digits = f"{int(at.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"


def span_of(trace_id: str, before: timedelta, after: timedelta) -> tuple[str, str] | None:
    """Between which ids of ours lies what was made so long before or after a trace id of ours; None
    for one that another system made, which says nothing of when.
    """
    value = int(trace_id, 16)
    if value >> 76 & 0xF != _VERSION or value >> 62 & 0x3 != _VARIANT:
        return None
    at = value >> 80
    if not _EARLIEST_MS <= at <= _LATEST_MS:
        return None
    first, last = (at + _milliseconds(each) << 80 for each in (-before, after))
    return str(uuid.UUID(int=first)), str(uuid.UUID(int=last))


_VERSION, _VARIANT = 0x7, 0x2
_EARLIEST_MS, _LATEST_MS = 1_700_000_000_000, 7_258_118_400_000
"""Since there are such ids, until the year 2200."""


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def new_span_id() -> str:
    """16 hexadecimal digits for a span (W3C parent-id)."""
    return os.urandom(8).hex()


def _new_value() -> int:
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62
