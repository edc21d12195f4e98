"""The slot of whoever asks for counts, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.agreements.deps import AGREEMENTS, METER
from app.audit.deps import SEQUENCER
from app.core.deps import SNAPSHOTS, Slot
from app.core.rooms import House
from app.organisations.deps import PEOPLE
from app.registry.deps import DIRECTORY
from app.supervision.aggregates.service import CountDesk

COUNT_DESK: Slot[CountDesk] = Slot("count_desk")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `COUNT_DESK`."""
    app = house.app
    desk = CountDesk(
        DIRECTORY.of(app),
        PEOPLE.of(app),
        AGREEMENTS.of(app),
        SNAPSHOTS.of(app),
        SEQUENCER.of(app),
        METER.of(app),
        house.clock,
    )
    COUNT_DESK.put(app, desk)
    yield
