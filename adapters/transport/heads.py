"""The headers that tell a department who asks, why, and until when. Pure."""

from urllib.parse import quote

from adapters.contract.adapter import AdapterQuery
from adapters.contract.errors import AdapterUnavailable

_LINES = 5


def head_of(query: AdapterQuery, left_ms: int) -> bytes:
    """The headers that differ between look-ups and are the same for all departments of one."""
    varying = (
        f"X-Request-Id: {query.request_id}\r\nX-Purpose: {query.purpose}\r\nX-Unit: {quote_header(query.unit)}\r\n"
        f"Deadline: {left_ms}\r\nTraceparent: {query.traceparent}\r\n"
    )
    if varying.count("\n") != _LINES or varying.count("\r") != _LINES or "\x00" in varying:
        raise AdapterUnavailable("request_refused", "a header value holds a line break")
    return varying.encode()


def quote_header(value: str) -> str:
    """A value that a header can carry: what is not ASCII is percent-encoded."""
    return value if value.isascii() else quote(value, safe=" :/._-")
