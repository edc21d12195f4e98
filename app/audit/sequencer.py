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
from collections.abc import Callable, Iterator
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from sqlalchemy import PoolProxiedConnection

from app.audit import repository
from app.audit.errors import AuditUnavailable
from app.audit.events import Event
from app.audit.service import Trail
from app.core.counts import Histogram
from app.core.db import Database
from app.core.ids import new_id_text

log = logging.getLogger("onevisit.audit")
_BATCH, _OUTSTANDING = 512, 4096
_LONGEST_SECONDS = 5.0
_WRITE_SECONDS = 3.0
"""How long one batch may take before its connection is given up."""
_COUNT_SECONDS, _BUSY_PER_SECOND, _GATHER_SECONDS = 0.1, 700, 0.003
_PROBE_SECONDS, _PROBE_WRITE_SECONDS = 0.7, 1.2
"""How often one is written where nobody asks, and how long that may take."""
_FRESH_SECONDS = 1.8
_LEFT_BEHIND_AFTER = timedelta(days=1)

_Item = tuple[repository.Row, "asyncio.Future[str]"]


class Sequencer:
    """Writes entries durably. `append` returns when the entry is on disk, or raises
    `AuditUnavailable`: at once while the database is known to be away.
    """

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail
        self._name = new_id_text()
        self._waiting: SimpleQueue[_Item | None] = SimpleQueue()
        """None ends the thread."""
        self._outstanding = 0
        self._stopping = False
        self._is_away = False
        self.durable_at = time.monotonic()
        """When something was last written durably."""
        self.commits = Histogram()
        self._counted, self._counted_at, self._is_busy = 0, 0.0, False
        self._connection: PoolProxiedConnection | None = None
        self._thread = self._new_thread()
        self._loop: asyncio.AbstractEventLoop | None = None

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="audit-sequencer", daemon=True)

    def start(self) -> None:
        """Start the writing thread; entries come from the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def restart_if_dead(self) -> None:
        """Start the thread anew if it ended although nobody stopped it."""
        if self._stopping or self._thread.is_alive():
            return
        log.error("the thread that writes entries had ended; it is started anew")
        self._drop_connection()
        self._thread = self._new_thread()
        self._thread.start()

    @property
    def outstanding(self) -> int:
        """Entries that are not yet on disk."""
        return self._outstanding

    @property
    def is_writing(self) -> bool:
        """Whether something was written durably just now: entries, or a probe where there are
        none.
        """
        return not self._is_away and time.monotonic() - self.durable_at < _FRESH_SECONDS

    async def append(self, event: Event, by: float | None = None) -> str:
        """Make an entry durable; returns its id. `by` is the loop's time after which nobody waits
        for it any more: it is refused then, if it is not on disk.
        """
        if self._outstanding >= _OUTSTANDING:
            raise AuditUnavailable(f"{self._outstanding} entries are waiting to be written.")
        if self._stopping:
            raise AuditUnavailable("The gateway is stopping.")
        if self._is_away:
            raise AuditUnavailable("The database takes no entries at present.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        self._waiting.put((self._trail.row(event), done))
        self._outstanding += 1
        latest = loop.time() + _LONGEST_SECONDS
        late = loop.call_at(latest if by is None else min(by, latest), _give_up, done)
        try:
            return await done
        finally:
            late.cancel()

    def stop(self) -> None:
        """Write what is waiting, then end the thread; two seconds are waited for it."""
        self._stopping = True
        self._waiting.put(None)
        self._thread.join(timeout=_LAST_SECONDS)

    def _run(self) -> None:
        while True:
            try:
                first = self._waiting.get(timeout=_PROBE_SECONDS)
            except Empty:
                self._probe()
                continue
            if first is None:
                break
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
        failed = self._write([row for row, _ in batch])
        if failed and len(batch) > 1 and failed.is_one_rows:
            for item in batch:  # one entry that does not fit fails alone
                self._tell([item], self._write([item[0]]))
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

    def _write(self, rows: list[repository.Row]) -> "_Failed | None":
        """Make entries durable, all or none. A connection that was lost is replaced once: what the
        database took before it was lost is not written twice.
        """
        begun = time.monotonic()
        failed = self._tried(lambda c: repository.insert_many(self._database, c, rows))
        soon = time.monotonic() - begun < _WRITE_SECONDS / 2
        if failed and soon and not failed.is_one_rows and not self._database.is_sqlite:
            failed = self._tried(
                lambda c: repository.insert_many(self._database, c, rows, again=True)
            )
        return failed

    def _probe(self) -> None:
        now = self._trail.clock.now()
        failed = self._tried(
            lambda c: repository.probe(
                self._database, c, self._name, now, now - _LEFT_BEHIND_AFTER
            ),
            _PROBE_WRITE_SECONDS,
        )
        if failed:
            log.warning("the database takes nothing: %s", type(failed.error).__name__)

    def _tried(
        self, write: Callable[[Any], None], seconds: float = _WRITE_SECONDS
    ) -> "_Failed | None":
        """Write in the writer's turn, on the connection that is kept for it."""
        begun = time.monotonic()
        try:
            if self._connection is None:
                self._connection = self._database.connection_apart(seconds)
            connection = self._connection.driver_connection
            self._database.be_patient(connection, seconds)
            with self._database.turn():
                write(connection)
        except Exception as error:  # noqa: BLE001 - told to whoever waits, and logged
            self._drop_connection()
            failed = _Failed(error)
            self._is_away = not failed.is_one_rows
            return failed
        now = time.monotonic()
        self.commits.note(now - begun)
        self._is_away, self.durable_at = False, now
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


_LAST_SECONDS = 2.0


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
        done.set_exception(AuditUnavailable("The entry was not on disk in time."))
