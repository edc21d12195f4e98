"""Numbers in the order in which rows became visible, without a gap: a reader who resumes behind a
number misses nothing.

SQLite has one writer at a time, and numbers as it writes. On PostgreSQL no writer waits for
another: rows are written without a number, and numbered in steps, those of transactions older than
the oldest that still runs (`txid` below the snapshot's `xmin`): no row can come to light among them
later. Whoever does a step holds the row of the feed for as long as the step takes; the others pass.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from sqlalchemy import Column, ColumnElement, FetchedValue, Index, text
from sqlmodel import Field, Session, SQLModel

from app.core.columns import BigSerial
from app.core.db import Database

_AT_ONCE = 5000
_WAIT = text("select last from numberings where name = :name for update")
_PASS = text("select last from numberings where name = :name for update skip locked")


class Numbering(SQLModel, table=True):
    """The last number that was given to a row of a feed."""

    __tablename__ = "numberings"
    name: str = Field(primary_key=True, max_length=40)
    last: int = Field(default=0, sa_type=BigSerial)


def txid_column() -> Column[Any]:
    """The transaction that wrote a row, given by PostgreSQL; always NULL with SQLite."""
    return Column("txid", BigSerial, nullable=True, server_default=FetchedValue())


def feed_indexes(table: str) -> tuple[Index, Index]:
    """Of the numbers, and of what has none yet."""
    told, waits = text("number IS NOT NULL"), text("number IS NULL AND txid IS NOT NULL")
    return (
        Index(
            f"ux_{table}_number", "number", unique=True, sqlite_where=told, postgresql_where=told
        ),
        Index(f"ix_{table}_unnumbered", "txid", sqlite_where=waits, postgresql_where=waits),
    )


@dataclass(frozen=True, slots=True)
class Feed:
    """A table that is numbered, and its key. `also` is done in each step, with what has got its
    number in it.
    """

    table: str
    key: str
    also: str = ""

    def order(self, session: Session, numbered: Any, stored: Any) -> ColumnElement[int]:
        """What rows are read by: their number, or as they were stored where that is the same."""
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        found: ColumnElement[int] = stored if is_sqlite else numbered
        return found

    def waits(self, database: Database) -> bool:
        """Whether anything has no number yet. Cheap enough to ask all day long."""
        if database.is_sqlite:
            return False
        return bool(
            database.peek(
                f"select 1 from {self.table} where number is null and txid is not null limit 1"  # noqa: S608 - names of our own
            )
        )

    def number(self, database: Database, *, wait: bool = False) -> int:
        """Number what can be numbered; how many that were. Blocks on the database. `wait` for
        somebody else who is at it, as a reader does who wants to read what was just written.
        """
        if not self.waits(database):
            return 0
        with database.write() as session:
            connection = session.connection()
            last = connection.execute(_WAIT if wait else _PASS, {"name": self.table}).scalar()
            if last is None:
                return 0  # somebody else is at it
            count = connection.execute(text(self._step), {"last": last, "most": _AT_ONCE}).rowcount
            if count:
                connection.execute(
                    text("update numberings set last = :last where name = :name"),
                    {"name": self.table, "last": last + count},
                )
                if self.also:
                    connection.execute(text(self.also), {"last": last})
            return count

    @property
    def _step(self) -> str:
        return (
            f"with due as (select {self.key} as key, txid from {self.table} where number is null "  # noqa: S608 - names of our own
            "and (txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint "
            # a row that is seen and has such a number was restored from another server
            "or txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint) "
            f"order by txid, {self.key} limit :most), "
            "given as (select key, :last + row_number() over (order by txid, key) as number "
            f"from due) update {self.table} set number = given.number from given "
            f"where {self.table}.{self.key} = given.key"
        )


def numbering(database: Database, feed: Feed) -> tuple[Callable[[], Awaitable[int]], ...]:
    """What a process does all the time so that a feed is numbered; nothing with SQLite."""
    if database.is_sqlite:
        return ()

    async def step() -> int:
        count = await to_thread.run_sync(feed.number, database)
        if count or not await to_thread.run_sync(feed.waits, database):
            BEHIND[feed.table] = 0.0
        elif not BEHIND.get(feed.table):
            BEHIND[feed.table] = time.monotonic()
        return count

    return (step,)


BEHIND: dict[str, float] = {}
"""Since when a feed has had rows that cannot be numbered, by this process's steady clock: a
transaction that somebody left open anywhere on the server holds them up. 0 where there are none.
"""


def seconds_behind() -> dict[str, int]:
    """By feed."""
    now = time.monotonic()
    return {table: round(now - since) if since else 0 for table, since in BEHIND.items()}
