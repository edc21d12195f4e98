"""The departments' lanes as metrics: asked, outcomes, latency, breaker, limit, in flight. Pure."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.lane import Lane
from adapters.dispatch.timeouts import BOUNDS

_EVERY = 4
"""Buckets of the engine's own histogram that make one of the published."""


def lane_families(dispatcher: Dispatcher) -> Iterator[Metric]:
    """All metrics of all lanes."""
    lanes = list(dispatcher.lanes.values())
    outcomes = CounterMetricFamily(
        "onevisit_adapter_outcomes", "Sections by outcome", labels=["adapter", "outcome"]
    )
    extra = CounterMetricFamily(
        "onevisit_adapter_extra",
        "Retried, hedged, joined and late questions",
        labels=["adapter", "kind"],
    )
    latency = HistogramMetricFamily(
        "onevisit_adapter_latency_seconds", "Time of single attempts", labels=["adapter"]
    )
    for lane in lanes:
        for outcome, count in lane.outcomes.items():
            outcomes.add_metric([lane.adapter_id, str(outcome)], count)
        for kind, count in lane.asked.items():
            extra.add_metric([lane.adapter_id, kind], count)
        latency.add_metric([lane.adapter_id], _buckets(lane), lane.latencies.sum_seconds)
    yield from (outcomes, extra, latency)
    yield _gauge(
        "onevisit_adapter_breaker_state",
        "0 closed, 1 half open, 2 open",
        lanes,
        (int(x.breaker.state) for x in lanes),
    )
    yield _gauge(
        "onevisit_adapter_in_flight", "Questions under way", lanes, (x.in_flight for x in lanes)
    )
    yield _gauge(
        "onevisit_adapter_waiting",
        "Questions that wait for a place",
        lanes,
        (len(x.waiting) for x in lanes),
    )
    yield _gauge(
        "onevisit_adapter_limit",
        "Questions that may be under way at once",
        lanes,
        (x.limit.value for x in lanes),
    )
    yield CounterMetricFamily(
        "onevisit_dispatcher_looks", "Looks for what is late", value=dispatcher.looks
    )
    yield GaugeMetricFamily(
        "onevisit_cache_entries", "Answers kept for use again", value=len(dispatcher.cache)
    )


def _buckets(lane: Lane) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound."""
    counted, found = 0, []
    for place, count in enumerate(lane.latencies.ever):
        counted += count
        if place < len(BOUNDS) and place % _EVERY == _EVERY - 1:
            found.append((f"{BOUNDS[place]:.4g}", float(counted)))
    return [*found, ("+Inf", float(counted))]


def _gauge(name: str, words: str, lanes: list[Lane], values: Iterable[float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=["adapter"])
    for lane, value in zip(lanes, values, strict=True):
        family.add_metric([lane.adapter_id], value)
    return family
