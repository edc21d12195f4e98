"""Group commit on a thread: entries of answers that touch no database are durable before those answers leave.

A batch is what arrived within 2 ms, at most 64 entries; one fsync'd transaction, then all answers of the batch go.
"""

import asyncio
import logging
import queue
import threading
import time

from app.audit import repository
from app.audit.errors import AuditUnavailable
from app.audit.events import Event
from app.audit.models import AuditEntry
from app.audit.service import Trail
from app.core.db import Database

log = logging.getLogger("onevisit.audit")
_BATCH, _WINDOW_SECONDS, _OUTSTANDING = 64, 0.002, 4096
_LONGEST_SECONDS = 5.0

_Item = tuple[AuditEntry, "asyncio.Future[str]", asyncio.AbstractEventLoop]


class Sequencer:
    """Writes entries durably. `append` returns when the entry is on disk, or raises `AuditUnavailable`."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._outstanding = 0
        self._thread = threading.Thread(target=self._run, name="audit-sequencer", daemon=True)

    def start(self) -> None:
        """Start the writing thread."""
        self._thread.start()

    async def append(self, event: Event) -> str:
        """Make an entry durable; returns its id."""
        if self._outstanding >= _OUTSTANDING:
            raise AuditUnavailable(f"{self._outstanding} entries are waiting to be written.")
        loop = asyncio.get_running_loop()
        entry = self._trail.entry(event)
        done: asyncio.Future[str] = loop.create_future()
        self._outstanding += 1
        try:
            self._queue.put((entry, done, loop))
            async with asyncio.timeout(_LONGEST_SECONDS):
                return await done
        except TimeoutError:
            raise AuditUnavailable(f"The entry was not on disk after {_LONGEST_SECONDS:g} s.") from None
        finally:
            self._outstanding -= 1

    def stop(self) -> None:
        """Write what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._collect(first)
            self._commit(batch)
            if last:
                return

    def _collect(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        until = time.monotonic() + _WINDOW_SECONDS
        while len(batch) < _BATCH:
            try:
                item = self._queue.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _commit(self, batch: list[_Item]) -> None:
        failure: AuditUnavailable | None = None
        ids = [entry.id for entry, _, _ in batch]
        try:
            with self._database.write() as session:
                repository.insert(session, [entry for entry, _, _ in batch])
        except Exception:
            log.exception("the trace could not be written; %d answers are withheld", len(batch))
            failure = AuditUnavailable()
        for entry_id, (_, done, loop) in zip(ids, batch, strict=True):
            loop.call_soon_threadsafe(_settle, done, entry_id, failure)


def _settle(done: "asyncio.Future[str]", entry_id: str, failure: AuditUnavailable | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(entry_id)
    else:
        done.set_exception(failure)
