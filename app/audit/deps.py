"""The trail as FastAPI dependencies, and how the room opens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from app.audit.events import EventName
from app.audit.models import ENTRIES
from app.audit.sequencer import Sequencer
from app.audit.service import Trail, act_of
from app.audit.tally import Refusals
from app.core.deps import DATABASE, PORT, ClockDep, SettingsDep, Slot
from app.core.numbering import numbering
from app.core.problems import trace_id_of
from app.core.rooms import House, Step
from app.core.telemetry import gauge
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

SEQUENCER: Slot[Sequencer] = Slot("audit_sequencer")
REFUSALS: Slot[Refusals] = Slot("audit_refusals")


async def trail(settings: SettingsDep, clock: ClockDep) -> Trail:
    """The trail of this deployment."""
    return Trail(settings.keys, clock, settings.region)


TrailDep = Annotated[Trail, Depends(trail)]

SequencerDep = Annotated[Sequencer, Depends(SEQUENCER)]


def reads(event: EventName, permission: Permission) -> Callable[..., Awaitable[Principal]]:
    """A dependency as `requires`, for doors through which things about people and systems are read:
    the entry is durable before they are.
    """
    permitted = requires(permission)

    async def entered(
        request: Request,
        principal: Annotated[Principal, Depends(permitted)],
        sequencer: SequencerDep,
    ) -> Principal:
        await sequencer.append(
            act_of(
                principal,
                event,
                object_ref=request.url.path,
                filter=request.url.query,
                trace_id=trace_id_of(request),
            )
        )
        return principal

    entered.permission = permission  # type: ignore[attr-defined]  # as `requires` does
    return entered


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `SEQUENCER` and `REFUSALS`; what waits to be written is written before the room
    closes.
    """
    trail = Trail(house.settings.keys, house.clock, house.settings.region)
    sequencer = SEQUENCER.put(house.app, Sequencer(DATABASE.of(house.app), trail))
    refusals = REFUSALS.put(house.app, Refusals(sequencer, house.clock))
    PORT.of(house.app).on_refusal = refusals.note_soon
    house.families.append(
        lambda: (
            gauge(
                "onevisit_audit_outstanding",
                "Audit entries not yet on disk",
                sequencer.outstanding,
            ),
            gauge(
                "onevisit_audit_writing",
                "1 while something was written durably just now",
                float(sequencer.is_writing),
            ),
            sequencer.commits.metric("onevisit_commit_seconds", "Seconds a commit of entries took"),
        )
    )
    house.checks["audit"] = lambda: sequencer.is_writing
    database = DATABASE.of(house.app)
    house.steady += [_watching(sequencer), *numbering(database, ENTRIES)]
    sequencer.start()
    writing = asyncio.create_task(refusals.keep_writing())
    try:
        yield
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await refusals.close()
        await asyncio.to_thread(sequencer.stop)


def _watching(sequencer: Sequencer) -> Step:
    async def step() -> bool:
        sequencer.restart_if_dead()
        return False

    return step
