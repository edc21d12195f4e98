"""FastAPI's edge of the ground floor: sessions that commit before the answer leaves, and typed
slots for long-lived objects.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Generic, TypeVar, cast

from fastapi import Depends, FastAPI, Request
from sqlmodel import Session

from adapters.transport.exchange import Exchange
from app.core.admission import Admission
from app.core.clock import Clock
from app.core.counts import RequestCounts
from app.core.db import Database
from app.core.rates import Rates
from app.core.rules import Switches
from app.core.settings import Settings
from app.core.snapshots import Snapshot, Snapshots
from app.core.strangers import Strangers
from app.core.transactions import on_thread, transaction
from app.core.wire.port import Port
from auth.dependencies import CurrentPrincipal, still_permitted

T = TypeVar("T")


class Slot(Generic[T]):
    """A named place for one long-lived object of the application; `lifespan` fills it, routes read
    it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, app: FastAPI, value: T) -> T:
        """Fill the slot."""
        setattr(app.state, self.name, value)
        return value

    def of(self, app: FastAPI) -> T:
        """What the slot holds."""
        return cast("T", getattr(app.state, self.name))

    async def __call__(self, request: Request) -> T:
        """As a FastAPI dependency; a coroutine, because a request that holds the writer's lock must
        not wait for a thread.
        """
        return self.of(request.app)


DATABASE: Slot[Database] = Slot("database")
SNAPSHOTS: Slot[Snapshots] = Slot("snapshots")
SWITCHES: Slot[Snapshot[Switches]] = Slot("switches")
CLOCK: Slot[Clock] = Slot("clock")
SETTINGS: Slot[Settings] = Slot("settings")
ADMISSION: Slot[Admission] = Slot("admission")
RATES: Slot[Rates] = Slot("rates")
PORT: Slot[Port] = Slot("port")
STRANGERS: Slot[Strangers] = Slot("strangers")
EXCHANGE: Slot[Exchange] = Slot("exchange")
REQUESTS: Slot[RequestCounts] = Slot("request_counts")
CHECKS: Slot[dict[str, Callable[[], bool]]] = Slot("checks")

DatabaseDep = Annotated[Database, Depends(DATABASE)]
SwitchesDep = Annotated[Snapshot[Switches], Depends(SWITCHES)]
SnapshotsDep = Annotated[Snapshots, Depends(SNAPSHOTS)]
ClockDep = Annotated[Clock, Depends(CLOCK)]
SettingsDep = Annotated[Settings, Depends(SETTINGS)]


async def write_session(
    database: DatabaseDep,
    snapshots: SnapshotsDep,
    # resolved first: whoever is unknown never holds the writer's lock
    principal: CurrentPrincipal,
    request: Request,
) -> AsyncIterator[Session]:
    """One request, one transaction, committed before the answer is sent. Who waited for his turn is
    asked for again: what he lost meanwhile, he does not do any more.
    """
    async with transaction(
        database, snapshots, lambda: still_permitted(request, principal)
    ) as session:
        yield session


async def read_session(database: DatabaseDep) -> AsyncIterator[Session]:
    """A reading transaction for the length of the route; it begins with the first question, on a
    worker thread.
    """
    async with database.reading_async():
        session = Session(database.engine, expire_on_commit=False)
        try:
            yield session
        finally:
            if session.in_transaction():
                await on_thread(session.close)


SessionDep = Annotated[Session, Depends(write_session, scope="function")]
ReadSessionDep = Annotated[Session, Depends(read_session, scope="function")]
