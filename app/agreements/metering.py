"""Quotas of agreements, over all processes: each takes a small portion from the database and tells
from it, so that the sum never exceeds the clause. What a process does not need it gives back.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Literal

from anyio import to_thread
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.agreements import repository
from app.agreements.decision import Quota
from app.agreements.models import QuotaWindow
from app.agreements.schemas import WindowRead
from app.core.clock import day_begin
from app.core.rules import rule

WindowName = Literal["day", "second"]
_SMALLEST_SHARE = {"day": 200, "second": 16}
"""A portion is at most this part of the quota: so much is lost with a process that dies."""
_LARGEST_PORTION = 64
_CLOSED_SECONDS = 1.0
_IDLE_SECONDS = 1.0
Transaction = Callable[[], AbstractAsyncContextManager[Session]]


def window_start(name: WindowName, now: datetime) -> datetime:
    """When the window that holds an instant began, in UTC."""
    if name == "second":
        return now.astimezone(UTC).replace(microsecond=0)
    return day_begin(now)


def window_end(name: WindowName, start: datetime) -> datetime:
    """When a window that began then ends."""
    return start + (timedelta(seconds=1) if name == "second" else timedelta(days=1))


def bounds(quota: Quota) -> Iterator[tuple[WindowName, int]]:
    """The windows that a quota bounds, each with its bound."""
    if quota.daily:
        yield "day", quota.daily
    if quota.per_second:
        yield "second", quota.per_second


@dataclass(slots=True)
class _Portion:
    start: datetime
    left: int
    touched: float


@rule("D-14", without=True)
def is_within_quota(left: int, count: int) -> bool:
    """Whether so much is left of what may be told: nobody gathers more than was agreed on."""
    return count <= left


class Meter:
    """What this process may still tell."""

    def __init__(self, transaction: Transaction, now: Callable[[], datetime]) -> None:
        self._transaction, self._now = transaction, now
        self._portions: dict[tuple[str, WindowName], _Portion] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._closed: dict[Quota, float] = {}

    @property
    def closed(self) -> frozenset[Quota]:
        """Quotas that were found used up a moment ago: nobody is asked by them until then."""
        if not self._closed:
            return _NONE
        now = monotonic()
        if any(until <= now for until in self._closed.values()):
            self._closed = {q: until for q, until in self._closed.items() if until > now}
        return frozenset(self._closed)

    async def take(self, due: Mapping[Quota, int]) -> frozenset[Quota]:
        """Take so many sections from each quota; those of which that much is not left, which then
        are `closed` for a while. Raises `DatabaseBusy` where it cannot be known.
        """
        refused = set()
        for quota, count in due.items():
            lock = self._turns.setdefault(quota.agreement_id, asyncio.Lock())
            async with lock:
                if not await self._take(quota, count):
                    refused.add(quota)
        return frozenset(refused)

    async def _take(self, quota: Quota, count: int) -> bool:
        now = self._now()
        held = []
        for name, bound in bounds(quota):
            portion = self._portion(quota, name, now)
            if portion.left < count:
                share = max(1, min(_LARGEST_PORTION, bound // _SMALLEST_SHARE[name]))
                await self._refill(quota, name, bound, (count - portion.left, share), portion)
            if not is_within_quota(portion.left, count):
                pause = _CLOSED_SECONDS
                if name == "second":
                    pause = (window_end(name, portion.start) - now).total_seconds()
                self._closed[quota] = monotonic() + pause
                return False
            held.append(portion)
        for portion in held:
            portion.left -= count
            portion.touched = monotonic()
        return True

    def _portion(self, quota: Quota, name: WindowName, now: datetime) -> _Portion:
        key, start = (quota.agreement_id, name), window_start(name, now)
        portion = self._portions.get(key)
        if portion is None or portion.start < start:
            portion = self._portions[key] = _Portion(start, 0, monotonic())
        return portion

    async def _refill(
        self,
        quota: Quota,
        name: WindowName,
        bound: int,
        wanted: tuple[int, int],
        portion: _Portion,
    ) -> None:
        """Put more into a portion: what is needed at least, or the usual share; nothing where not
        even the least is left. The window is the database's, where another clock is ahead.
        """
        least, share = wanted

        def take(session: Session) -> tuple[datetime, int]:
            row = repository.quota_window(session, quota.agreement_id, name, lock=True)
            if row is None:
                row = QuotaWindow(
                    agreement_id=quota.agreement_id, name=name, starts_at=portion.start, used=0
                )
                repository.add_window(session, row)
            if row.starts_at < portion.start:
                row.starts_at, row.used = portion.start, 0
            granted = min(max(least, share), bound - row.used)
            if granted < least:
                return row.starts_at, 0
            row.used += granted
            return row.starts_at, granted

        try:
            async with self._transaction() as session:
                start, granted = await to_thread.run_sync(take, session)
        except IntegrityError:  # another process has begun the first window at this instant
            async with self._transaction() as session:
                start, granted = await to_thread.run_sync(take, session)
        if start > portion.start:
            portion.start, portion.left = start, 0
        portion.left += granted

    async def give_back(self, *, idle: float = _IDLE_SECONDS) -> bool:
        """Give back what has lain unused for a while, so that others can tell it, and the meter
        says what was told.
        """
        before = monotonic() - idle
        unused = [
            (key, p) for key, p in self._portions.items() if p.left > 0 and p.touched <= before
        ]
        for (agreement_id, name), portion in unused:
            left, portion.left = portion.left, 0
            if name == "second":
                continue

            def give(
                session: Session, agreement_id: str, name: str, start: datetime, left: int
            ) -> None:
                row = repository.quota_window(session, agreement_id, name, lock=True)
                if row is not None and row.starts_at == start:
                    row.used = max(row.used - left, 0)

            async with self._transaction() as session:
                await to_thread.run_sync(give, session, agreement_id, name, portion.start, left)
        return bool(unused)


_NONE: frozenset[Quota] = frozenset()


def read_windows(session: Session, quota: Quota, now: datetime) -> list[WindowRead]:
    """Each window of a quota as it stands now, for all processes."""
    found = []
    for name, bound in bounds(quota):
        start = window_start(name, now)
        row = repository.quota_window(session, quota.agreement_id, name)
        used = row.used if row is not None and row.starts_at >= start else 0
        found.append(
            WindowRead(
                window=name,
                quota=bound,
                used=used,
                left=max(bound - used, 0),
                resets_at=window_end(name, start),
            )
        )
    return found
