"""Keyset pages: a signed cursor names the last row seen and the query it belongs to."""

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.core.errors import CursorInvalid

T = TypeVar("T")
_MAC_BYTES = 12

LimitQuery = Annotated[int, Query(ge=1, le=200, description="rows per page")]
CursorQuery = Annotated[
    str | None, Query(max_length=500, description="next_cursor of the page before")
]


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last one, `resume_cursor` goes on after it when there
    is something new.
    """

    items: list[T]
    next_cursor: str | None = None
    resume_cursor: str | None = None


def page_of(
    secret: bytes, rows: list[tuple[int, T]], query: dict[str, Any], *, after: int, limit: int
) -> Page[T]:
    """A page from up to limit + 1 rows of (position, item)."""
    shown = rows[:limit]
    resume = encode_cursor(secret, shown[-1][0] if shown else after, query)
    return Page(
        items=[item for _, item in shown],
        next_cursor=resume if len(rows) > limit else None,
        resume_cursor=resume,
    )


def encode_cursor(secret: bytes, last: int, query: dict[str, Any]) -> str:
    """A cursor after row `last` that only fits the same query."""
    payload = json.dumps({"after": last}).encode()
    return base64.urlsafe_b64encode(_mac(secret, payload, query) + payload).decode().rstrip("=")


def decode_cursor(secret: bytes, cursor: str | None, query: dict[str, Any]) -> int:
    """The row to continue after; 0 without a cursor. Raises `CursorInvalid` for any other text or
    query.
    """
    if cursor is None:
        return 0
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        payload = raw[_MAC_BYTES:]
        if not hmac.compare_digest(raw[:_MAC_BYTES], _mac(secret, payload, query)):
            raise CursorInvalid(pointer="/query/cursor")
        return int(json.loads(payload)["after"])
    except (ValueError, KeyError, TypeError):
        raise CursorInvalid(pointer="/query/cursor") from None


def _mac(secret: bytes, payload: bytes, query: dict[str, Any]) -> bytes:
    text = json.dumps(query, sort_keys=True, default=str).encode()
    return hmac.digest(secret + b"cursor", payload + b"\x00" + text, hashlib.sha256)[:_MAC_BYTES]
