"""One transaction of an act, without holding a thread while it waits for its turn."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from anyio import to_thread
from sqlmodel import Session

from app.core.db import AWAY, Database, DatabaseBusy
from app.core.snapshots import BUMPED, Snapshots

T = TypeVar("T")


async def on_thread(call: Callable[..., T], *arguments: Any) -> T:
    """Carry a call out on a thread, and leave only when it has ended: whoever is cancelled
    meanwhile must not let another thread at the same session, nor give the writer's turn away.
    """
    task = asyncio.ensure_future(to_thread.run_sync(call, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it is observed; the cancellation is what is told
        raise


@asynccontextmanager
async def transaction(
    database: Database, snapshots: Snapshots, on_turn: Callable[[], None] | None = None
) -> AsyncIterator[Session]:
    """One transaction, committed on leaving and rolled back on any exception. Raises `DatabaseBusy`
    where the database is away.

    The writer lock is awaited, not blocked on; the transaction begins with the first statement, on
    a worker thread. `on_turn` is asked when the turn has come.
    """
    async with database.turn_async():
        if on_turn is not None:
            on_turn()
        session = Session(database.writing, expire_on_commit=False)
        try:
            yield session
            await on_thread(session.commit)
            database.on_commit()
        except BaseException as error:
            if session.in_transaction():  # a body that is refused has asked for nothing yet
                await on_thread(session.rollback)
            if isinstance(error, AWAY):
                raise DatabaseBusy from error
            raise
        finally:
            if session.in_transaction():
                await on_thread(session.close)
            session.close()
    if session.info.get(BUMPED):
        await snapshots.refresh_now()
