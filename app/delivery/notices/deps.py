"""The slot of the way to webhooks, and how the room opens."""

import asyncio
import functools
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import time, timedelta
from typing import Any

from anyio import to_thread

from adapters.transport.exchange import Exchange
from adapters.transport.guard import Limits
from app.audit.service import Trail
from app.core.deps import DATABASE, Slot
from app.core.opening import guard_of
from app.core.rooms import House, Job, Turn
from app.core.schedule import Schedule
from app.delivery.notices import messages, repository
from app.delivery.notices.posting import WebhookCarrier
from app.delivery.notices.sending import Poster

POSTER: Slot[Poster] = Slot("webhook_poster")
_KEPT, _SENT_KEPT = timedelta(days=90), timedelta(days=7)
_AT_ONCE = 1000
_LAST_SECONDS = 1.5
_LIMITS = Limits(wire=64 << 10, decoded=64 << 10, process=1 << 20, ceiling=4 << 20)
_RESOLVERS = ThreadPoolExecutor(2, thread_name_prefix="resolve-webhooks")


async def _resolve(host: str, port: int) -> list[str]:
    """As departments' names are, on threads of their own: a name that hangs keeps no department
    waiting.
    """
    look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    infos = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, look_up)
    return [str(info[4][0]) for info in infos]


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills `POSTER`: a way out of its own, without the certificate that departments know us by. In
    the background notices are carried, and old ones forgotten.
    """
    app, settings, database = house.app, house.settings, DATABASE.of(house.app)
    guard = guard_of(settings, allow=settings.webhook_allow, resolver=_resolve)
    exchange = Exchange(guard, _LIMITS)
    poster = POSTER.put(app, Poster(database, exchange, settings.keys, house.clock.now))
    carrier = WebhookCarrier(database, Trail(settings.keys, house.clock, settings.region), poster)
    house.steps.append(carrier.begin)

    def forget() -> dict[str, Any]:
        now, found = house.clock.now(), {"notices": 0, "messages": 0}
        for name, prune, kept in (
            ("notices", repository.prune, _KEPT),
            ("messages", messages.prune, _SENT_KEPT),
        ):
            while True:  # many short turns: nobody waits for one long one
                with database.write() as session:
                    count = prune(session, now - kept, _AT_ONCE)
                found[name] += count
                if count < _AT_ONCE:
                    break
        return found

    async def run(_turn: Turn) -> dict[str, Any]:
        return await to_thread.run_sync(forget)

    house.jobs.append(Job("notices.forget", Schedule(time(3, 10)), run))
    try:
        yield
    finally:
        await carrier.settled(_LAST_SECONDS)
        await exchange.aclose()
