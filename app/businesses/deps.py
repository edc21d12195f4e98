"""The slots of whoever finds businesses and of where they are, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.businesses.service import Finder, Locator
from app.businesses.whereabouts import Whereabouts
from app.core.deps import DATABASE, Slot
from app.core.rooms import House

LOCATOR: Slot[Locator] = Slot("business_locator")
FINDER: Slot[Finder] = Slot("business_finder")
WHEREABOUTS: Slot[Whereabouts] = Slot("whereabouts")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `WHEREABOUTS`; `FINDER` and `LOCATOR` are filled by rooms that ask registration."""
    whereabouts = WHEREABOUTS.put(house.app, Whereabouts(DATABASE.of(house.app), house.clock))
    try:
        yield
    finally:
        await whereabouts.close()
