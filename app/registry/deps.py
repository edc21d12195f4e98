"""The slots of live adapters and of the workshop that builds them, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.audit.service import Trail
from app.businesses.deps import FINDER
from app.core.deps import DATABASE, EXCHANGE, SNAPSHOTS, Slot
from app.core.rooms import House
from app.delivery.service import deliver_due
from app.operations.service import Runner
from app.registry.directory import Directory
from app.registry.examinations import Examiner
from app.registry.loader import Workshop

DIRECTORY: Slot[Directory] = Slot("adapter_directory")
WORKSHOP: Slot[Workshop] = Slot("adapter_workshop")
_EXAMINATIONS_AT_ONCE = 4


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `DIRECTORY` and `WORKSHOP`, and what lower rooms need of it: who finds businesses, and
    who sends deliveries.
    """
    app, clock, database = house.app, house.clock, DATABASE.of(house.app)
    workshop = WORKSHOP.put(app, Workshop(EXCHANGE.of(app), clock.now))
    directory = DIRECTORY.put(app, Directory(workshop, house.settings.keys))
    directory.open()
    FINDER.put(app, directory)
    SNAPSHOTS.of(app).add(directory.snapshot)
    trail = Trail(house.settings.keys, clock)
    runner = Runner(database, trail, Examiner(database, trail, workshop).kinds())
    house.steps += [runner.run_next] * _EXAMINATIONS_AT_ONCE
    house.steps.append(lambda: deliver_due(database, trail, directory))
    try:
        yield
    finally:
        await directory.close()
