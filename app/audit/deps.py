"""The trail as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends

from app.audit.sequencer import Sequencer
from app.audit.service import Trail
from app.core.deps import ClockDep, SettingsDep, Slot

SEQUENCER: Slot[Sequencer] = Slot("audit_sequencer")


async def trail(settings: SettingsDep, clock: ClockDep) -> Trail:
    """The trail of this deployment."""
    return Trail(settings.secret, clock)


TrailDep = Annotated[Trail, Depends(trail)]

SequencerDep = Annotated[Sequencer, Depends(SEQUENCER)]
