"""The headers that tell a department who asks, why, and until when. Pure."""

from urllib.parse import quote

from msgspec import structs

from adapters.contract.adapter import AdapterQuery
from adapters.contract.errors import AdapterUnavailable

_LINES = 5


class RoutedQuery(AdapterQuery, frozen=True):
    """A question on its way over the exchange. `replica` says which of the addresses that a
    manifest declares is asked, 0 the first; `head` has the varying headers as bytes, where whoever
    asks many departments has made them once for all.
    """

    replica: int = 0
    head: bytes = b""


def routed(query: AdapterQuery) -> RoutedQuery:
    """A query for the first address, unless it says another."""
    return query if isinstance(query, RoutedQuery) else RoutedQuery(*structs.astuple(query))


HOP_SECONDS = 0.02
"""Kept back from what a department is told, for the way there and back."""


def told_ms(deadline: float, now: float) -> int:
    """What a department is told: what is left, less one hop; at least one millisecond."""
    return max(int((deadline - now - HOP_SECONDS) * 1000), 1)


def fields_of(query: AdapterQuery, left_ms: int) -> dict[str, str]:
    """The headers that differ between look-ups and are the same for all departments of one."""
    return {
        "X-Request-Id": query.trace_id,
        "X-Purpose": query.purpose,
        "X-Unit": quote_header(query.unit),
        "Deadline": str(left_ms),
        "Traceparent": query.traceparent,
    }


def head_of(query: AdapterQuery, left_ms: int) -> bytes:
    """The same as bytes. Raises `AdapterUnavailable("request_refused")` for a value that would
    smuggle another header.
    """
    varying = "".join([f"{name}: {value}\r\n" for name, value in fields_of(query, left_ms).items()])
    if varying.count("\n") != _LINES or varying.count("\r") != _LINES or "\x00" in varying:
        raise AdapterUnavailable("request_refused", "a header value holds a line break")
    return varying.encode()


def quote_header(value: str) -> str:
    """A value that a header can carry: what is not ASCII is percent-encoded."""
    return value if value.isascii() else quote(value, safe=" :/._-")
