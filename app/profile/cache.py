"""Answers that may be used again: as `cached` while fresh, as `stale` where nothing fresh came; bounded in bytes and age. Pure.

What is kept is what the department said, before any release: the policy is applied at each use, so a revoked agreement yields
nothing. It is kept encoded, in this process's memory only.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

from msgspec import Struct

from app.profile.answered import Answered

Key = tuple[str, ...]
Kept = tuple[bytes, datetime | None, datetime, str | None]
"""Encoded data, source time, when it was fetched, digest of the source's bytes."""


class Freshness(Struct, frozen=True):
    """How long answers of a section stay fresh, and how long a last-known one may stand in; zero means never."""

    fresh: timedelta = timedelta(0)
    stale: timedelta = timedelta(hours=24)


class AnswerCache:
    """Least recently kept out first. Holds answers without their decoded data; whoever uses one decodes it again."""

    def __init__(self, *, most_bytes: int = 32 << 20) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    def keep(self, key: Key, answered: Answered) -> None:
        """Remember an answer that holds data."""
        encoded, fetched_at = answered.encoded, answered.fetched_at
        if encoded is None or fetched_at is None:
            return
        known = self._kept.pop(key, None)
        self._bytes += len(encoded) - (0 if known is None else len(known[0]))
        self._kept[key] = (encoded, answered.as_of, fetched_at, answered.digest)
        while self._bytes > self._most:
            self._bytes -= len(self._kept.popitem(last=False)[1][0])

    def fresh(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """An answer young enough to stand for the department's word now."""
        found = self._kept.get(key) if freshness.fresh else None
        return found if found is not None and now - found[2] < freshness.fresh else None

    def stale(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """The last-known answer, if it is not too old to be shown."""
        found = self._kept.get(key)
        return found if found is not None and now - found[2] <= freshness.stale else None

    def holds_newer(self, key: Key, than: datetime) -> bool:
        """Whether an answer is kept that was fetched after this instant."""
        found = self._kept.get(key)
        return found is not None and found[2] > than

    def forget(self, key: Key) -> None:
        """Drop an answer."""
        known = self._kept.pop(key, None)
        if known is not None:
            self._bytes -= len(known[0])

    def __len__(self) -> int:
        return len(self._kept)
