"""Open tasks whose region registration had not told: it is asked again, until it has."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from anyio import to_thread

from adapters.contract import parse
from app.audit.service import Trail
from app.businesses.service import Locator
from app.core.db import Database
from app.core.ids import new_trace_id
from app.core.rules import Switches
from app.tasks import repository
from app.tasks.models import Task
from app.tasks.service import locate_task, opener_of

_AT_ONCE = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
_QUIET_SECONDS = 0.9


@dataclass(slots=True)
class Locating:
    """A step of the background, called four times a second. Each task is asked about less and less
    often.
    """

    database: Database
    trail: Trail
    locator: Callable[[], Locator]
    switches: Callable[[], Switches]
    _due: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By task: the loop time before which it is left alone, and the pause after that."""
    _quiet_until: float = 0.0
    _after: str = ""
    """How far the round has got: those that are never told hold up no others."""

    async def step(self) -> bool:
        """Whether a region was told."""
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + _QUIET_SECONDS
        waiting = await to_thread.run_sync(self._waiting)
        whole = len(waiting) < _AT_ONCE
        if whole and not self._after:
            self._due = {t.id: self._due[t.id] for t in waiting if t.id in self._due}
        self._after = "" if whole else waiting[-1].id
        found = False
        for task in waiting:
            due, pause = self._due.get(task.id, (now, _FIRST_PAUSE))
            if due <= now:
                self._due[task.id] = now + pause, min(2 * pause, _LONGEST_PAUSE)
                found |= await self._locate(task)
        return found

    async def _locate(self, task: Task) -> bool:
        business = parse(task.business_id, "on_licence")
        place = await self.locator().locate(opener_of(task), business, task.site, new_trace_id())
        region = place.of_site(task.site) or place.region
        if region:
            await to_thread.run_sync(self._write, task.id, region)
        return bool(region)

    def _waiting(self) -> list[Task]:
        with self.database.read() as session:
            now = self.trail.clock.now()
            return repository.unlocated(session, now, self._after, _AT_ONCE)

    def _write(self, task_id: str, region: str) -> None:
        with self.database.write() as session:
            locate_task(session, self.trail, task_id, region, self.switches())
