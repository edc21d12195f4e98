"""What every adapter checks in an answer, once: status, media type, echo, source time, canonical
shape. Absence of evidence is no evidence: nothing of a failed answer says anything of a business.
"""

from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from adapters.contract.adapter import SectionAnswer
from adapters.contract.business_id import normalise
from adapters.contract.convert import plain_text
from adapters.contract.days import DATE_FORMATS, to_instant
from adapters.contract.errors import AdapterError, AdapterMalformed, AdapterUnavailable
from adapters.contract.reading import Lost, ReadRecord, read_record
from adapters.contract.sections import encode
from adapters.transport.scan import check_display, is_suspect, without_what_nobody_sees

Now = Callable[[], datetime]

_JSON = frozenset({"application/json", "text/json"})
_XML = frozenset({"application/xml", "text/xml"})
SOURCE_CLOCK_SKEW = timedelta(minutes=10)
_STATUS = {
    401: "credentials_rejected",
    403: "credentials_rejected",
    429: "upstream_busy",
    503: "upstream_busy",
}
NO_CONTENT = frozenset({204, 205})
"""Statuses that have no content by definition (RFC 9110, 15.3)."""
_IN_PARTS = frozenset({206, 207, 208, 226})
_REDIRECTION, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500
_AGAIN = frozenset({502, 503, 504})
_LONGEST_WISH = 6


@lru_cache(maxsize=1024)
def media_type_of(content_type: bytes) -> str:
    """A content type without parameters, lower case."""
    return content_type.decode("latin-1").partition(";")[0].strip().lower()


def require_media_type(
    media_type: str, wanted: str, declared: Container[str] | None = None
) -> None:
    """Refuse an answer whose content type is not the agreed one: what is `declared`, else what is
    usual for the format (an HTML error page is no record).
    """
    if declared is not None:
        fits = media_type in declared
    elif wanted == "xml":
        fits = media_type in _XML or media_type.endswith("+xml")
    else:
        fits = media_type in _JSON or media_type.endswith("+json")
    if not fits:
        raise AdapterMalformed("content_type", f"got {media_type[:60] or 'none'}, wanted {wanted}")


def status_failure(
    status: int, headers: Mapping[str, str] | None = None, now: Now | None = None
) -> AdapterError | None:
    """The failure an HTTP status stands for, or None for a success; 502, 503 and 504 may be asked
    again.
    """
    if status in _STATUS:
        wish = retry_after_of(headers or {}, now)
        return AdapterUnavailable(
            _STATUS[status], f"HTTP {status}", again=status in _AGAIN, retry_after=wish
        )
    if status >= _SERVER_ERROR:
        return AdapterUnavailable("upstream_error", f"HTTP {status}", again=status in _AGAIN)
    if status >= _CLIENT_ERROR:
        return AdapterUnavailable("request_refused", f"HTTP {status}")
    return None


def require_whole(status: int) -> None:
    """Refuse what RFC 9110 (15.3) does not call a success with a whole answer: parts of one (206,
    207, 208, 226), and what has no content (204, 205).
    """
    if status >= _REDIRECTION or status in NO_CONTENT or status in _IN_PARTS:
        raise AdapterMalformed("schema_violation", f"HTTP {status} brings no whole answer")


def retry_after_of(headers: Mapping[str, str], now: Now | None = None) -> float | None:
    """Seconds of a `Retry-After`, told as seconds or as a date (RFC 9110, 10.2.3), which takes a
    clock; nonsense is no wish.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < _LONGEST_WISH else None
    try:
        until = parsedate_to_datetime(text) if now is not None else None
    except (ValueError, TypeError, OverflowError):
        return None
    if now is None or until is None:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    seconds = (until - now()).total_seconds()
    return seconds if 0 < seconds < 10 ** (_LONGEST_WISH - 1) else None


def is_echo(asked: str, told: Any) -> bool:
    """Whether an identifier that was told is the one that was asked; digits may come as a
    number.
    """
    if isinstance(told, int | float) and not isinstance(told, bool):
        told = plain_text(told)
    return isinstance(told, str) and normalise(told) == normalise(asked)


def require_echo(asked: str, told: Any, hint: str = "") -> None:
    """The answer must be about the business asked: a mixed-up answer is worse than none."""
    if not is_echo(asked, told):
        came = f"got {told!s:.40}" if told is not None else "got none"
        raise AdapterMalformed("wrong_business", f"{came}{hint}")


def require_named(asked: str, told: Any, hint: str = "") -> None:
    """A "no record" counts only where the answer names the business asked."""
    if told is None or told == "":
        raise AdapterUnavailable("echo_missing", hint.removeprefix(": "))
    require_echo(asked, told, hint)


def require_as_of(value: Any, now: Now, formats: tuple[str, ...] = DATE_FORMATS) -> datetime:
    """The source's own time: present, readable, not in the future (ten minutes of clock skew are
    forgiven).
    """
    try:
        as_of = to_instant(value, formats)
    except ValueError as error:
        raise AdapterMalformed("as_of_invalid", str(value)[:60]) from error
    if as_of > now() + SOURCE_CLOCK_SKEW:
        raise AdapterMalformed("as_of_invalid", "in the future")
    return as_of


def read_shape(values: Any, shape: type[msgspec.Struct]) -> ReadRecord:
    """Canonical values in their shape. Raises `AdapterMalformed` for what is no record; its detail
    names the field, not its content.
    """
    try:
        return read_record(values, shape)
    except Lost as error:
        raise AdapterMalformed("schema_violation", str(error)) from error


def section_answer(
    values: Any,
    shape: type[msgspec.Struct],
    as_of: datetime,
    digest: str,
    *,
    received: bool = False,
) -> SectionAnswer:
    """An answer with data: read, shown as it is written, encoded once."""
    data, encoded, unreadable = read_shape(values, shape)
    check_display(encoded)
    if is_suspect(encoded):
        data = without_what_nobody_sees(data)
        encoded = encode(data)
    return SectionAnswer(
        data, as_of, digest, encoded=encoded, unreadable=unreadable, received=received
    )


def digest_of(body: bytes) -> str:
    """The SHA-256 of the bytes a department sent, in the one form that digests have here."""
    return f"sha-256:{sha256(body).hexdigest()}"
