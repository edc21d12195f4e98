"""The slots of live adapters and of the workshop that builds them, and how the room opens."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread

from app.audit.service import Trail
from app.businesses.deps import FINDER
from app.core.deps import DATABASE, EXCHANGE, SNAPSHOTS, Slot
from app.core.rooms import House, Step
from app.core.telemetry import labelled_gauge
from app.delivery.service import Carrier
from app.operations.service import Runner
from app.registry.directory import Directory
from app.registry.examinations import Examiner
from app.registry.loader import Workshop

_LAST_SECONDS = 1.5
_COUNT_SECONDS = 5.0
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
    trail = Trail(house.settings.keys, clock, house.settings.region)
    runner = Runner(database, trail, Examiner(database, trail, workshop).kinds())
    house.steps += [runner.run_next] * _EXAMINATIONS_AT_ONCE
    carrier = Carrier(database, trail, directory)
    house.steps += [carrier.begin, _counting(carrier)]
    words = "Messages to departments that have not arrived"
    house.families.append(
        lambda: (labelled_gauge("onevisit_deliveries", words, "state", carrier.counts),)
    )
    try:
        yield
    finally:
        await carrier.settled(_LAST_SECONDS)
        await directory.close()


def _counting(carrier: Carrier) -> Step:
    """Look every few seconds how many deliveries wait."""
    counted_at = -math.inf

    async def step() -> bool:
        nonlocal counted_at
        if time.monotonic() - counted_at >= _COUNT_SECONDS:
            counted_at = time.monotonic()
            await to_thread.run_sync(carrier.count)
        return False

    return step
