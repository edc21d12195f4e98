"""How many requests of which route got which status, and how long look-ups took. Counted where
they are answered; read at each scrape.
"""

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_OTHER = "other"


class Histogram:
    """Counts in buckets; of one thread."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def note(self, seconds: float) -> None:
        """One took so long."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds

    def metric(self, name: str, words: str) -> Metric:
        """As Prometheus reads it."""
        told, buckets = 0, []
        for bound, count in zip((*SECONDS, None), self.counts, strict=True):
            told += count
            buckets.append(("+Inf" if bound is None else str(bound), float(told)))
        family = HistogramMetricFamily(name, words)
        family.add_metric([], buckets, sum_value=self.sum)
        return family


class RequestCounts:
    """Of one process."""

    def __init__(self) -> None:
        self.by: dict[tuple[str, int], int] = {}
        self.look_ups = Histogram()

    def note(self, route: str | None, status: int) -> None:
        """A request was answered; an address that is no route of ours is `other`."""
        key = (route or _OTHER, status)
        self.by[key] = self.by.get(key, 0) + 1

    def families(self) -> Iterable[Metric]:
        """Read at each scrape."""
        family = CounterMetricFamily(
            "onevisit_requests", "Requests by route and status", labels=["route", "status"]
        )
        for (route, status), count in sorted(self.by.items()):
            family.add_metric([route, str(status)], count)
        yield family
        yield self.look_ups.metric("onevisit_profile_seconds", "Seconds a look-up took")
