"""How departments answer, minute by minute, from every process, kept for a day.

Nothing is added to a look-up: the counters that the metrics have are looked at once a second, and
what they grew by in a minute is written when the minute is over.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from adapters.dispatch.timeouts import BOUNDS, Latencies
from app.core.clock import Clock
from app.core.db import Database, DatabaseBusy
from app.core.ids import new_id_text
from app.registry import repository
from app.registry.models import AdapterMinute
from app.registry.schemas import MeasurementRead

log = logging.getLogger("onevisit.measuring")
KEPT_MINUTES = 24 * 60
_MINUTE = 60
_MOST_ROWS = 2000


class Counted(Protocol):
    """What is known of a department's answers since this process began."""

    adapter_id: str
    outcomes: Counter[str]
    latencies: Latencies


@dataclass(slots=True)
class _Seen:
    outcomes: Counter[str] = field(default_factory=Counter)
    latencies: list[int] = field(default_factory=list)


class Measurer:
    """Keeps what a process sees of each department. `counted` gives its counters of now."""

    def __init__(
        self, database: Database, clock: Clock, counted: Callable[[], Iterable[Counted]]
    ) -> None:
        self._database, self._clock, self._counted = database, clock, counted
        self._process = new_id_text()
        self._minute: int | None = None
        self._seen: dict[str, _Seen] = {}
        self._rows: list[AdapterMinute] = []

    async def step(self) -> bool:
        """Write what the last minute brought, once it is over."""
        minute = int(self._clock.now().timestamp()) // _MINUTE
        if self._minute is None:
            self._minute = minute
        if minute == self._minute:
            return False
        await self.keep()
        self._minute = minute
        return False

    async def keep(self) -> None:
        """Write what this minute has brought so far; nothing where nobody asked. What cannot be
        written waits for the next minute; the oldest goes where that lasts.
        """
        self._rows = [*self._rows, *self._grown()][-_MOST_ROWS:]
        if self._rows:
            try:
                await to_thread.run_sync(self._write)
            except (DatabaseBusy, SQLAlchemyError) as error:
                log.warning("%d measurements wait: %s", len(self._rows), type(error).__name__)

    def _grown(self) -> list[AdapterMinute]:
        if self._minute is None:
            return []
        outcomes: dict[str, Counter[str]] = {}
        times: dict[str, Counter[str]] = {}
        for lane in self._counted():
            before = self._seen.get(lane.adapter_id) or _Seen()
            now = _Seen(
                Counter({str(k): n for k, n in lane.outcomes.items()}), list(lane.latencies.ever)
            )
            self._seen[lane.adapter_id] = now
            known = before.latencies or [0] * len(now.latencies)
            # a candidate has a lane of its own, by its version: it is the same department's
            adapter = lane.adapter_id.partition("@")[0]
            outcomes.setdefault(adapter, Counter()).update(now.outcomes - before.outcomes)
            grown = {str(i): n - known[i] for i, n in enumerate(now.latencies) if n > known[i]}
            times.setdefault(adapter, Counter()).update(grown)
        return [
            AdapterMinute(
                adapter_id=adapter,
                minute=self._minute,
                process=self._process,
                outcomes=dict(outcomes[adapter]),
                latencies=dict(times[adapter]),
            )
            for adapter in outcomes
            if outcomes[adapter] or times[adapter]
        ]

    def _write(self) -> None:
        with self._database.write() as session:
            repository.forget_minutes(session, self._process, (self._minute or 0) - KEPT_MINUTES)
            repository.add_minutes(session, self._rows)
        self._rows = []  # only now: what was not written is written with the next minute


def measured(session: Session, adapter_id: str, now: datetime, every: int) -> list[MeasurementRead]:
    """Spans of `every` minutes of the last day in which anybody asked, the oldest first."""
    since = int(now.timestamp()) // _MINUTE - KEPT_MINUTES
    spans: dict[int, list[AdapterMinute]] = {}
    for row in repository.minutes(session, adapter_id, since):
        spans.setdefault(row.minute // every * every, []).append(row)
    return [_read(minute, rows) for minute, rows in sorted(spans.items())]


def _read(minute: int, rows: list[AdapterMinute]) -> MeasurementRead:
    outcomes: Counter[str] = Counter()
    times: Counter[int] = Counter()
    for row in rows:
        outcomes.update(row.outcomes)
        times.update({int(place): n for place, n in row.latencies.items()})
    return MeasurementRead(
        at=datetime.fromtimestamp(minute * _MINUTE, UTC),
        outcomes=dict(sorted(outcomes.items())),
        timed=times.total(),
        p50_ms=_quantile(times, 0.5),
        p95_ms=_quantile(times, 0.95),
    )


def _quantile(times: Counter[int], share: float) -> int | None:
    """Milliseconds within which this share of attempts ended, as exact as the bounds are."""
    wanted, seen = share * times.total(), 0
    for place, count in sorted(times.items()):
        seen += count
        if seen >= wanted:
            return round(1000 * BOUNDS[min(place, len(BOUNDS) - 1)])
    return None
