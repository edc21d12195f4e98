"""When a failed question may be asked once more: full jitter, and a budget so that retries never
become a storm. Pure.
"""

from collections.abc import Callable

SHORTEST, LONGEST = 0.025, 0.25
"""Seconds between an attempt and the next: full jitter between these."""


def pause(random: Callable[[], float], retry_after: float | None = None) -> float:
    """Seconds to wait before the next attempt; a department's own `Retry-After` is the least."""
    jittered = SHORTEST + (LONGEST - SHORTEST) * random()
    return jittered if retry_after is None else max(retry_after, jittered)


class Budget:
    """Tokens that earn a share of every question and some each second; an extra question costs one.

    Keeps extra calls at `share` of the honest ones plus `per_second`, whatever fails (Finagle's
    retry budget).
    """

    __slots__ = ("_at", "_most", "_per_second", "_share", "_tokens")

    def __init__(self, share: float, per_second: float, most: float = 10.0) -> None:
        self._share = share
        self._per_second = per_second
        self._most = most
        self._tokens = per_second
        self._at: float | None = None

    def earn(self) -> None:
        """A question was asked."""
        self._tokens += self._share
        self._tokens = min(self._tokens, self._most)

    def take(self, now: float) -> bool:
        """Spend one token; False if there is none."""
        if self._at is not None:
            self._tokens = min(self._tokens + (now - self._at) * self._per_second, self._most)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
