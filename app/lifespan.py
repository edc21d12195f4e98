"""Opens and closes what lives as long as the process: a table of rooms, in downhill order."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from app import worker
from app.agreements import deps as agreements
from app.audit import deps as audit
from app.businesses import deps as businesses
from app.catalogue import deps as catalogue
from app.core import opening as core
from app.core.clock import Clock
from app.core.deps import CHECKS, DATABASE, SNAPSHOTS
from app.core.rooms import House, Room
from app.core.settings import Settings
from app.core.telemetry import SIBLINGS, siblings
from app.delivery.notices import deps as notices
from app.inspections import deps as inspections
from app.operations.jobs import deps as jobs
from app.organisations import deps as organisations
from app.profile import deps as profile
from app.registry import deps as registry
from app.supervision.aggregates import deps as aggregates
from app.tasks import deps as tasks

ROOMS: tuple[Room, ...] = (
    core.open_room,  # database, snapshots, the way out
    audit.open_room,  # the sequencer of entries
    jobs.open_room,  # what is done at its time
    notices.open_room,  # the way to webhooks, what is forgotten of notices
    organisations.open_room,  # who is calling: the issuer's keys
    catalogue.open_room,  # rules that regions have switched
    tasks.open_room,  # open tasks
    agreements.open_room,  # agreements in force
    businesses.open_room,  # where businesses are
    registry.open_room,  # live adapters, examinations; searches and deliveries go through them
    profile.open_room,  # the dispatcher and what is told
    aggregates.open_room,  # counts over class 1
    inspections.open_room,  # numbers of records, reminders of those that want a word
)
"""A room may use the slots of those above it in this table; they close in the opposite order."""


def lifespan_of(
    settings: Settings, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The lifespan of an application with these settings."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        house = House(app, settings, clock)
        async with AsyncExitStack() as stack:
            for open_room in ROOMS:
                await stack.enter_async_context(open_room(house))
            counting = SIBLINGS.put(app, siblings(settings.metrics_folder, *house.families))
            await stack.enter_async_context(counting.reachable())
            CHECKS.put(app, house.checks)
            await stack.enter_async_context(SNAPSHOTS.of(app).kept_fresh())
            steps = house.steps if settings.run_worker else ()
            await stack.enter_async_context(
                worker.working(*steps, steady=house.steady, database=DATABASE.of(app))
            )
            yield

    return lifespan
