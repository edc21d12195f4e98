"""The heads of questions to departments: one function writes every field. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from msgspec import structs

from adapters.contract.adapter import AdapterQuery
from adapters.contract.errors import AdapterUnavailable

_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_FIELD_VALUE = re.compile(r"[\x20-\x7e]{0,8192}")
RESERVED = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "deadline",
        "traceparent",
        "x-purpose",
        "x-request-id",
        "x-unit",
    }
)
"""Names that only the gateway itself gives: they frame a message or say who asks and why."""


def field_lines(fields: Iterable[tuple[str, str]]) -> str:
    """Fields of a head as they are sent, each with its end of line. Raises
    `AdapterUnavailable("request_refused")` for a name or value that could be more than one field.
    """
    lines = []
    for name, value in fields:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise AdapterUnavailable("request_refused", f"{name!r:.40} is no field of one line")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


def is_own(name: str) -> bool:
    """Whether a field is the gateway's own, so that no declaration may give it."""
    return name.lower() in RESERVED


class RoutedQuery(AdapterQuery, frozen=True):
    """A question on its way over the exchange. `replica` says which of the addresses that a
    manifest declares is asked, 0 the first; `head` has the varying headers as bytes, where whoever
    asks many departments has made them once for all.
    """

    replica: int = 0
    head: bytes = b""
    anew: bool = False
    """Ask on a connection that is made for it: whether the department answers again is in doubt."""


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
    return field_lines(fields_of(query, left_ms).items()).encode()


def payload_of(
    method: str, target: str, authority: str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> bytes:
    """The bytes of a question. Raises as `field_lines`."""
    fields = [("Host", authority), ("Accept-Encoding", "gzip"), *headers]
    if body or method == "POST":
        fields.append(("Content-Length", str(len(body))))
    if not target.isascii() or any(sign <= " " or sign == "\x7f" for sign in target):
        raise AdapterUnavailable("request_refused", "the address holds a blank or a line break")
    return f"{method} {target} HTTP/1.1\r\n{field_lines(fields)}\r\n".encode() + body


def quote_header(value: str) -> str:
    """A value that a header can carry: what is not ASCII is percent-encoded."""
    return value if value.isascii() else quote(value, safe=" :/._-")
