"""Quotas of agreements, over all processes: each takes a small portion from the database and tells
from it, so that the sum never exceeds the clause. What a process does not need it gives back.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Literal, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.agreements import repository
from app.agreements.decision import Quota
from app.agreements.models import QuotaWindow
from app.agreements.schemas import WindowRead
from app.core.clock import day_begin
from app.core.db import DatabaseBusy
from app.core.rules import rule
from app.core.transactions import on_thread

WindowName = Literal["day", "second"]
_SMALLEST_SHARE = {"day": 200, "second": 16}
"""A portion is at most this part of the quota: so much is lost with a process that dies."""
_LARGEST_PORTION = 64
_CLOSED_SECONDS = 1.0
_IDLE_SECONDS = 1.0
_MOST_REFILLS = 4
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
        self._away: dict[str, float] = {}
        """Agreements of which the database did not say, until when that is not asked again."""

    @property
    def closed(self) -> frozenset[Quota]:
        """Quotas that were found used up a moment ago: nobody is asked by them until then."""
        if not self._closed:
            return _NONE
        now = monotonic()
        if any(until <= now for until in self._closed.values()):
            self._closed = {q: until for q, until in self._closed.items() if until > now}
        return frozenset(self._closed)

    async def take(self, due: Mapping[Quota, int], until: float) -> frozenset[Quota]:
        """Take so many sections from each quota, by a loop time; those of which that much is not
        left. Raises `DatabaseBusy` where it cannot be known in time: what is taken after that is
        told by nobody.
        """
        if all(self._missing(quota, count) is None for quota, count in due.items()):
            for quota, count in due.items():
                self._deduct(quota, count)
            return _NONE
        taking = asyncio.ensure_future(self._take_all(due))
        left = until - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({taking}, timeout=max(left, 0.0))
        if not done:
            taking.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise DatabaseBusy
        return taking.result()

    async def _take_all(self, due: Mapping[Quota, int]) -> frozenset[Quota]:
        refused = set()
        for quota, count in due.items():
            lock = self._turns.setdefault(quota.agreement_id, asyncio.Lock())
            async with lock:
                if not await self._take(quota, count):
                    refused.add(quota)
        return frozenset(refused)

    async def _take(self, quota: Quota, count: int) -> bool:
        """Whether so much was taken. Between looking and taking nobody else has a turn."""
        for _ in range(_MOST_REFILLS):
            missing = self._missing(quota, count)
            if missing is None:
                self._deduct(quota, count)
                return True
            if not await self._refill(quota, missing, count):
                return False
        return False

    def _missing(self, quota: Quota, count: int) -> tuple[WindowName, int] | None:
        """The first window of whose portion not so much is left, with its bound."""
        now = self._now()
        for name, bound in bounds(quota):
            if not is_within_quota(self._portion(quota, name, now).left, count):
                return name, bound
        return None

    def _deduct(self, quota: Quota, count: int) -> None:
        now = self._now()
        for name, _ in bounds(quota):
            portion = self._portion(quota, name, now)
            portion.left -= count
            portion.touched = monotonic()

    def _portion(self, quota: Quota, name: WindowName, now: datetime) -> _Portion:
        key, start = (quota.agreement_id, name), window_start(name, now)
        portion = self._portions.get(key)
        if portion is None or portion.start < start:
            portion = self._portions[key] = _Portion(start, 0, monotonic())
        return portion

    async def _refill(self, quota: Quota, window: tuple[WindowName, int], count: int) -> bool:
        """Put more into a portion: what is needed at least, or the usual share; False where not
        even the least is left. The window is the database's, where another clock is ahead. Raises
        `DatabaseBusy`, then at once for a while: nobody else waits for the same in vain.
        """
        name, bound = window
        if monotonic() < self._away.get(quota.agreement_id, 0.0):
            raise DatabaseBusy
        portion = self._portion(quota, name, self._now())
        least = count - portion.left
        share = max(1, min(_LARGEST_PORTION, bound // _SMALLEST_SHARE[name]))
        wanted = PortionWanted(
            quota.agreement_id, name, portion.start, bound, least, max(least, share)
        )
        try:
            found = await self._taken(wanted)
        except DatabaseBusy:
            self._away[quota.agreement_id] = monotonic() + _CLOSED_SECONDS
            raise
        if found.start > portion.start:
            portion.start, portion.left = found.start, 0
        portion.left += found.granted
        portion.touched = monotonic()
        if not found.granted and not found.left:
            pause = _CLOSED_SECONDS
            if name == "second":
                pause = max((window_end(name, found.start) - self._now()).total_seconds(), 0.0)
            self._closed[quota] = monotonic() + pause
        return found.granted > 0

    async def _taken(self, wanted: "PortionWanted") -> "Given":
        for is_last in (False, True):
            try:
                async with self._transaction() as session:
                    return await on_thread(take_from, session, wanted)
            except IntegrityError:  # another process has begun the first window at this instant
                if is_last:
                    raise
        raise AssertionError

    async def give_back(self, *, idle: float = _IDLE_SECONDS) -> bool:
        """Give back what has lain unused for a while, so that others can tell it, and the meter
        says what was told.
        """
        before, found = monotonic() - idle, False
        for (agreement_id, name), portion in list(self._portions.items()):
            if portion.left <= 0 or portion.touched > before:
                continue
            async with self._turns.setdefault(agreement_id, asyncio.Lock()):
                if portion.left <= 0 or portion.touched > before:
                    continue
                left, start, portion.left = portion.left, portion.start, 0
                found = True
                if name == "day":
                    async with self._transaction() as session:
                        await on_thread(return_to, session, agreement_id, name, start, left)
        return found


class PortionWanted(NamedTuple):
    """What a process wants of a window: `least` or nothing, up to `most`."""

    agreement_id: str
    name: WindowName
    start: datetime
    bound: int
    least: int
    most: int


class Given(NamedTuple):
    """What it was given of which window, and how much is left for others."""

    start: datetime
    granted: int
    left: int


def take_from(session: Session, wanted: PortionWanted) -> Given:
    """Take a portion from a window of the database."""
    row = repository.quota_window(session, wanted.agreement_id, wanted.name, lock=True)
    if row is None:
        row = QuotaWindow(
            agreement_id=wanted.agreement_id, name=wanted.name, starts_at=wanted.start, used=0
        )
        repository.add_window(session, row)
    if row.starts_at < wanted.start:
        row.starts_at, row.used = wanted.start, 0
    free = max(wanted.bound - row.used, 0)
    granted = min(wanted.most, free) if free >= wanted.least else 0
    row.used += granted
    return Given(row.starts_at, granted, free - granted)


def return_to(session: Session, agreement_id: str, name: str, start: datetime, left: int) -> None:
    """Give a portion back, while its window lasts."""
    row = repository.quota_window(session, agreement_id, name, lock=True)
    if row is not None and row.starts_at == start:
        row.used = max(row.used - left, 0)


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
