"""Do what is due; say how it goes; do something now."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from adapters.contract.words import words_of
from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core.calendar import Calendar
from app.core.clock import Clock, local_date
from app.core.db import Database
from app.core.rooms import Job, Turn
from app.core.schedule import Span, pause_after
from app.operations.errors import JobUnderWay, JobUnknown
from app.operations.holding import NotHeld, while_held
from app.operations.jobs import repository
from app.operations.jobs.models import JobRow
from app.operations.jobs.schemas import JobRead
from app.operations.lease import LEASE
from auth.principal import Principal

log = logging.getLogger("onevisit.jobs")
_QUIET_SECONDS = 5.0
_THREADS = 2
WORDS = words_of(Path(__file__).parents[1] / "data" / "jobs.csv")


class JobLost(Exception):
    """Somebody else has taken the job over: what was about to be done is not."""


class JobRunner:
    """Does what is due, one at a time; several processes may each have one."""

    def __init__(
        self, database: Database, clock: Clock, calendar: Calendar, jobs: Sequence[Job]
    ) -> None:
        self._database, self._clock, self.calendar = database, clock, calendar
        self._jobs = jobs
        self._begun = False
        self._quiet_until = 0.0
        self._threads = CapacityLimiter(_THREADS)
        self.failures: dict[str, int] = {}
        """In a row, by job, as of the last look; for people who watch."""

    @property
    def known(self) -> dict[str, Job]:
        """Jobs by name, as rooms handed them in."""
        return {job.name: job for job in self._jobs}

    async def run_next(self) -> bool:
        """Do what has been due for longest; False if nothing is."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._quiet_until:
            return False
        self._quiet_until = loop.time() + _QUIET_SECONDS
        # Not at the start: a process that cannot write must be able to say so.
        if not self._begun:
            await to_thread.run_sync(self._begin, limiter=self._threads)
            self._begun = True
        if not await to_thread.run_sync(self._is_due, limiter=self._threads):
            return False
        row = await to_thread.run_sync(self._claim, limiter=self._threads)
        if row is None:
            return False
        self._quiet_until = 0.0
        await self._do(self.known[row.name], row)
        return True

    def hurry(self) -> None:
        """Somebody asked for one: look at once."""
        self._quiet_until = 0.0

    def _is_due(self) -> bool:
        self.failures = dict(repository.failures(self._database))
        return repository.is_any_due(self._database, self._clock.now())

    def _begin(self) -> None:
        now = self._clock.now()
        first = {j.name: j.schedule.next_after(now, self.calendar) for j in self._jobs}
        with self._database.write() as session:
            repository.begin(session, first, local_date(now) - timedelta(days=1))

    def _claim(self) -> JobRow | None:
        now = self._clock.now()
        with self._database.write() as session:
            row = repository.claim(session, self.known, now, now + LEASE)
            if row is not None:
                row.runs += 1
                session.expunge(row)
            return row

    async def _do(self, job: Job, row: JobRow) -> None:
        today = local_date(self._clock.now())
        span = Span(row.done_for or today - timedelta(days=1), today)
        finish = partial(self._finish, row, span)

        async def renew() -> bool:
            return await self._hold(row, {"lease_until": self._clock.now() + LEASE})

        try:
            result = await while_held(job.run(Turn(span, finish)), renew)
            values = self._done(job, result, span)
        except (NotHeld, JobLost):
            log.warning("job %s was taken over", job.name)
            return
        except Exception as error:
            log.exception("job %s failed; it is tried again", job.name)
            values = self._failed(row, error)
        await self._hold(row, values)

    def _finish(self, row: JobRow, span: Span, session: Session) -> None:
        if not repository.hold(session, row.name, row.runs, {"done_for": span.until}):
            raise JobLost

    def _done(self, job: Job, result: dict[str, Any], span: Span) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "outcome": "done",
            "result": result,
            "error": None,
            "failures": 0,
            "done_for": span.until,
            "ended_at": now,
            "lease_until": None,
            "next_at": job.schedule.next_after(now, self.calendar),
        }

    def _failed(self, row: JobRow, error: Exception) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "outcome": "failed",
            "error": type(error).__name__,
            "failures": row.failures + 1,
            "ended_at": now,
            "lease_until": None,
            "next_at": now + pause_after(row.failures + 1),
        }

    async def _hold(self, row: JobRow, values: dict[str, Any]) -> bool:
        def change() -> bool:
            with self._database.write() as session:
                return repository.hold(session, row.name, row.runs, values)

        return await to_thread.run_sync(change, limiter=self._threads)


def list_jobs(session: Session, runner: JobRunner, clock: Clock) -> list[JobRead]:
    """Every job, by name."""
    known = runner.known
    return [_read(row, known[row.name], clock) for row in repository.rows(session, known)]


def run_now(
    session: Session, trail: Trail, principal: Principal, runner: JobRunner, name: str
) -> JobRead:
    """Make a job due at once. Raises `JobUnknown`, and `JobUnderWay` while somebody does it."""
    job = runner.known.get(name)
    row = repository.find(session, name, lock=True) if job is not None else None
    if job is None or row is None:
        raise JobUnknown
    now = trail.clock.now()
    if row.lease_until is not None and row.lease_until > now:
        raise JobUnderWay
    row.next_at = now
    trail.append(session, act_of(principal, EventName.JOB_RUN, object_ref=name))
    return _read(row, job, trail.clock)


def _read(row: JobRow, job: Job, clock: Clock) -> JobRead:
    told = row.model_dump(include=set(JobRead.model_fields))
    return JobRead(
        **told,
        text=WORDS[row.name],
        at=f"{job.schedule.at:%H:%M}",
        days=job.schedule.days,
        running=row.lease_until is not None and row.lease_until > clock.now(),
    )
