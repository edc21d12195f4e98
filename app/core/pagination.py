"""Keyset pages: a signed cursor names the last row seen and the query it belongs to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from app.core.errors import CursorInvalid
from app.core.keys import Keyring

T = TypeVar("T")
Key = TypeVar("Key", int, str)
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


class CountedPage(Page[T], Generic[T]):
    """A page that says, where it was asked, how many rows follow it."""

    remaining: int | None = Field(None, description="rows after this page; null: not asked")
    remaining_is_least: bool = Field(False, description="there are more than are counted")


def page_of(
    keys: Keyring, rows: list[tuple[Key, T]], query: dict[str, Any], *, after: Key, limit: int
) -> Page[T]:
    """A page from up to limit + 1 rows of (key, item)."""
    shown = rows[:limit]
    resume = encode_cursor(keys, shown[-1][0] if shown else after, query)
    return Page(
        items=[item for _, item in shown],
        next_cursor=resume if len(rows) > limit else None,
        resume_cursor=resume,
    )


def ended(page: Page[T]) -> Page[T]:
    """A page of a list that does not grow at its end: there is nothing to resume."""
    return page.model_copy(update={"resume_cursor": None})


def encode_cursor(keys: Keyring, last: int | str, query: dict[str, Any]) -> str:
    """A cursor after row `last` that only fits the same query."""
    payload = json.dumps({"after": last}).encode()
    return (
        base64.urlsafe_b64encode(_mac(keys.cursors[0], payload, query) + payload)
        .decode()
        .rstrip("=")
    )


def decode_cursor(keys: Keyring, cursor: str | None, query: dict[str, Any]) -> int:
    """The row to continue after; 0 without a cursor. Raises `CursorInvalid` for any other text or
    query.
    """
    return _after(keys, cursor, query, int) if cursor is not None else 0


def decode_key(keys: Keyring, cursor: str | None, query: dict[str, Any]) -> str:
    """As `decode_cursor`, of rows that are known by a text; empty without a cursor."""
    return _after(keys, cursor, query, str) if cursor is not None else ""


def _after(keys: Keyring, cursor: str, query: dict[str, Any], kind: Callable[[Any], Key]) -> Key:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        payload = raw[_MAC_BYTES:]
        macs = [_mac(key, payload, query) for key in keys.cursors]
        if not any(hmac.compare_digest(raw[:_MAC_BYTES], mac) for mac in macs):
            raise CursorInvalid(pointer="/query/cursor")
        return kind(json.loads(payload)["after"])
    except (ValueError, KeyError, TypeError):
        raise CursorInvalid(pointer="/query/cursor") from None


def _mac(key: bytes, payload: bytes, query: dict[str, Any]) -> bytes:
    text = json.dumps(query, sort_keys=True, default=str).encode()
    return hmac.digest(key, payload + b"\x00" + text, hashlib.sha256)[:_MAC_BYTES]
