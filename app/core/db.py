"""The database: SQLite embedded or PostgreSQL by URL, the same code. One request, one transaction.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE for writers, all writers of the process behind one
fair lock, version ≥ 3.51.3 (older ones can corrupt the WAL when two connections write and
checkpoint at once). ADR 0005.
"""

import asyncio
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event, text
from sqlmodel import Session

from app.core.lock import FairLock
from app.core.settings import SettingsError

_SAFE_SQLITE = (3, 51, 3)
_WRITERS_AT_ONCE = 16
_LONGEST_WAIT_MS = 8000
ORDERED = "select pg_advisory_xact_lock(2, hashtext(%s))"
"""Makes transactions of one name commit one after another, in the driver's own words."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "temp_store=MEMORY",
)


def sqlite_module() -> ModuleType:
    """The standard library's SQLite if new enough, else the bundled one of the `pysqlite3`
    package.
    """
    if sqlite3.sqlite_version_info >= _SAFE_SQLITE:
        return sqlite3
    import pysqlite3.dbapi2 as bundled  # noqa: PLC0415 - only where the standard library's is too old

    if bundled.sqlite_version_info < _SAFE_SQLITE:
        raise SettingsError(
            f"SQLite {bundled.sqlite_version} is too old; 3.51.3 or newer is needed."
        )
    return bundled  # type: ignore[no-any-return]  # an untyped module


class Database:
    """Engine, sessions and the writer lock of one process."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.lock = FairLock() if self.is_sqlite else None
        # PostgreSQL's writers wait for each other in threads: they never take all, so that the one
        # they wait for can commit.
        self.writers = asyncio.Semaphore(_WRITERS_AT_ONCE)
        if self.is_sqlite:
            path = url.removeprefix("sqlite:///")
            if path in {"", ":memory:"} or url == "sqlite://":
                raise SettingsError(
                    "The embedded database needs a file: sqlite:///path/to/onevisit.db"
                )
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
            _only_ours(Path(path))
            self.engine = create_engine(url, module=sqlite_module(), pool_size=24, max_overflow=40)
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            waits = {"options": f"-c lock_timeout={_LONGEST_WAIT_MS}"}
            self.engine = create_engine(
                url, pool_size=24, max_overflow=40, pool_pre_ping=True, connect_args=waits
            )
        self.writing: Engine = self.engine.execution_options(onevisit_writes=True)
        self._peekers: dict[str, _Peeker] = {}
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit of a session that writes, on any thread."""

    @property
    def version(self) -> str:
        """Product and version, for people."""
        if self.is_sqlite:
            return f"SQLite {sqlite_module().sqlite_version}, WAL"
        with self.engine.connect() as connection:
            return (
                "PostgreSQL "
                + str(connection.execute(text("show server_version")).scalar_one()).split()[0]
            )

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A writing transaction, committed on leaving, rolled back on an exception. Blocks this
        thread for its turn.
        """
        with self.turn(), Session(self.writing, expire_on_commit=False) as session, session.begin():
            yield session
        self.on_commit()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The writer's turn for a transaction on a connection of one's own. Blocks this thread."""
        if self.lock is not None:
            self.lock.acquire()
        try:
            yield
        finally:
            if self.lock is not None:
                self.lock.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A reading transaction; sees one consistent state and takes no writer's place."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def peek(self, question: str, *moments: datetime) -> list[Any]:
        """Rows of a short question, past all mapping and outside any transaction, on a connection
        kept for this question.

        For what background loops ask all day long, mostly in vain: a session costs fifty times as
        much. `?` stands for a moment. Blocks on the database; one question never waits for another.
        """
        peeker = self._peekers.get(question)
        if peeker is None:
            peeker = self._peekers.setdefault(
                question, _Peeker(self.engine, question, is_sqlite=self.is_sqlite)
            )
        return peeker.rows(moments)

    def dispose(self) -> None:
        """Close all pooled connections."""
        for peeker in self._peekers.values():
            peeker.close()
        self.engine.dispose()


class _Peeker:
    """A question and the connection on which it is asked."""

    def __init__(self, engine: Engine, question: str, *, is_sqlite: bool) -> None:
        self._engine = engine
        self._question = question if is_sqlite else question.replace("?", "%s")
        self._is_sqlite = is_sqlite
        self._lock = threading.Lock()
        self._connection: PoolProxiedConnection | None = None

    def rows(self, moments: tuple[datetime, ...]) -> list[Any]:
        """The answer. A connection that the server has ended meanwhile is replaced."""
        with self._lock:
            try:
                return self._ask(moments)
            except Exception:
                ended = self._connection is not None and getattr(
                    self._connection.driver_connection, "closed", False
                )
                self._forget()
                if not ended:
                    raise
                return self._ask(moments)

    def _ask(self, moments: tuple[datetime, ...]) -> list[Any]:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        connection: Any = self._connection.driver_connection
        if self._is_sqlite:
            rows: list[Any] = connection.execute(
                self._question, [stored(moment) for moment in moments]
            ).fetchall()
        else:
            connection.autocommit = True
            rows = connection.execute(self._question, moments).fetchall()
        return rows

    def _forget(self) -> None:
        """Not given back to the pool: what was done to it is nobody else's."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._forget()


def _only_ours(path: Path) -> None:
    """Make the file, for this user alone, before SQLite does; its companions get the same rights.
    One that is there and open to others is closed to them.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        path.chmod(mode & ~0o077)


def stored(moment: datetime) -> str:
    """A UTC moment as SQLite holds it."""
    return moment.isoformat(" ", "microseconds")[:26]


def in_commit_order(connection: Connection, name: str) -> None:
    """From here to the commit, one transaction at a time: numbers given out in between rise in the
    order of commits.

    Without it a reader's cursor could pass a number whose transaction has not committed yet.
    SQLite's writers queue anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(ORDERED, (name,))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("onevisit_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
