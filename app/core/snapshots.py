"""In-memory snapshots of tables for code that may not wait for a database, refreshed when a
revision number changes.

Writers call `bump` in their transaction; every process polls the numbers and reloads what changed,
the writing process at once. What could not be looked at for a second decides nothing.
"""

import asyncio
import logging
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from sqlmodel import Field, Session, SQLModel, select

from app.core.db import Database, DatabaseBusy
from app.core.errors import Unavailable

log = logging.getLogger("onevisit.snapshots")
T = TypeVar("T")
OLDEST_SECONDS = 1.0
"""What is older decides nothing: an agreement may have ended, a task been closed."""
_PAUSE_SECONDS, _LAST_SECONDS = 0.25, 1.0
_GLANCES, _GLANCE_SECONDS = 25, 0.02
_LONGEST_QUEUE_SECONDS, _MOST_LOOKS = 2.0, 4
BUMPED = "onevisit_bumped"
_NUMBERS = "select name, number from revisions"


class Revision(SQLModel, table=True):
    """How often something that is kept in memory has changed."""

    __tablename__ = "revisions"
    name: str = Field(primary_key=True)
    number: int = 0


def bump(session: Session, name: str) -> int:
    """Tell every process that `name` changed, when this transaction commits; which change of it
    this is. Whoever changes the same thing waits until then: call it last.
    """
    row = session.get(Revision, name, with_for_update=True)
    if row is None:
        row = Revision(name=name, number=1)
    else:
        row.number += 1
    session.add(row)
    session.info.setdefault(BUMPED, set()).add(name)
    return row.number


class PolicyStale(Unavailable):
    """What this process knows of adapters, agreements and tasks may have changed since."""

    code = "policy.stale"


class Snapshot(Generic[T]):
    """The newest loaded value of one name. `update` brings a value of before to the present by what
    changed after a number; where there is none, everything is loaded again.
    """

    def __init__(
        self,
        name: str,
        load: Callable[[Session], T],
        initial: T,
        update: Callable[[Session, T, int], T] | None = None,
    ) -> None:
        self.name = name
        self.load = load
        self.update = update
        self.value = initial
        self.number = -1

    def bring(self, session: Session, number: int) -> None:
        """To the state of this session, which has this number."""
        if self.update is not None and 0 <= self.number < number:
            self.value = self.update(session, self.value, self.number)
        else:
            self.value = self.load(session)
        self.number = number


class Snapshots:
    """All snapshots of a process and the thread that keeps them fresh."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Snapshot[Any]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._checked_at = -math.inf
        self._failing = False
        self._settling: asyncio.Task[None] | None = None
        self._seen = 0
        """How often the database had been connected to anew when they were loaded."""

    def add(self, snapshot: Snapshot[T]) -> Snapshot[T]:
        """Keep this snapshot fresh from now on."""
        self._known[snapshot.name] = snapshot
        return snapshot

    @property
    def age(self) -> float:
        """Seconds since they were last known to be what the database holds."""
        return time.monotonic() - self._checked_at

    @property
    def is_fresh(self) -> bool:
        """Whether anything may be decided by them."""
        return self.age <= OLDEST_SECONDS

    def require_fresh(self) -> None:
        """Raises `PolicyStale` where nothing may be decided by them."""
        if time.monotonic() - self._checked_at > OLDEST_SECONDS:
            raise PolicyStale

    async def settle(self) -> None:
        """Wait, half a second at most, for a look of a process that was away and has not looked
        since. Where looking fails nobody waits, and all who wait share one wait.
        """
        if self.is_fresh or self._failing:
            return
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle())
        await asyncio.shield(self._settling)

    async def _settle(self) -> None:
        for _ in range(_GLANCES):
            if self.is_fresh or self._failing:
                break
            await asyncio.sleep(_GLANCE_SECONDS)

    def refresh(self) -> list[str]:
        """Reload what changed; blocks on the database. Returns the names that were reloaded. Raises
        `DatabaseBusy` where somebody else has been at it for too long.
        """
        asked_at = time.monotonic()
        # One at a time: a slower thread must not put an older value under a newer number.
        if not self._lock.acquire(timeout=_LONGEST_QUEUE_SECONDS):
            raise DatabaseBusy
        try:
            if self._checked_at >= asked_at:
                return []  # somebody has looked since
            return self._bring_all()
        finally:
            self._lock.release()

    def _bring_all(self) -> list[str]:
        """Reload until a look finds nothing new: what took long to load may be old by then."""
        changed: list[str] = []
        for _ in range(_MOST_LOOKS):
            begun = time.monotonic()
            numbers = dict(self._database.peek(_NUMBERS))
            if self._seen != self._database.reconnected:
                # another server may have counted the same numbers for other changes
                self._seen = self._database.reconnected
                for snapshot in self._known.values():
                    snapshot.number = -1
            if not self._is_behind(numbers):
                self._checked_at = begun
                break
            with self._database.read() as session:
                changed += self._reload(session)
        return changed

    def _is_behind(self, numbers: dict[str, int]) -> bool:
        return any(
            numbers.get(name, 0) != snapshot.number for name, snapshot in self._known.items()
        )

    def _reload(self, session: Session) -> list[str]:
        changed: list[str] = []
        numbers = {
            row.name: row.number for row in session.exec(select(Revision))
        }  # of the same state as what is loaded
        for name, snapshot in self._known.items():
            number = numbers.get(name, 0)
            if number != snapshot.number:
                snapshot.bring(session, number)
                changed.append(name)
        return changed

    async def refresh_now(self) -> None:
        """Reload what changed, without blocking the loop. What cannot be looked at now is looked at
        soon, and decides nothing until then.
        """
        try:
            await asyncio.to_thread(self.refresh)
        except Exception as error:  # noqa: BLE001 - the act it follows is committed
            log.warning("snapshots cannot be refreshed now: %s", type(error).__name__)

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Look for changes while the block lasts, on a thread of their own: neither a busy loop nor
        threads that wait for the database make them old.
        """
        await asyncio.to_thread(self.refresh)
        thread = threading.Thread(target=self._keep_looking, name="snapshots", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join, _LAST_SECONDS)

    def _keep_looking(self) -> None:
        while not self._stop.wait(_PAUSE_SECONDS):
            try:
                self.refresh()
                if self._failing:
                    log.info("snapshots are fresh again")
                self._failing = False
            except Exception:
                told, self._failing = self._failing, True
                if not told:
                    log.exception("snapshots cannot be refreshed; trying again")
