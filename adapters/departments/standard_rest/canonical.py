"""An answer that is canonical already, read at the decoder's speed: typed, echo and time checked,
no key twice. Pure.

Only the plain success is read here; whatever is not exactly that is None, and the general reading
gives it its reason.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.contract.adapter import SectionAnswer
from adapters.contract.days import BEGINNING
from adapters.contract.errors import AdapterMalformed
from adapters.contract.sections import encode
from adapters.transport.answers import SOURCE_CLOCK_SKEW
from adapters.transport.guard import Limits
from adapters.transport.scan import LOOK_TWICE, check_cost, check_text, repeats_keys

_FOUND = frozenset({"found", None})
_LARGE = 32 << 10
"""Below this no answer can have too many parts or too long a text."""


class CanonicalReader:
    """Reads envelopes of department-adapter.v1.yaml with `data` in one section's shape."""

    def __init__(
        self, shape: type[msgspec.Struct], limits: Limits, now: Callable[[], datetime]
    ) -> None:
        self._limits = limits
        self._now = now
        fields: list[tuple[str, Any, Any]] = [
            ("business_id", str | None, None),
            ("as_of", str | None, None),
            ("status", str | None, None),
            ("data", shape | None, None),
        ]
        envelope = msgspec.defstruct("Envelope", fields, frozen=True)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(envelope).decode

    def read(self, raw: bytes, asked: str, digest: str) -> SectionAnswer | None:
        """The answer, or None where the plain reading does not apply."""
        if len(raw) > _LARGE:
            return None
        try:
            envelope = self._decode(raw)
            told: str = envelope.as_of
            as_of = datetime.fromisoformat(told)
            if as_of.tzinfo is not UTC and as_of.tzinfo is not None:
                as_of = as_of.astimezone(UTC)
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError):
            return None
        data, status = envelope.data, envelope.status
        if (
            data is None
            or envelope.business_id != asked
            or status not in _FOUND
            or as_of.tzinfo is None
        ):
            return None  # a local time: the general reading knows the zone
        if as_of > self._now() + SOURCE_CLOCK_SKEW or as_of <= BEGINNING:
            return None
        encoded = encode(data)
        if LOOK_TWICE(encoded):
            return None
        # As many colons as what was decoded has: no key came twice, and nothing came that the shape
        # does not know.
        outside = told.count(":") + (3 if status is None else 4)
        if b"\\" in raw or raw.count(b":") != encoded.count(b":") + outside:
            return (
                None if self._is_odd(raw) else SectionAnswer(data, as_of, digest, None, 1, encoded)
            )
        return SectionAnswer(data, as_of, digest, None, 1, encoded)

    def _is_odd(self, raw: bytes) -> bool:
        """Whether parts that the shape does not know break a rule, so that the general reading must
        say which.
        """
        try:
            check_text(raw)
            check_cost(raw, self._limits)
            return repeats_keys(raw, msgspec.json.decode(raw)) is not False
        except (AdapterMalformed, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return True
