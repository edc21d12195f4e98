"""Identifiers: UUIDv7 (RFC 9562), ordered by time."""

import os
import time
import uuid


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


def new_span_id() -> str:
    """16 hexadecimal digits for a span (W3C parent-id)."""
    return os.urandom(8).hex()


def _new_value() -> int:
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62
