"""Where businesses are, as the registration office told it last: whom to ask rests on it, and class
2 does where registration does not say it anew.

Kept in memory for a minute, and behind it in `businesses`; what is told is written a moment later,
many at once: losing it costs one question to a wrong office, after which the right one is asked.
"""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from datetime import timedelta
from typing import NamedTuple

from anyio import fail_after, to_thread
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.businesses import repository
from app.businesses.models import KnownBusiness
from app.businesses.places import UNKNOWN, Place
from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id

log = logging.getLogger("onevisit.businesses")
MOST_KEPT, KEPT_SECONDS, WRITTEN_AGAIN_SECONDS = 50_000, 60.0, 3600.0
_WRITTEN_AT_ONCE = 200
_GATHER_SECONDS = 1.0
_MOST_READING = 8
_LAST_LOOKS, _LAST_PAUSE_SECONDS = 40, 0.05
BELIEVED = timedelta(days=1)
"""What was told longer ago is asked for again, beside whatever is asked."""
LONGEST_SECONDS = 0.2
"""A look-up has better use for its time than to wait longer for a hint."""


class _Kept(NamedTuple):
    """A place, until when it is believed without asking the database (another process may have been
    told something else), and after which moment the same place is written again, as told then.
    """

    place: Place
    fresh_until: float
    write_after: float


class Whereabouts:
    """Places by business, the latest used in memory."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[str, _Kept] = OrderedDict()
        self._unwritten: dict[str, Place] = {}
        self._writing: asyncio.Task[None] | None = None
        self._reading = 0
        self._guard = threading.Lock()

    def at_once(self, business_id: str) -> Place | None:
        """What is in memory; None where the database was not asked within a minute."""
        known = self._known.get(business_id)
        if known is None or time.monotonic() > known.fresh_until:
            return None
        self._known.move_to_end(business_id)
        return known.place

    async def find(self, business_id: str) -> Place:
        """What is kept of a business; `UNKNOWN` where nothing is, or where the database does not
        say so in time: whoever stands at the door is asked on behalf of his own region then.
        """
        known = self.at_once(business_id)
        if known is not None:
            return known
        if self._reading >= _MOST_READING:
            return UNKNOWN  # threads that wait for the database are not to grow without a bound
        try:
            with fail_after(LONGEST_SECONDS):
                read = await to_thread.run_sync(self._counted, business_id, abandon_on_cancel=True)
        except (TimeoutError, SQLAlchemyError):
            log.warning("where a business is could not be read")
            return UNKNOWN
        return self.at_once(business_id) or self._keep(business_id, read)

    def _counted(self, business_id: str) -> Place:
        with self._guard:
            self._reading += 1
        try:
            return self._read(business_id)
        finally:
            with self._guard:
                self._reading -= 1

    def tell(self, business_id: str, place: Place) -> None:
        """What registration told now takes the place of what it told before."""
        known, now = self._known.get(business_id), time.monotonic()
        if place == UNKNOWN:
            return
        if known is not None and known.place == place and now < known.write_after:
            self._keep(business_id, place, known.write_after)
            return
        self._unwritten[business_id] = self._keep(business_id, place)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_later())

    async def _write_later(self) -> None:
        await asyncio.sleep(_GATHER_SECONDS)
        await self.flush()

    async def flush(self) -> None:
        """Write what was told. What cannot be written is told again some day."""
        while self._unwritten:
            ids = list(self._unwritten)[:_WRITTEN_AT_ONCE]
            try:
                await to_thread.run_sync(self._write, {i: self._unwritten.pop(i) for i in ids})
            except SQLAlchemyError:
                log.exception("where businesses are could not be written")

    async def close(self) -> None:
        """Write what is left."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait((self._writing,))
        await self.flush()
        for _ in range(_LAST_LOOKS):  # who was not waited for still has a connection
            if not self._reading:
                break
            await asyncio.sleep(_LAST_PAUSE_SECONDS)

    def _keep(self, business_id: str, place: Place, write_after: float | None = None) -> Place:
        now = time.monotonic()
        later = now + WRITTEN_AGAIN_SECONDS if write_after is None else write_after
        self._known[business_id] = _Kept(place, now + KEPT_SECONDS, later)
        self._known.move_to_end(business_id)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return place

    def _read(self, business_id: str) -> Place:
        with self._database.read() as session:
            row = repository.find(session, business_id)
            if row is None:
                return UNKNOWN
            is_old = self._clock.now() - row.told_at > BELIEVED
            return Place(row.region, row.sites, is_old, row.name)

    def _write(self, told: dict[str, Place]) -> None:
        try:
            self._store(told)
        except IntegrityError:  # another process told of the same one first
            self._store(told)

    def _store(self, told: dict[str, Place]) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            rows = repository.of_all(session, told)
            for business_id, place in sorted(told.items()):
                row = rows.get(business_id)
                sites = dict(place.sites)
                if row is None:
                    row = KnownBusiness(
                        id=str(new_id()),
                        business_id=business_id,
                        region=place.region,
                        sites=sites,
                        told_at=now,
                        name=place.name,
                    )
                    repository.add(session, row)
                else:
                    row.region, row.sites, row.told_at = place.region, sites, now
                    row.name = place.name or row.name
