"""How often one caller may ask: a bucket per caller, told in `RateLimit` headers
(draft-ietf-httpapi-ratelimit-headers).
"""

import time
from collections.abc import Callable

from app.core.errors import Throttled

_MOST_CALLERS = 50_000
_LOOKED_AT = 16
"""Buckets that are looked at to find one that may be forgotten."""

Pair = tuple[bytes, bytes]


class Rates:
    """Buckets of `burst` requests that refill with `per_second`. Zero `per_second` means no
    bound. `scope` is what a bucket belongs to, as told in the headers.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        now: Callable[[], float] = time.monotonic,
        scope: str = "caller",
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self.now = now
        self._buckets: dict[str, list[float]] = {}
        window = max(1, round(burst / per_second)) if per_second else 1
        self._policy = (b"ratelimit-policy", f'"{scope}";q={burst};w={window}'.encode())
        self._left = f'"{scope}"'.encode()

    def __len__(self) -> int:
        """Callers that are remembered."""
        return len(self._buckets)

    def allows(self, caller: str) -> bool:
        """Whether this caller may ask once more; takes one from the bucket of those who may."""
        if not self.per_second:
            return True
        bucket = self._bucket(caller)
        if bucket[0] < 1:
            return False
        bucket[0] -= 1
        return True

    def has_left(self, caller: str) -> bool:
        """Whether this caller may ask once more; takes nothing, and remembers nobody for it."""
        if not self.per_second or caller not in self._buckets:
            return True
        return self._bucket(caller)[0] >= 1

    def charge(self, caller: str) -> None:
        """Take one from the caller's bucket. Raises `Throttled` where there is none."""
        if not self.allows(caller):
            raise Throttled(self.wait(caller), self.headers(caller))

    def _bucket(self, caller: str) -> list[float]:
        now = self.now()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= _MOST_CALLERS:
                self._forget_one(now)
            bucket = self._buckets[caller] = [float(self.burst), now]
        else:
            bucket[0] = min(self.burst, bucket[0] + (now - bucket[1]) * self.per_second)
            bucket[1] = now
        return bucket

    def _forget_one(self, now: float) -> None:
        """Make room: whose bucket is full again loses nothing by it. Those who are still short of
        it are looked at last the next time; where all are, the oldest of them goes.
        """
        for _ in range(_LOOKED_AT):
            oldest = next(iter(self._buckets))
            bucket = self._buckets.pop(oldest)
            if bucket[0] + (now - bucket[1]) * self.per_second >= self.burst:
                return
            self._buckets[oldest] = bucket
        del self._buckets[next(iter(self._buckets))]

    def seconds_until_next(self, caller: str) -> float:
        """How long until this caller may ask again."""
        if not self.per_second:
            return 0.0
        return max(0.0, (1 - self._bucket(caller)[0]) / self.per_second)

    def wait(self, caller: str) -> int:
        """The same in whole seconds, at least one, as `Retry-After` tells it."""
        return int(self.seconds_until_next(caller)) + 1

    def headers(self, caller: str) -> dict[str, str]:
        """As `header_pairs`, for responses that take texts."""
        return {name.decode(): value.decode() for name, value in self.header_pairs(caller)}

    def header_pairs(self, caller: str) -> tuple[Pair, ...]:
        """The policy, and what is left of it."""
        bucket = self._buckets.get(caller)
        if not self.per_second or bucket is None:
            return ()
        refill = 1 + (self.burst - bucket[0]) // self.per_second
        return self._policy, (b"ratelimit", b"%b;r=%d;t=%d" % (self._left, bucket[0], refill))
