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
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import (
    Engine,
    NullPool,
    PoolProxiedConnection,
    QueuePool,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlmodel import Session

from app.core.errors import Unavailable
from app.core.lock import FairLock
from app.core.postgres import PATIENT, USUAL, Waits, bound
from app.core.settings import Settings, SettingsError

_SAFE_SQLITE = (3, 51, 3)
_SQLITE_CONNECTIONS = 64
_PEEK_SECONDS = 1.5
LONGEST_TURN_SECONDS, _LONGEST_QUEUE_SECONDS = 4.0, 20.0
"""How long a thread waits for its turn to write, or for a connection; and a request, which holds
nothing meanwhile.
"""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=3000",
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


AWAY = (OperationalError, InterfaceError, InternalError, NoConnection)
"""What is raised, through all mapping, where the database is away or takes too long."""


class DatabaseBusy(Unavailable):
    """The database is away, or its other writers take too long."""

    code = "server.unavailable"


class Database:
    """Engine, sessions and the writer lock of one process. No wait on it is without a bound, but
    for those who are `PATIENT`.
    """

    def __init__(self, url: str, bounds: Waits = USUAL) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.bounds = bounds
        self.lock = FairLock() if self.is_sqlite else None
        # Requests give their connection back on a thread: they never have all connections, so that
        # threads which wait for one do not wait for each other.
        places = _SQLITE_CONNECTIONS if self.is_sqlite else bounds.connections
        self.writers = asyncio.Semaphore(max(1, places * 3 // 8))
        self.readers = asyncio.Semaphore(max(1, places * 3 // 8))
        if self.is_sqlite:
            path = url.removeprefix("sqlite:///")
            if path in {"", ":memory:"} or url == "sqlite://":
                raise SettingsError(
                    "The embedded database needs a file: sqlite:///path/to/onevisit.db"
                )
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
            _only_ours(Path(path))
            self._new_engine = partial(
                create_engine, url, module=sqlite_module(), hide_parameters=True
            )
            self.engine = self._new_engine(
                pool_size=24,
                max_overflow=_SQLITE_CONNECTIONS - 24,
                pool_timeout=LONGEST_TURN_SECONDS,
            )
        else:
            self._new_engine = partial(
                create_engine, url, connect_args=bounds.connect_args, hide_parameters=True
            )
            self.engine = self._new_engine(
                pool_size=bounds.connections,
                max_overflow=0,
                pool_timeout=LONGEST_TURN_SECONDS,
                pool_pre_ping=True,
                pool_use_lifo=True,
            )
        self._apart = self._new_engine(poolclass=NullPool)
        for engine in (self.engine, self._apart):
            self._watch(engine)
        self.writing: Engine = self.engine.execution_options(onevisit_writes=True)
        self._peekers: dict[str, _Peeker] = {}
        self._is_over = False
        self.reconnected = 0
        """How often a connection that is kept had to be made anew: the server may be another one.
        """
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each commit of a session that writes, on any thread."""

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        """The database of these settings. Raises `SettingsError` where they name none."""
        _require_url(settings)
        return cls(settings.database_url, Waits.of(settings))

    @classmethod
    def patient(cls, settings: Settings) -> "Database":
        """As `of`, for those who may have to work for long: migrations."""
        _require_url(settings)
        return cls(settings.database_url, PATIENT)

    def _watch(self, engine: Engine) -> None:
        if self.is_sqlite:
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            bound(engine, self.bounds)
            event.listen(engine, "checkin", self._end_if_over)

    def _end_if_over(self, connection: Any, _record: Any) -> None:
        """What a thread gives back after everything was closed is closed too."""
        if self._is_over and connection is not None:
            connection.close()

    def connection_apart(self, seconds: float) -> PoolProxiedConnection:
        """A connection of one's own, to be kept: it takes nobody's place in the pool. An answer of
        the server is waited for so long.
        """
        connection = self._apart.raw_connection()
        self.be_patient(connection.driver_connection, seconds)
        return connection

    def be_patient(self, connection: Any, seconds: float) -> None:
        """How long a driver's connection waits from now on; a file answers or fails by itself."""
        if not self.is_sqlite:
            connection.patience_s = seconds

    @property
    def connections_used(self) -> int:
        """Of the pool, at this moment."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

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
        if self.lock is not None and not self.lock.acquire(LONGEST_TURN_SECONDS):
            raise DatabaseBusy
        try:
            yield
        finally:
            if self.lock is not None:
                self.lock.release()

    @asynccontextmanager
    async def turn_async(self) -> AsyncIterator[None]:
        """A writer's turn, waited for without holding a thread."""
        async with _place(self.writers if self.lock is None else self.lock):
            yield

    @asynccontextmanager
    async def reading_async(self) -> AsyncIterator[None]:
        """A reader's place, waited for without holding a thread."""
        async with _place(self.readers):
            yield

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
        Raises `DatabaseBusy` where it does not answer.
        """
        if self._is_over:  # whoever still looks on a thread of his own opens nothing any more
            raise DatabaseBusy
        peeker = self._peekers.get(question)
        if peeker is None:
            peeker = self._peekers.setdefault(question, _Peeker(self, question))
        try:
            return peeker.rows(moments)
        except self.driver_errors as error:
            raise DatabaseBusy(type(error).__name__) from error

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises, past all mapping, where the database is away."""
        found = self.engine.dialect.dbapi
        return (found.OperationalError, found.InterfaceError) if found is not None else ()

    def dispose(self) -> None:
        """Close all connections, and let nobody peek any more."""
        self._is_over = True
        for peeker in self._peekers.values():
            peeker.close()
        self.engine.dispose()
        self._apart.dispose()


def _require_url(settings: Settings) -> None:
    if not settings.database_url:
        raise SettingsError(
            "Set ONEVISIT_DATABASE_URL: sqlite:///file, or postgresql+psycopg://… for many "
            "processes."
        )


@asynccontextmanager
async def _place(places: asyncio.Semaphore | FairLock) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_LONGEST_QUEUE_SECONDS):
            await places.acquire_async() if isinstance(places, FairLock) else await places.acquire()
    except TimeoutError:
        raise DatabaseBusy from None
    try:
        yield
    finally:
        places.release()


class _Peeker:
    """A question and the connection on which it is asked."""

    def __init__(self, database: Database, question: str) -> None:
        self._database = database
        self._is_sqlite = database.is_sqlite
        self._question = question if self._is_sqlite else question.replace("?", "%s")
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
                self._database.reconnected += 1
                return self._ask(moments)

    def _ask(self, moments: tuple[datetime, ...]) -> list[Any]:
        if self._connection is None:
            self._connection = self._database.connection_apart(_PEEK_SECONDS)
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


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("onevisit_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
