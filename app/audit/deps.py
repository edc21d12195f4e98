"""The trail as FastAPI dependencies."""

from collections.abc import Callable
from typing import Annotated

from anyio import from_thread
from fastapi import Depends

from app.audit.events import Event
from app.audit.sequencer import Sequencer
from app.audit.service import Trail
from app.core.deps import ClockDep, SettingsDep, Slot

SEQUENCER: Slot[Sequencer] = Slot("audit_sequencer")


def trail(settings: SettingsDep, clock: ClockDep) -> Trail:
    """The trail of this deployment."""
    return Trail(settings.secret, clock)


TrailDep = Annotated[Trail, Depends(trail)]


def tracer(sequencer: Annotated[Sequencer, Depends(SEQUENCER)]) -> Callable[[Event], str]:
    """For reading routes: makes an entry durable from the route's worker thread, before anything is answered."""
    return lambda event: from_thread.run(sequencer.append, event)


TracerDep = Annotated[Callable[[Event], str], Depends(tracer)]
