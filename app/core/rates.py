"""How often one caller may ask: a bucket per caller, told in `RateLimit` headers
(draft-ietf-httpapi-ratelimit-headers).
"""

import time
from collections.abc import Callable

from app.core.errors import Throttled

_MOST_CALLERS = 50_000

Pair = tuple[bytes, bytes]


class Rates:
    """Buckets of `burst` requests that refill with `per_second`. Zero `per_second` means no
    bound.
    """

    def __init__(
        self, per_second: float, burst: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self.now = now
        self._buckets: dict[str, list[float]] = {}
        window = max(1, round(burst / per_second)) if per_second else 1
        self._policy = (b"ratelimit-policy", b'"caller";q=%d;w=%d' % (burst, window))

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

    def charge(self, caller: str) -> None:
        """Take one from the caller's bucket. Raises `Throttled` where there is none."""
        if not self.allows(caller):
            raise Throttled(int(self.seconds_until_next(caller)) + 1, self.headers(caller))

    def _bucket(self, caller: str) -> list[float]:
        now = self.now()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= _MOST_CALLERS:
                self._buckets.clear()
            bucket = self._buckets[caller] = [float(self.burst), now]
        else:
            bucket[0] = min(self.burst, bucket[0] + (now - bucket[1]) * self.per_second)
            bucket[1] = now
        return bucket

    def seconds_until_next(self, caller: str) -> float:
        """How long until this caller may ask again."""
        if not self.per_second:
            return 0.0
        return max(0.0, (1 - self._bucket(caller)[0]) / self.per_second)

    def headers(self, caller: str) -> dict[str, str]:
        """As `header_pairs`, for responses that take texts."""
        return {name.decode(): value.decode() for name, value in self.header_pairs(caller)}

    def header_pairs(self, caller: str) -> tuple[Pair, ...]:
        """The policy, and what is left of it."""
        bucket = self._buckets.get(caller)
        if not self.per_second or bucket is None:
            return ()
        return self._policy, (
            b"ratelimit",
            b'"caller";r=%d;t=%d' % (bucket[0], 1 + (self.burst - bucket[0]) // self.per_second),
        )
