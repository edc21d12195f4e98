"""In-memory snapshots of tables for code that may not wait for a database, refreshed when a
revision number changes.

Writers call `bump` in their transaction; every process polls the numbers and reloads what changed,
the writing process at once.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlmodel import Field, Session, SQLModel, select

from app.core.db import Database

T = TypeVar("T")
BUMPED = "onevisit_bumped"
_NUMBERS = "select name, number from revisions"


class Revision(SQLModel, table=True):
    """How often something that is kept in memory has changed."""

    __tablename__ = "revisions"
    name: str = Field(primary_key=True)
    number: int = 0


def bump(session: Session, name: str) -> None:
    """Tell every process that `name` changed, when this transaction commits."""
    row = session.get(Revision, name, with_for_update=True)
    if row is None:
        session.add(Revision(name=name, number=1))
    else:
        row.number += 1
        session.add(row)
    session.info.setdefault(BUMPED, set()).add(name)


class Snapshot(Generic[T]):
    """The newest loaded value of one name."""

    def __init__(self, name: str, load: Callable[[Session], T], initial: T) -> None:
        self.name = name
        self.load = load
        self.value = initial
        self.number = -1


class Snapshots:
    """All snapshots of a process and the task that keeps them fresh."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Snapshot[Any]] = {}
        self._lock = threading.Lock()

    def add(self, snapshot: Snapshot[T]) -> Snapshot[T]:
        """Keep this snapshot fresh from now on."""
        self._known[snapshot.name] = snapshot
        return snapshot

    def refresh(self) -> list[str]:
        """Reload what changed; blocks on the database. Returns the names that were reloaded."""
        # One at a time: a slower thread must not put an older value under a newer number.
        with self._lock:
            if not self._is_behind(dict(self._database.peek(_NUMBERS))):
                return []
            with self._database.read() as session:
                return self._reload(session)

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
                snapshot.value, snapshot.number = snapshot.load(session), number
                changed.append(name)
        return changed

    async def refresh_now(self) -> None:
        """Reload what changed, without blocking the loop."""
        await asyncio.to_thread(self.refresh)

    async def tick(self) -> bool:
        """One look; a step of the background loop, which rests after it."""
        await self.refresh_now()
        return False
