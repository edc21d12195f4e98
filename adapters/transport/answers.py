"""What every adapter checks in an answer, once: status, media type, echo, source time, canonical shape."""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from adapters.contract.business_id import normalise
from adapters.contract.convert import to_instant
from adapters.contract.errors import AdapterError, AdapterMalformed, AdapterUnavailable

Now = Callable[[], datetime]

_JSON = frozenset({"application/json", "text/json"})
_XML = frozenset({"application/xml", "text/xml"})
_CLOCK_SKEW = timedelta(minutes=10)
_STATUS = {401: "credentials_rejected", 403: "credentials_rejected", 429: "upstream_busy", 503: "upstream_busy"}
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


def require_media_type(media_type: str, wanted: str) -> None:
    """Refuse an answer whose content type is not the agreed one (an HTML error page is no record)."""
    fits = media_type in _XML if wanted == "xml" else media_type in _JSON or media_type.endswith("+json")
    if not fits:
        raise AdapterMalformed("content_type", f"got {media_type[:60] or 'none'}, wanted {wanted}")


def status_failure(status: int) -> AdapterError | None:
    """The failure an HTTP status stands for, or None for a success."""
    if status in _STATUS:
        return AdapterUnavailable(_STATUS[status], f"HTTP {status}")
    if status >= _SERVER_ERROR:
        return AdapterUnavailable("upstream_error", f"HTTP {status}")
    if status >= _CLIENT_ERROR:
        return AdapterUnavailable("request_refused", f"HTTP {status}")
    return None


def require_echo(asked: str, told: Any) -> None:
    """The answer must be about the business asked: a mixed-up answer is worse than none."""
    if not isinstance(told, str) or normalise(told) != normalise(asked):
        raise AdapterMalformed("wrong_business")


def require_as_of(value: Any, now: Now) -> datetime:
    """The source's own time: present, readable, not in the future (ten minutes of clock skew are forgiven)."""
    try:
        as_of = to_instant(value)
    except (ValueError, OverflowError, OSError) as error:
        raise AdapterMalformed("as_of_invalid", str(value)[:60]) from error
    if as_of > now() + _CLOCK_SKEW:
        raise AdapterMalformed("as_of_invalid", "in the future")
    return as_of


def to_shape(values: Any, shape: type[msgspec.Struct]) -> msgspec.Struct:
    """Validate canonical values; the detail of a violation names the field, not its content."""
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        raise AdapterMalformed("schema_violation", str(error)) from error


def digest_of(body: bytes) -> str:
    """RFC 9530 form of the SHA-256 of the bytes a department sent."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
