"""Group commit on a thread: entries of answers that touch no database are durable before those
answers leave.

What arrives while one batch is being written is the next batch: an idle log writes at once. A busy
one, of more entries a second than commits are worth, gathers for three milliseconds.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import NamedTuple

from sqlalchemy import PoolProxiedConnection

from app.audit import repository
from app.audit.errors import AuditUnavailable
from app.audit.events import Event
from app.audit.service import Trail
from app.core.db import Database

log = logging.getLogger("onevisit.audit")
_BATCH, _OUTSTANDING = 512, 4096
_LONGEST_SECONDS = 5.0
_COUNT_SECONDS, _BUSY_PER_SECOND, _GATHER_SECONDS = 0.1, 700, 0.003

_Item = tuple[repository.Row, "asyncio.Future[str]"]


class Sequencer:
    """Writes entries durably. `append` returns when the entry is on disk, or raises
    `AuditUnavailable`.
    """

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail
        self._waiting: SimpleQueue[_Item | None] = SimpleQueue()
        """None ends the thread."""
        self._outstanding = 0
        self._stopping = False
        self._counted, self._counted_at, self._is_busy = 0, 0.0, False
        self._connection: PoolProxiedConnection | None = None
        self._thread = threading.Thread(target=self._run, name="audit-sequencer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the writing thread; entries come from the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def outstanding(self) -> int:
        """Entries that are not yet on disk."""
        return self._outstanding

    async def append(self, event: Event) -> str:
        """Make an entry durable; returns its id."""
        if self._outstanding >= _OUTSTANDING:
            raise AuditUnavailable(f"{self._outstanding} entries are waiting to be written.")
        if self._stopping:
            raise AuditUnavailable("The gateway is stopping.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        self._waiting.put((self._trail.row(event), done))
        self._outstanding += 1
        late = loop.call_later(_LONGEST_SECONDS, _give_up, done)
        try:
            return await done
        finally:
            late.cancel()

    def stop(self) -> None:
        """Write what is waiting, then end the thread."""
        self._stopping = True
        self._waiting.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            self._gather()
            self._commit([first, *self._at_hand()])
        if last := list(self._at_hand()):  # put while the end was being announced
            self._commit(last)
        self._drop_connection()

    def _at_hand(self) -> Iterator[_Item]:
        """What has arrived meanwhile, up to a batch."""
        for _ in range(min(self._waiting.qsize(), _BATCH - 1)):
            item = self._waiting.get()
            if item is None:
                self._waiting.put(None)  # read again when this batch is written
                return
            yield item

    def _gather(self) -> None:
        """Wait for more where more come so fast that a commit each would cost more than they do."""
        now = time.monotonic()
        if now - self._counted_at > _COUNT_SECONDS:
            self._is_busy = self._counted > _BUSY_PER_SECOND * (now - self._counted_at)
            self._counted, self._counted_at = 0, now
        if self._is_busy and not self._stopping:
            time.sleep(_GATHER_SECONDS)

    def _commit(self, batch: list[_Item]) -> None:
        self._counted += len(batch)
        failed = self._write(batch)
        if failed and len(batch) > 1 and failed.is_one_rows:
            for item in batch:  # one entry that does not fit fails alone
                self._tell([item], self._write([item]))
        else:
            self._tell(batch, failed)

    def _tell(self, batch: list[_Item], failed: "_Failed | None") -> None:
        if failed:
            log.error(
                "entries could not be written; %d answers are withheld",
                len(batch),
                exc_info=failed.error,
            )
        failure = AuditUnavailable() if failed else None
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._settle, batch, failure)

    def _write(self, batch: list[_Item]) -> "_Failed | None":
        """Make entries durable, all or none."""
        try:
            if self._connection is None:
                self._connection = self._database.engine.raw_connection()
            with self._database.turn():
                repository.insert_many(
                    self._database, self._connection.driver_connection, [row for row, _ in batch]
                )
        except Exception as error:  # noqa: BLE001 - told to whoever waits, and logged
            self._drop_connection()
            return _Failed(error)
        return None

    def _settle(self, batch: list[_Item], failure: AuditUnavailable | None) -> None:
        self._outstanding -= len(batch)
        for row, done in batch:
            if done.done():
                continue
            if failure is None:
                done.set_result(row[0])
            else:
                done.set_exception(failure)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.invalidate()
            self._connection = None


class _Failed(NamedTuple):
    """Why a batch was not written."""

    error: Exception

    @property
    def is_one_rows(self) -> bool:
        """Whether what one row holds may be at fault, and not the database."""
        return any(base.__name__ in _OF_ONE_ROW for base in type(self.error).__mro__)


_OF_ONE_ROW = frozenset({"DataError", "IntegrityError"})
"""As PEP 249 names them, whichever driver raises."""


def _give_up(done: "asyncio.Future[str]") -> None:
    if not done.done():
        done.set_exception(
            AuditUnavailable(f"The entry was not on disk after {_LONGEST_SECONDS:g} s.")
        )
