"""The slot of the open tasks, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.core.deps import SNAPSHOTS, Slot
from app.core.rooms import House
from app.core.snapshots import Snapshot
from app.tasks.lifecycle import OpenTask
from app.tasks.service import new_snapshot

TASKS: Slot[Snapshot[dict[str, OpenTask]]] = Slot("tasks_snapshot")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `TASKS`."""
    SNAPSHOTS.of(house.app).add(TASKS.put(house.app, new_snapshot(house.clock)))
    yield
