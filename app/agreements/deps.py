"""The slot of the agreements in force, and how the room opens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from typing import Any

from sqlmodel import Session

from app.agreements.decision import DatedTerms
from app.agreements.metering import Meter
from app.agreements.service import new_snapshot
from app.agreements.telling import remind_of_ends
from app.core.deps import DATABASE, SNAPSHOTS, Slot
from app.core.rooms import House, Job
from app.core.schedule import Schedule, Span
from app.core.snapshots import Snapshot
from app.core.transactions import transaction
from app.operations.jobs.deps import in_transaction

METER: Slot[Meter] = Slot("meter")
_LAST_SECONDS = 1.0
AGREEMENTS: Slot[Snapshot[tuple[DatedTerms, ...]]] = Slot("agreements_snapshot")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `AGREEMENTS` and `METER`; what this process may still tell is given back when it
    ends.
    """
    database, snapshots = DATABASE.of(house.app), SNAPSHOTS.of(house.app)
    snapshots.add(AGREEMENTS.put(house.app, new_snapshot()))
    meter = Meter(lambda: transaction(database, snapshots), house.clock.now)
    METER.put(house.app, meter)
    house.steady.append(meter.give_back)

    def remind(session: Session, span: Span) -> dict[str, Any]:
        return remind_of_ends(session, house.clock.now(), span)

    run = in_transaction(database, remind)
    house.jobs.append(Job("agreements.remind", Schedule(time(8, 30)), run))
    yield
    with contextlib.suppress(Exception):  # a database that is away keeps what was not told
        async with asyncio.timeout(_LAST_SECONDS):
            await meter.give_back(idle=0.0)
