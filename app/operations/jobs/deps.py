"""The slot of what is done at its time, and how the room opens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from sqlmodel import Session

from app.core.calendar import read_calendar
from app.core.db import Database
from app.core.deps import DATABASE, Slot
from app.core.rooms import House, Turn
from app.core.schedule import Span
from app.core.telemetry import labelled_gauge
from app.operations.jobs.service import JobRunner

JOBS: Slot[JobRunner] = Slot("jobs")


def in_transaction(
    database: Database, act: Callable[[Session, Span], dict[str, Any]]
) -> Callable[[Turn], Awaitable[dict[str, Any]]]:
    """What a job runs, of an act in one transaction: it and that it is done commit together."""

    def write(turn: Turn) -> dict[str, Any]:
        with database.write() as session:
            turn.finish(session)
            return act(session, turn.span)

    async def run(turn: Turn) -> dict[str, Any]:
        return await to_thread.run_sync(write, turn)

    return run


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `JOBS`; what is done, higher rooms hand in."""
    calendar = read_calendar(house.settings.calendar_file)
    runner = JobRunner(DATABASE.of(house.app), house.clock, calendar, house.jobs)
    JOBS.put(house.app, runner)
    house.steps.append(runner.run_next)
    words = "How often a job has failed in a row"
    house.families.append(
        lambda: (labelled_gauge("onevisit_job_failures", words, "job", runner.failures),)
    )
    yield
