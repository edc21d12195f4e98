"""How long an attempt may take: by what the department itself usually takes, so that a slow, honest
one gets its turn. Pure.
"""

from bisect import bisect_left

BOUNDS = tuple(0.001 * 1.2**i for i in range(56))
"""Upper bounds of the latency buckets in seconds: 1 ms to about 22 s, each a fifth wider than the
one before.
"""
_LEAST_SECONDS = 0.1
_LEAST_SPAN = 5.0
"""What came within so many seconds of the first answer is one moment, and tells nothing of what is
usual.
"""
_MEDIAN, _LEAST_ATTEMPT = 0.5, 0.02
_FAIR_SECONDS = 1.0
"""What is long enough for a department of which too little is known."""
_LONGER = 2.0
BLAMED_SECONDS = 0.5
"""An attempt that was given less may teach how long the department takes, but not open its breaker:
one that is merely slower than it was (the morning's burst after a quiet night) is not down.
"""
_FEWEST_SAMPLES = 128
_FALSE_TIMEOUTS = 0.001
_HALVE_AFTER = 20_000
_REFRESH_EVERY = 64


class Latencies:
    """A department's latency histogram: `ever` only grows (metrics), `recent` fades so that old
    times are forgotten.
    """

    __slots__ = (
        "_cached",
        "_fresh",
        "_recent",
        "_samples",
        "_since",
        "ever",
        "least",
        "sum_seconds",
        "usual",
    )

    def __init__(self) -> None:
        self.ever = [0] * (len(BOUNDS) + 1)
        self.sum_seconds = 0.0
        self._recent = [0] * (len(BOUNDS) + 1)
        self._samples = 0
        self._fresh = 0
        self._since: float | None = None
        self._cached: dict[float, float | None] = {}
        self.least = _LEAST_ATTEMPT
        """Seconds that have to be left for a first attempt: what the department usually needs (its
        median), 20 ms where nothing is known.
        """
        self.usual: float | None = None
        """p99.9, at most 64 attempts old; None while too few are known, or for too short a time."""

    def record(self, seconds: float, now: float) -> None:
        """An attempt took this long; `now` is a loop time."""
        if self._since is None:
            self._since = now
        place = bisect_left(BOUNDS, seconds)
        self.ever[place] += 1
        self._recent[place] += 1
        self.sum_seconds += seconds
        self._samples += 1
        self._fresh += 1
        if self._fresh >= _REFRESH_EVERY:
            self._refresh(known_long_enough=now - self._since >= _LEAST_SPAN)

    def record_cut(self, seconds: float, now: float) -> None:
        """An attempt was cut after so many seconds: it would have taken longer, and twice as long
        is what is learned, at once. Learning the cut itself would keep cutting a department that
        became slower; how often that happens is in the metrics as it was.
        """
        if self._since is None:
            self._since = now
        self.ever[bisect_left(BOUNDS, seconds)] += 1
        self._recent[bisect_left(BOUNDS, seconds * _LONGER)] += 1
        self.sum_seconds += seconds
        self._samples += 1
        self._refresh(known_long_enough=now - self._since >= _LEAST_SPAN)

    def _refresh(self, *, known_long_enough: bool) -> None:
        self._fresh = 0
        self._cached.clear()
        if self._samples >= _HALVE_AFTER:
            self._recent = [count // 2 for count in self._recent]
            self._samples = sum(self._recent)
        self.usual = self.quantile(1 - _FALSE_TIMEOUTS) if known_long_enough else None
        self.least = max(self.quantile(_MEDIAN) or 0.0, _LEAST_ATTEMPT)

    def quantile(self, share: float, fewest: int = _FEWEST_SAMPLES) -> float | None:
        """Seconds within which this share of attempts ended; None while too few are known. At most
        64 attempts old.
        """
        if self._samples < fewest:
            return None
        if share not in self._cached:
            self._cached[share] = self._quantile(share)
        return self._cached[share]

    def _quantile(self, share: float) -> float:
        wanted, seen = share * self._samples, 0
        for place, count in enumerate(self._recent):
            seen += count
            if seen >= wanted:
                return BOUNDS[min(place, len(BOUNDS) - 1)]
        return BOUNDS[-1]


def is_fair(latencies: Latencies, allowed: float, unhurried: float) -> bool:
    """Whether so many seconds are as long as the department may usually take, or as callers in no
    hurry give (`unhurried`).

    An attempt that was given less tells that its caller was in a hurry, and nothing about the
    department.
    """
    usual = latencies.usual
    return allowed >= min(_FAIR_SECONDS if usual is None else max(usual, _LEAST_SECONDS), unhurried)


def attempt_seconds(latencies: Latencies, left: float) -> float:
    """Seconds an attempt may take: p99.9 of the department's own times, at least 100 ms, at most
    what is left.
    """
    usual = latencies.usual
    return left if usual is None else min(max(usual, _LEAST_SECONDS), left)
