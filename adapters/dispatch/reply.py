"""What became of a question, as a value. Pure."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from adapters.contract import ANSWERED, Outcome
from adapters.contract.reading import Unreadable


class Reply(Struct, frozen=True):
    """What became of a question. `encoded` is the section's data as the department gave it, before
    any release, `unreadable` what was left out of it.
    """

    outcome: Outcome
    reason: str | None
    elapsed_ms: int
    data: Struct | None = None
    encoded: bytes | None = None
    as_of: datetime | None = None
    fetched_at: datetime | None = None
    attempts: int = 0
    digest: str | None = None
    unreadable: tuple[Unreadable, ...] = ()
    received: bool = False

    @property
    def unreadable_fields(self) -> frozenset[str]:
        """The section's own fields of which something was left out."""
        return frozenset(row.pointer.split("/", 2)[1] for row in self.unreadable)

    @property
    def is_current(self) -> bool:
        """Whether the department itself has spoken now."""
        return self.outcome in ANSWERED


@lru_cache(maxsize=256)
def _decoder(shape: type[Struct]) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(shape).decode


def decoded(shape: type[Struct], encoded: bytes) -> Struct:
    """A section's data from its own encoding."""
    value: Struct = _decoder(shape)(encoded)
    return value
