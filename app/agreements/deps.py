"""The slot of the agreements in force; `lifespan` fills it."""

from app.agreements.decision import DatedTerms
from app.core.deps import Slot
from app.core.snapshots import Snapshot

AGREEMENTS: Slot[Snapshot[tuple[DatedTerms, ...]]] = Slot("agreements_snapshot")
