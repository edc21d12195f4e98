"""How the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time, timedelta
from typing import Any

from sqlmodel import Session

from app.core.deps import DATABASE
from app.core.rooms import House, Job
from app.core.schedule import Schedule, Span
from app.delivery.notices import repository
from app.operations.jobs.deps import in_transaction

_KEPT = timedelta(days=90)


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Old notices are forgotten as long as it is open."""

    def forget(session: Session, _span: Span) -> dict[str, Any]:
        return {"notices": repository.prune(session, house.clock.now() - _KEPT)}

    run = in_transaction(DATABASE.of(house.app), forget)
    house.jobs.append(Job("notices.forget", Schedule(time(3, 10)), run))
    yield
