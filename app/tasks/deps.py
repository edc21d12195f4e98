"""The slot of the open tasks; `lifespan` fills it."""

from app.core.deps import Slot
from app.core.snapshots import Snapshot
from app.tasks.service import OpenTask

TASKS: Slot[Snapshot[dict[str, OpenTask]]] = Slot("tasks_snapshot")
