"""What every adapter checks in an answer, once: status, media type, echo, source time, canonical
shape.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from adapters.contract.adapter import SectionAnswer
from adapters.contract.business_id import normalise
from adapters.contract.convert import to_instant
from adapters.contract.errors import AdapterError, AdapterMalformed, AdapterUnavailable
from adapters.contract.sections import encode
from adapters.transport.scan import check_display

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
_WHOLE = frozenset({200, 201})
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_AGAIN = frozenset({502, 503, 504})
_LONGEST_WISH = 6


@lru_cache(maxsize=1024)
def media_type_of(content_type: bytes) -> str:
    """A content type without parameters, lower case."""
    return content_type.decode("latin-1").partition(";")[0].strip().lower()


def require_media_type(media_type: str, wanted: str) -> None:
    """Refuse an answer whose content type is not the agreed one (an HTML error page is no
    record).
    """
    fits = (
        media_type in _XML
        if wanted == "xml"
        else media_type in _JSON or media_type.endswith("+json")
    )
    if not fits:
        raise AdapterMalformed("content_type", f"got {media_type[:60] or 'none'}, wanted {wanted}")


def status_failure(status: int, headers: Mapping[str, str] | None = None) -> AdapterError | None:
    """The failure an HTTP status stands for, or None for a success; 502, 503 and 504 may be asked
    again.
    """
    if status in _STATUS:
        wish = retry_after_of(headers or {})
        return AdapterUnavailable(
            _STATUS[status], f"HTTP {status}", again=status in _AGAIN, retry_after=wish
        )
    if status >= _SERVER_ERROR:
        return AdapterUnavailable("upstream_error", f"HTTP {status}", again=status in _AGAIN)
    if status >= _CLIENT_ERROR:
        return AdapterUnavailable("request_refused", f"HTTP {status}")
    return None


def require_whole(status: int) -> None:
    """Refuse what succeeded otherwise than with a whole answer: a part of one (206) is none."""
    if status not in _WHOLE:
        raise AdapterMalformed("schema_violation", f"HTTP {status} brings no whole answer")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After`; dates and nonsense are no wish."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_WISH else None


def require_echo(asked: str, told: Any) -> None:
    """The answer must be about the business asked: a mixed-up answer is worse than none."""
    if not isinstance(told, str) or normalise(told) != normalise(asked):
        raise AdapterMalformed("wrong_business")


def require_as_of(value: Any, now: Now) -> datetime:
    """The source's own time: present, readable, not in the future (ten minutes of clock skew are
    forgiven).
    """
    try:
        as_of = to_instant(value)
    except (ValueError, OverflowError, OSError) as error:
        raise AdapterMalformed("as_of_invalid", str(value)[:60]) from error
    if as_of > now() + SOURCE_CLOCK_SKEW:
        raise AdapterMalformed("as_of_invalid", "in the future")
    return as_of


def to_shape(values: Any, shape: type[msgspec.Struct]) -> msgspec.Struct:
    """Validate canonical values; the detail of a violation names the field, not its content."""
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        raise AdapterMalformed("schema_violation", str(error)) from error


def section_answer(
    values: Any, shape: type[msgspec.Struct], as_of: datetime, digest: str
) -> SectionAnswer:
    """An answer with data: validated, shown as it is written, encoded once."""
    data = to_shape(values, shape)
    encoded = encode(data)
    check_display(encoded)
    return SectionAnswer(data, as_of, digest, encoded=encoded)


def digest_of(body: bytes) -> str:
    """The SHA-256 of the bytes a department sent, in the one form that digests have here."""
    return f"sha-256:{sha256(body).hexdigest()}"
