"""Answers that may be used again: as `cached` while fresh, as `stale` where nothing fresh came; bounded in bytes and age. Pure.

What is kept is what the department said, before any release: the policy is applied at each use, so a revoked agreement yields
nothing. It is kept encoded, in this process's memory only.
"""

from collections import deque
from datetime import datetime, timedelta
from mmap import mmap

from msgspec import Struct

from app.profile.answered import Answered

Key = tuple[str, ...]
_LEAST = 512
"""Bytes that even the smallest answer takes, so that their number is bounded too."""


class Kept(Struct, frozen=True):
    """An answer that was kept. `encoded` is its data, `fetched_at` when it came, `digest` that of the source's bytes."""

    encoded: bytes
    as_of: datetime | None
    fetched_at: datetime
    digest: str | None


class Freshness(Struct, frozen=True):
    """How long answers of a section stay fresh, and how long a last-known one may stand in; zero means never."""

    fresh: timedelta = timedelta(0)
    stale: timedelta = timedelta(hours=24)


class AnswerCache:
    """The newest answers, as many as fit into `most_bytes`. Without their decoded data: whoever uses one decodes it again.

    Their bytes are copied into one block that is written round and round: thousands of pieces a second, each in memory of its
    own, would push everything else out of the processor's caches.
    """

    def __init__(self, *, most_bytes: int = 32 << 20) -> None:
        self._block = mmap(-1, most_bytes)  # takes no memory before it is written
        self._written = 0
        """Bytes ever written: an answer that begins more than a block before this is overwritten."""
        self._kept: dict[Key, tuple[int, int, datetime | None, datetime, str | None]] = {}
        """Begin and length in what was ever written."""
        self._order: deque[tuple[int, Key]] = deque()

    def keep(self, key: Key, answered: Answered) -> None:
        """Remember an answer that holds data; one that is larger than everything together is not."""
        encoded, fetched_at = answered.encoded, answered.fetched_at
        if encoded is None or fetched_at is None:
            return
        most, size = len(self._block), len(encoded)
        taken = max(size, _LEAST)
        self._kept.pop(key, None)
        if taken > most:
            return
        place = self._written % most
        if place + taken > most:  # no answer is cut in two
            self._written += most - place
            place = 0
        self._block[place : place + size] = encoded
        self._kept[key] = (self._written, size, answered.as_of, fetched_at, answered.digest)
        self._order.append((self._written, key))
        self._written += taken
        self._forget_overwritten()

    def _forget_overwritten(self) -> None:
        order, oldest = self._order, self._written - len(self._block)
        while order and order[0][0] < oldest:
            begin, key = order.popleft()
            found = self._kept.get(key)
            if found is not None and found[0] == begin:
                del self._kept[key]

    def fresh(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """An answer young enough to stand for the department's word now."""
        found = self._kept.get(key) if freshness.fresh else None
        return self._read(found) if found is not None and now - found[3] < freshness.fresh else None

    def stale(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """The last-known answer, if it is not too old to be shown."""
        found = self._kept.get(key)
        return self._read(found) if found is not None and now - found[3] <= freshness.stale else None

    def _read(self, found: tuple[int, int, datetime | None, datetime, str | None]) -> Kept:
        begin, size, as_of, fetched_at, digest = found
        place = begin % len(self._block)
        return Kept(self._block[place : place + size], as_of, fetched_at, digest)

    def holds_newer(self, key: Key, than: datetime) -> bool:
        """Whether an answer is kept that was fetched after this instant."""
        found = self._kept.get(key)
        return found is not None and found[3] > than

    def forget(self, key: Key) -> None:
        """Drop an answer."""
        self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)
