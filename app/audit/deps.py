"""The trail as FastAPI dependencies, and how the room opens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends

from app.audit.sequencer import Sequencer
from app.audit.service import Trail
from app.core.deps import DATABASE, ClockDep, SettingsDep, Slot
from app.core.rooms import House
from app.core.telemetry import gauge

SEQUENCER: Slot[Sequencer] = Slot("audit_sequencer")


async def trail(settings: SettingsDep, clock: ClockDep) -> Trail:
    """The trail of this deployment."""
    return Trail(settings.keys, clock)


TrailDep = Annotated[Trail, Depends(trail)]

SequencerDep = Annotated[Sequencer, Depends(SEQUENCER)]


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `SEQUENCER`; what waits to be written is written before the room closes."""
    trail = Trail(house.settings.keys, house.clock)
    sequencer = SEQUENCER.put(house.app, Sequencer(DATABASE.of(house.app), trail))
    house.families.append(
        lambda: (
            gauge(
                "onevisit_audit_outstanding",
                "Audit entries not yet on disk",
                sequencer.outstanding,
            ),
        )
    )
    sequencer.start()
    try:
        yield
    finally:
        await asyncio.to_thread(sequencer.stop)
