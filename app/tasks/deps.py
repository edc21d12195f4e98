"""The slot of the open tasks, and how the room opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from functools import partial
from typing import Any

from sqlmodel import Session

from app.audit.service import Trail
from app.businesses.deps import LOCATOR
from app.core.deps import DATABASE, SNAPSHOTS, SWITCHES, Slot
from app.core.rooms import House, Job
from app.core.schedule import Schedule, Span
from app.core.snapshots import Snapshot
from app.operations.jobs.deps import in_transaction
from app.tasks import glass
from app.tasks.lifecycle import OpenTask
from app.tasks.locating import Locating
from app.tasks.service import new_snapshot

TASKS: Slot[Snapshot[dict[str, OpenTask]]] = Slot("tasks_snapshot")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `TASKS`; in the background, registration is asked where tasks are that it had not
    told.
    """
    SNAPSHOTS.of(house.app).add(TASKS.put(house.app, new_snapshot(house.clock)))
    trail = Trail(house.settings.keys, house.clock, house.settings.region)
    switches = SWITCHES.of(house.app)
    locating = Locating(
        DATABASE.of(house.app), trail, partial(LOCATOR.of, house.app), lambda: switches.value
    )

    def remind(session: Session, span: Span) -> dict[str, Any]:
        return glass.remind(session, house.clock.now(), span)

    run = in_transaction(DATABASE.of(house.app), remind)
    house.jobs.append(Job("glass.remind", Schedule(time(8, 45)), run))
    if house.settings.run_worker:
        house.steady.append(locating.step)
    yield
