"""The slot of the agreements in force, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.agreements.decision import DatedTerms
from app.agreements.service import new_snapshot
from app.core.deps import SNAPSHOTS, Slot
from app.core.rooms import House
from app.core.snapshots import Snapshot

AGREEMENTS: Slot[Snapshot[tuple[DatedTerms, ...]]] = Slot("agreements_snapshot")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `AGREEMENTS`."""
    SNAPSHOTS.of(house.app).add(AGREEMENTS.put(house.app, new_snapshot()))
    yield
