"""Metrics for Prometheus, read at each scrape from counters that the parts keep anyway: counting
costs no request anything.
"""

import asyncio
import hmac
import ipaddress
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from app.core.admission import LAG_BOUNDS, Admission, takes
from app.core.deps import SettingsDep, Slot
from app.core.errors import NotAllowed
from app.core.rooms import Families
from app.core.siblings import Siblings
from app.core.wire.proxies import is_forwarded

router = APIRouter(tags=["health"])
SIBLINGS: Slot[Siblings] = Slot("metrics_siblings")


class MetricsForeign(NotAllowed):
    code = "metrics.not_yours"


def siblings(folder: str, *parts: Families) -> Siblings:
    """What this process counts, and what its siblings do."""
    registry = new_registry(*parts)
    return Siblings(folder, lambda: generate_latest(registry))


class _Collector:
    """Families of one part of the gateway."""

    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families()

    def describe(self) -> Iterable[Metric]:
        return ()


def new_registry(*parts: Families) -> CollectorRegistry:
    """A registry that asks these parts at each scrape, and the operating system about this
    process.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for families in parts:
        registry.register(_Collector(families))
    return registry


def admission_families(admission: Admission) -> Families:
    """What is in flight, the limit, refusals by priority, and how late the event loop runs."""

    def families() -> Iterable[Metric]:
        refused = {priority.name.lower(): count for priority, count in admission.refused.items()}
        words = "Requests refused for want of room"
        yield counter("onevisit_requests_refused", words, "priority", refused)
        yield gauge("onevisit_requests_in_flight", "Requests being answered", admission.in_flight)
        yield gauge("onevisit_requests_limit", "Requests that may be in flight", admission.limit)
        yield gauge("onevisit_tasks", "Tasks of the event loop", len(asyncio.all_tasks()))
        yield _lags(admission)

    return families


def _lags(admission: Admission) -> Metric:
    """How late the event loop ran, looked at twenty times a second."""
    counted, buckets = 0, []
    for bound, count in zip((*LAG_BOUNDS, None), admission.lags, strict=True):
        counted += count
        buckets.append(("+Inf" if bound is None else str(bound), float(counted)))
    family = HistogramMetricFamily("onevisit_loop_lag_seconds", "How late the event loop runs")
    family.add_metric([], buckets, sum_value=0.0)
    return family


def gauge(name: str, words: str, value: float) -> Metric:
    """A number as it stands."""
    return GaugeMetricFamily(name, words, value=value)


def labelled_gauge(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    """Numbers as they stand, by one label."""
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def counter(name: str, words: str, label: str, counts: dict[str, int]) -> Metric:
    """Counts by one label."""
    family = CounterMetricFamily(name, words, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@takes(None)
async def read_metrics(request: Request, settings: SettingsDep) -> Response:
    """Counts, latencies, breakers and limits of every department, in Prometheus' text format."""
    if not _may_read(
        request, settings.metrics_token.get_secret_value() if settings.metrics_token else None
    ):
        raise MetricsForeign
    return Response(await SIBLINGS.of(request.app).everything(), media_type=CONTENT_TYPE_LATEST)


def _may_read(request: Request, token: str | None) -> bool:
    """By the operators' token; where none is set, from this machine only: a request that came
    through a proxy did not.
    """
    if token is not None:
        return hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()
        )
    if is_forwarded(request.scope["headers"]):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
