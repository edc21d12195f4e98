"""How the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.catalogue.switching import new_snapshot
from app.core.deps import SNAPSHOTS, SWITCHES
from app.core.rooms import House


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `SWITCHES`."""
    SNAPSHOTS.of(house.app).add(SWITCHES.put(house.app, new_snapshot()))
    yield
