"""The slots of whoever finds businesses and of where they are, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.businesses.service import Finder
from app.businesses.whereabouts import Whereabouts
from app.core.deps import DATABASE, Slot
from app.core.rooms import House

FINDER: Slot[Finder] = Slot("business_finder")
WHEREABOUTS: Slot[Whereabouts] = Slot("whereabouts")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `WHEREABOUTS`; `FINDER` is filled by the room that has the registration's adapter."""
    whereabouts = WHEREABOUTS.put(house.app, Whereabouts(DATABASE.of(house.app), house.clock))
    try:
        yield
    finally:
        await whereabouts.close()
