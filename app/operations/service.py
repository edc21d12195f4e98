"""Ask for long work, see how it goes, call it off; and carry it out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core.db import Database
from app.core.ids import new_id
from app.operations import repository
from app.operations.errors import OperationOver, OperationUnknown, OperationWaits
from app.operations.holding import NotHeld, while_held
from app.operations.lease import LEASE, MOST_ATTEMPTS
from app.operations.models import Operation
from app.operations.schemas import OperationRead, OperationState, Progress
from auth.principal import Principal
from auth.scope import EVERYTHING, scope_of

log = logging.getLogger("onevisit.operations")
_QUIET_SECONDS, _THREADS = 0.5, 4


@dataclass(slots=True)
class Work:
    """What somebody carries out: its parameters, and where to say how far it has got."""

    id: str
    kind: str
    key: str
    parameters: dict[str, Any]
    requested_by: str
    attempt: int
    done: int = 0
    of: int = 0
    moved: bool = field(default=False)

    async def progress(self, done: int, of: int) -> None:
        """Say how far it has got; written with the next renewal of the lease."""
        self.done, self.of, self.moved = done, of, True


Handler = Callable[[Work], Awaitable[dict[str, Any]]]
"""Carries out work; gives its result. What it raises is tried again by whoever takes it next."""
Finish = Callable[[Session, Work, dict[str, Any]], None]
"""What else changes with the result, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of work is carried out."""

    handle: Handler
    finish: Finish


def request(
    session: Session,
    trail: Trail,
    principal: Principal,
    *,
    kind: str,
    key: str,
    department: str,
    region: str,
    parameters: dict[str, Any],
) -> OperationRead:
    """Add work to this transaction; it begins when the transaction commits.

    One waits for each thing: the same asked again is that one, and for other work it raises
    `OperationWaits`.
    """
    waiting = repository.latest(session, EVERYTHING, key=key, state="pending", limit=1)
    if waiting:
        if (waiting[0].kind, waiting[0].parameters) == (kind, parameters):
            return _read(waiting[0])
        raise OperationWaits(f"{waiting[0].id} is waiting.")
    row = Operation(
        id=str(new_id()),
        kind=kind,
        key=key,
        department=department,
        region=region,
        parameters=parameters,
        requested_by=principal.subject,
        created_at=trail.clock.now(),
    )
    repository.add(session, row)
    return _read(row)


def read_operation(session: Session, principal: Principal, operation_id: str) -> OperationRead:
    """Progress and, when done, the result. Raises `OperationUnknown`, also for one the caller may
    not see.
    """
    return _read(_seen(session, principal, operation_id))


def list_operations(
    session: Session,
    principal: Principal,
    *,
    key: str | None,
    state: OperationState | None,
    limit: int,
) -> list[OperationRead]:
    """The newest within the caller's region and department."""
    scope = scope_of(principal)
    rows = repository.latest(session, scope, key=key, state=state, limit=limit)
    return [_read(row) for row in rows]


def cancel(
    session: Session, trail: Trail, principal: Principal, operation_id: str
) -> OperationRead:
    """Call work off: what waits never begins, what is under way is left within seconds.

    Raises `OperationUnknown`, and `OperationOver` for what has ended.
    """
    row = _seen(session, principal, operation_id, lock=True)
    if row.state not in {OperationState.PENDING, OperationState.RUNNING}:
        raise OperationOver(f"The operation is {row.state}.")
    row.state, row.finished_at, row.lease_until = "cancelled", trail.clock.now(), None
    departments = (row.department,)
    event = act_of(
        principal, EventName.OPERATION_CANCELLED, object_ref=row.id, departments=departments
    )
    trail.append(session, event)
    return _read(row)


def latest_result(session: Session, *, kind: str, key: str) -> dict[str, Any] | None:
    """The result of the newest work of a kind that was done about something."""
    found = repository.latest(session, EVERYTHING, kinds=(kind,), key=key, state="done", limit=1)
    return found[0].result if found else None


def _seen(
    session: Session, principal: Principal, operation_id: str, *, lock: bool = False
) -> Operation:
    row = repository.find(session, operation_id, lock=lock)
    if row is None or not scope_of(principal).covers(row.region, row.department):
        raise OperationUnknown
    return row


def _read(row: Operation) -> OperationRead:
    progress = Progress(done=row.progress_done, of=row.progress_of)
    return OperationRead.model_validate({**row.model_dump(), "progress": progress})


class Runner:
    """Carries out work of the kinds it was given, as much at once as `run_next` is called at once;
    several processes may each have one.
    """

    def __init__(self, database: Database, trail: Trail, kinds: Mapping[str, Kind]) -> None:
        self._database = database
        self._trail = trail
        self._kinds = kinds
        self.quiet_until = 0.0
        self._threads = CapacityLimiter(_THREADS)
        """Of its own: threads that wait for their turn to write must leave some to whoever has it.
        """

    async def run_next(self) -> bool:
        """Carry out the oldest work that is free; False if there is none."""
        loop = asyncio.get_running_loop()
        if loop.time() < self.quiet_until:
            return False  # another call has just looked
        self.quiet_until = loop.time() + _QUIET_SECONDS
        now = self._trail.clock.now()
        if not await to_thread.run_sync(
            repository.waits, self._database, now, limiter=self._threads
        ):
            return False
        self.quiet_until = 0.0
        work = await to_thread.run_sync(self._claim, limiter=self._threads)
        if work is None:
            return False
        await self._carry_out(work)
        return True

    async def _carry_out(self, work: Work) -> None:
        """Handle it while holding it; who no longer holds it stops."""
        kind = self._kinds[work.kind]

        async def renew() -> bool:
            return await to_thread.run_sync(self._renew, work, limiter=self._threads)

        try:
            result = await while_held(kind.handle(work), renew)
        except NotHeld:
            return
        except Exception:
            # Its lease ends, and it is tried again, so often as `MOST_ATTEMPTS` says.
            log.exception("%s %s failed; it is tried again", work.kind, work.key)
            return
        await to_thread.run_sync(self._settle, work, kind.finish, result, limiter=self._threads)

    def _claim(self) -> Work | None:
        now = self._trail.clock.now()
        with self._database.write() as session:
            row = repository.claim(session, self._kinds, now, now + LEASE)
            if row is None:
                return None
            attempt = row.attempts + 1
            if attempt > MOST_ATTEMPTS:
                log.error("%s %s is given up after %d attempts", row.kind, row.key, row.attempts)
                over = {"state": "failed", "finished_at": now, "lease_until": None}
                repository.hold(session, row.id, attempt, over)
                return None
            return Work(row.id, row.kind, row.key, row.parameters, row.requested_by, attempt)

    def _renew(self, work: Work) -> bool:
        values: dict[str, Any] = {"lease_until": self._trail.clock.now() + LEASE}
        if work.moved:
            values |= {"progress_done": work.done, "progress_of": work.of}
        with self._database.write() as session:
            return repository.hold(session, work.id, work.attempt, values)

    def _settle(self, work: Work, finish: Finish, result: dict[str, Any]) -> None:
        values = {
            "state": "done",
            "result": result,
            "finished_at": self._trail.clock.now(),
            "lease_until": None,
            "progress_done": work.done,
            "progress_of": work.of,
        }
        with self._database.write() as session:
            if repository.hold(session, work.id, work.attempt, values):
                finish(session, work, result)
