"""Refusals that are counted: one durable entry a minute for each peer and cause."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from msgspec import structs

from app.audit.errors import AuditUnavailable
from app.audit.events import Event, EventName, moment
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.core.clock import Clock
from auth.principal import Principal

log = logging.getLogger("onevisit.audit")
_MINUTE, _LOOK_SECONDS = 60.0, 1.0
_MOST = 4096
_OTHERS = "others"
"""Whom a refusal counts for where too many peers are remembered."""


@dataclass(slots=True)
class _Counted:
    event: Event
    """As the next entry tells it, but for count and times."""
    written_at: float
    """Loop time of the entry before."""
    count: int = 0
    first: str = ""
    last: str = ""


class Refusals:
    """The first refusal of a peer for a cause is written at once; what follows within a minute is
    told by the entry of the minute after. A process that is killed loses the count of that minute.
    """

    def __init__(self, sequencer: Sequencer, clock: Clock) -> None:
        self._sequencer = sequencer
        self._clock = clock
        self._counted: dict[tuple[str, str], _Counted] = {}
        self.total = 0

    async def note(
        self, address: str, cause: str, trace_id: str, principal: Principal | None = None
    ) -> None:
        """Count a refusal. The first of its kind is durable when this returns; raises
        `AuditUnavailable` where it cannot be.
        """
        event = self._count(address, cause, trace_id, principal)
        if event is None:
            return
        try:
            await self._sequencer.append(event)
        except AuditUnavailable:
            self._forget(event)  # the next one is the first again
            raise

    def _forget(self, event: Event) -> None:
        for key, counted in list(self._counted.items()):
            if (counted.event.peer, counted.event.outcome) == (event.peer, event.outcome):
                del self._counted[key]

    def note_soon(self, address: str, cause: str) -> None:
        """Count a refusal that was made below ASGI, where nobody can wait."""
        event = self._count(address, cause, "", None)
        if event is not None:
            self._write([event])

    def _count(
        self, address: str, cause: str, trace_id: str, principal: Principal | None
    ) -> Event | None:
        self.total += 1
        now, at = asyncio.get_running_loop().time(), moment(self._clock.now())
        who = principal.subject if principal else address
        key = (who, cause)
        if key not in self._counted and len(self._counted) >= _MOST:
            who, key, principal = _OTHERS, (_OTHERS, cause), None
        counted = self._counted.get(key)
        if counted is None or (not counted.count and now - counted.written_at >= _MINUTE):
            event = _event(who, cause, trace_id, principal)
            self._counted[key] = _Counted(event, now)
            return _told(event, 1, at, at)
        counted.count += 1
        counted.first, counted.last = counted.first or at, at
        return None

    async def keep_writing(self) -> None:
        """Write what has waited for a minute, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._write(self._due(asyncio.get_running_loop().time() - _MINUTE))

    def _due(self, before: float) -> list[Event]:
        """Of entries whose minute is over: what was counted since; what was not is forgotten."""
        now, due = asyncio.get_running_loop().time(), []
        for key, counted in list(self._counted.items()):
            if counted.written_at > before:
                continue
            if not counted.count:
                del self._counted[key]
                continue
            due.append(_told(counted.event, counted.count, counted.first, counted.last))
            self._counted[key] = _Counted(counted.event, now)
        return due

    def _write(self, events: list[Event]) -> None:
        for event in events:
            task = asyncio.get_running_loop().create_task(self._sequencer.append(event))
            task.add_done_callback(_seen)

    async def close(self) -> None:
        """Write whatever was counted."""
        for event in self._due(float("inf")):
            with contextlib.suppress(AuditUnavailable):
                await self._sequencer.append(event)


def _event(who: str, cause: str, trace_id: str, principal: Principal | None) -> Event:
    name = EventName.REQUEST_REFUSED
    if principal is not None:
        return act_of(principal, name, outcome=cause, trace_id=trace_id)
    return Event(event=name, actor="anonymous", peer=who, outcome=cause, trace_id=trace_id)


def _told(event: Event, count: int, first: str, last: str) -> Event:
    return structs.replace(event, count=count, first=first, last=last)


def _seen(task: "asyncio.Task[str]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("refusals of strangers could not be entered: %s", error)
