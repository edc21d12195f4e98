"""Answers that may be used again: as `cached` while fresh, as `stale` where nothing fresh came;
bounded in bytes and age. Pure.

What is kept is what the department said, before any release: the policy is applied at each use, so
a revoked agreement yields nothing. It is kept encoded, in this process's memory only.
"""

from collections import deque
from datetime import UTC, datetime, timedelta
from mmap import mmap

from msgspec import Struct

from adapters.contract.reading import Unreadable
from adapters.dispatch.reply import Reply

Key = tuple[str, ...]
STAY_SECONDS = 60.0
"""Where the block is written round faster than this, only every so many-th new answer is kept: what
would be overwritten within seconds serves nobody, and costs a copy.
"""
_MOST_SKIPPED = 64
_MOST_NOTHING = 20_000
_STRETCHES = 16
"""Parts of the block after each of which the pace is looked at."""
_AGAIN = timedelta(minutes=5)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = 512
"""An answer takes a multiple of so many bytes: their number is bounded too, and one that grew a
little keeps its place.
"""


class Kept(Struct, frozen=True):
    """An answer that was kept. `encoded` is its data, `fetched_at` when it came, `digest` that of
    the source's bytes, `unreadable` what was left out of it.
    """

    encoded: bytes
    as_of: datetime | None
    fetched_at: datetime
    digest: str | None
    unreadable: tuple[Unreadable, ...] = ()
    received: bool = False


class Freshness(Struct, frozen=True):
    """How long answers of a section stay fresh, and how long a last-known one may stand in; zero
    means never.
    """

    fresh: timedelta = timedelta(0)
    stale: timedelta = timedelta(hours=24)


class _Place(Struct):
    """Where an answer lies in what was ever written: `taken` bytes are its own, `size` of them are
    used now.
    """

    begin: int
    taken: int
    size: int
    as_of: datetime | None
    fetched_at: datetime
    digest: str | None
    unreadable: tuple[Unreadable, ...] = ()
    received: bool = False
    again_at: datetime = _LONG_AGO


class AnswerCache:
    """The newest answers, as many as fit into `most_bytes`. Without their decoded data: whoever
    uses one decodes it again.

    Their bytes are copied into one block that is written round and round: thousands of pieces a
    second, each in memory of its own, would push everything else out of the processor's caches. A
    newer answer to the same question takes the older one's place where it fits, so that only new
    questions push old ones out. `stay_seconds`: where more come than would stay so long, only every
    so many-th new one is kept.
    """

    def __init__(self, *, most_bytes: int = 32 << 20, stay_seconds: float = 0.0) -> None:
        self._stay = stay_seconds
        self._block = mmap(-1, most_bytes)  # takes no memory before it is written
        self._written = 0
        """Bytes ever written: an answer that begins more than a block before this is overwritten.
        """
        self._every, self._skipped = 1, 0
        self._stretch_began, self._stretch_ends = _LONG_AGO, 0
        self._kept: dict[Key, _Place] = {}
        self._nothing: dict[Key, datetime] = {}
        """When a department said last that there is nothing: what is kept elsewhere is older."""
        self._order: deque[tuple[int, Key]] = deque()

    def keep(self, key: Key, answered: Reply) -> bool:
        """Remember an answer that holds data; one that is larger than everything together is not,
        nor are all of those that come so fast that none would stay a minute.

        Says whether it is worth keeping elsewhere too: it is another one than before, or the same
        said again after five minutes.
        """
        encoded, fetched_at = answered.encoded, answered.fetched_at
        if encoded is None or fetched_at is None:
            return False
        size, known = len(encoded), self._kept.get(key)
        if known is None or size > known.taken:
            if self._every > 1 and known is None and self._skips(fetched_at):
                return True
            known = self._taken(key, size, fetched_at)
            if known is None:
                return True
        if self._nothing:
            self._nothing.pop(key, None)
        known.size = size
        known.as_of = answered.as_of
        known.fetched_at = fetched_at
        is_news = known.digest != answered.digest or fetched_at >= known.again_at
        if is_news:
            known.again_at = fetched_at + _AGAIN
            known.digest = answered.digest
        known.unreadable = answered.unreadable
        known.received = answered.received
        place = known.begin % len(self._block)
        self._block[place : place + size] = encoded
        return is_news

    def _skips(self, at: datetime) -> bool:
        """Whether this new answer is one of those that are not kept."""
        self._skipped += 1
        if self._skipped < self._every:
            return True
        self._skipped = 0
        if (at - self._stretch_began).total_seconds() > self._stay / _STRETCHES:
            self._every, self._stretch_began = self._every // 2, at  # it has become quieter
        return False

    def _pace(self, at: datetime) -> None:
        """A stretch of the block has been written: keep as many as stay long enough."""
        seconds = max((at - self._stretch_began).total_seconds(), 0.001) * _STRETCHES
        self._every = min(max(round(self._every * self._stay / seconds), 1), _MOST_SKIPPED)
        self._stretch_began, self._stretch_ends = at, self._written + len(self._block) // _STRETCHES

    def _taken(self, key: Key, size: int, at: datetime) -> _Place | None:
        """A new place for an answer; what lay there is forgotten."""
        most, taken = len(self._block), -(-size // _LEAST) * _LEAST
        self._kept.pop(key, None)
        if taken > most:
            return None
        left = most - self._written % most
        if taken > left:  # no answer is cut in two
            self._written += left
        found = self._kept[key] = _Place(self._written, taken, size, None, at, None)
        self._order.append((found.begin, key))
        self._written += taken
        if self._written > self._stretch_ends:
            self._pace(at)
        self._forget_overwritten()
        return found

    def _forget_overwritten(self) -> None:
        order, oldest = self._order, self._written - len(self._block)
        while order and order[0][0] < oldest:
            begin, key = order.popleft()
            found = self._kept.get(key)
            if found is not None and found.begin == begin:
                del self._kept[key]

    def fresh(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """An answer young enough to stand for the department's word now."""
        found = self._kept.get(key) if freshness.fresh else None
        return (
            self._read(found)
            if found is not None and now - found.fetched_at < freshness.fresh
            else None
        )

    def stale(self, key: Key, freshness: Freshness, now: datetime) -> Kept | None:
        """The last-known answer, if it is not too old to be shown."""
        found = self._kept.get(key)
        return (
            self._read(found)
            if found is not None and now - found.fetched_at <= freshness.stale
            else None
        )

    def _read(self, found: _Place) -> Kept:
        place = found.begin % len(self._block)
        return Kept(
            self._block[place : place + found.size],
            found.as_of,
            found.fetched_at,
            found.digest,
            found.unreadable,
            found.received,
        )

    def holds_newer(self, key: Key, than: datetime) -> bool:
        """Whether an answer is kept that was fetched after this instant."""
        found, nothing = self._kept.get(key), self._nothing.get(key)
        return (found is not None and found.fetched_at > than) or (
            nothing is not None and nothing > than
        )

    def has_ended(self, key: Key) -> bool:
        """Whether the department said last that there is nothing."""
        return key in self._nothing

    def forget(self, key: Key, at: datetime) -> None:
        """Drop an answer: the department said at this moment that there is nothing."""
        self._kept.pop(key, None)
        self._nothing.pop(key, None)
        self._nothing[key] = at
        if len(self._nothing) > _MOST_NOTHING:
            del self._nothing[next(iter(self._nothing))]

    def __len__(self) -> int:
        return len(self._kept)
