"""How the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.deps import DATABASE
from app.core.numbering import numbering
from app.core.rooms import House
from app.inspections.models import RECORDS


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Records are numbered as long as it is open."""
    house.steady += numbering(DATABASE.of(house.app), RECORDS)
    yield
