"""One transaction of an act, without holding a thread while it waits for its turn."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import to_thread
from sqlmodel import Session

from app.core.db import Database
from app.core.snapshots import BUMPED, Snapshots


@asynccontextmanager
async def transaction(
    database: Database, snapshots: Snapshots, on_turn: Callable[[], None] | None = None
) -> AsyncIterator[Session]:
    """One transaction, committed on leaving and rolled back on any exception.

    The writer lock is awaited, not blocked on; the transaction begins with the first statement, on
    a worker thread. `on_turn` is asked when the turn has come.
    """
    async with database.turn_async():
        if on_turn is not None:
            on_turn()
        session = Session(database.writing, expire_on_commit=False)
        try:
            yield session
            await to_thread.run_sync(session.commit)
            database.on_commit()
        except BaseException:
            if session.in_transaction():  # a body that is refused has asked for nothing yet
                await to_thread.run_sync(session.rollback, abandon_on_cancel=False)
            raise
        finally:
            if session.in_transaction():
                await to_thread.run_sync(session.close)
            session.close()
    if session.info.get(BUMPED):
        await snapshots.refresh_now()
