"""Every open connection of this process, and who is behind it.

A connection that has not yet shown a valid token counts against its peer: one address cannot hold
all places by opening sockets, while an office that comes through one address is not bound once its
phones are known. Looked at four times a second, all connections in one pass: no timer per request.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from app.core.wire.head import Bounds
from app.core.wire.proxies import Networks, is_within, network_of

log = logging.getLogger("onevisit.request")
_LOOK_SECONDS = 0.25
_YOUNG_SECONDS = 1.0
"""Whoever has been here shorter is not sent away for a newcomer."""
NEVER = math.inf


class Client(Protocol):
    """What the port needs of a client's connection."""

    peer: str
    """The network its peer belongs to."""
    since: float
    is_known: bool
    subject: str
    """Whose token was shown on it."""
    due: float
    write_due: float

    @property
    def is_served(self) -> bool:
        """Whether a request of a caller who is known is being answered on it."""
        ...

    @property
    def is_ending(self) -> bool:
        """Whether it was closed, and waits for what was written to be read."""
        ...

    def expire(self) -> None:
        """Its time is over."""
        ...

    def lag(self) -> None:
        """What was written has not been read for a while."""
        ...

    def abort(self) -> None:
        """End it at once."""
        ...


class Port:
    """Counts connections, in total and of unknown peers, and ends those whose time is over."""

    def __init__(
        self,
        *,
        most: int = 8192,
        unknown_per_peer: int = 512,
        unknown: int = 2048,
        proxies: Networks = (),
        bounds: Bounds | None = None,
    ) -> None:
        self.most = most
        self.bounds = bounds or Bounds()
        self.proxies = proxies
        self.now = 0.0
        """Loop time, as of the last look."""
        self.refused: Counter[str] = Counter()
        self.on_refusal: Callable[[str, str], None] = _nobody_told
        """Told the peer and the problem's code of each refusal below ASGI."""
        self._per_peer, self._unknown = unknown_per_peer, unknown
        self._open: set[Client] = set()
        self._strangers: dict[Client, None] = {}
        """In the order of their coming."""
        self._of_peer: Counter[str] = Counter()
        self._of_subject: Counter[str] = Counter()

    def __len__(self) -> int:
        """Connections that are open."""
        return len(self._open)

    @property
    def unknown(self) -> int:
        """Connections that have not shown a valid token."""
        return len(self._strangers)

    def trusts(self, address: str) -> bool:
        """Whether an address is a proxy's that is trusted: it speaks for many."""
        return is_within(address, self.proxies)

    def admit(self, connection: Client, address: str) -> bool:
        """Take a new connection, or say that there is no place for it. Where its peer, or all
        strangers together, hold too many, the one of them that has been silent longest goes first.
        """
        connection.peer = network_of(address)
        if self.trusts(address):
            connection.is_known = True
        if not connection.is_known and not self._has_place(connection.peer):
            self.refuse(connection.peer, "server.busy")
            return False
        if len(self._open) >= self.most and not self._sent_away(self._strangers):
            self.refuse(connection.peer, "server.busy")
            return False
        connection.since = self.now
        self._open.add(connection)
        if not connection.is_known:
            self._strangers[connection] = None
            self._of_peer[connection.peer] += 1
        return True

    def _has_place(self, peer: str) -> bool:
        if self._of_peer[peer] >= self._per_peer:
            return self._sent_away(c for c in self._strangers if c.peer == peer)
        if len(self._strangers) >= self._unknown:
            return self._sent_away(self._strangers)
        return True

    def _sent_away(self, candidates: Iterable[Client]) -> bool:
        """Whether the oldest of these made room: whoever is being answered as known is none of
        them.
        """
        oldest = next((c for c in candidates if not c.is_served), None)
        if oldest is None or self.now - oldest.since < _YOUNG_SECONDS:
            return False
        oldest.abort()
        self.leave(oldest)
        return True

    def knows(self, connection: Client, subject: str) -> None:
        """A valid token was shown on it. One caller has so many connections as one peer has; those
        beyond stay strangers.
        """
        if self._of_subject[subject] >= self._per_peer:
            return
        self._of_subject[subject] += 1
        connection.is_known, connection.subject = True, subject
        self._forget_stranger(connection)

    def leave(self, connection: Client) -> None:
        """It ended."""
        self._open.discard(connection)
        self._forget_stranger(connection)
        if connection.subject:
            self._of_subject[connection.subject] -= 1
            if not self._of_subject[connection.subject]:
                del self._of_subject[connection.subject]
            connection.subject = ""

    def _forget_stranger(self, connection: Client) -> None:
        if self._strangers.pop(connection, connection) is None:
            self._of_peer[connection.peer] -= 1
            if not self._of_peer[connection.peer]:
                del self._of_peer[connection.peer]

    def refuse(self, peer: str, code: str) -> None:
        """Count a refusal."""
        self.refused[code] += 1
        self.on_refusal(peer, code)

    def look(self, now: float) -> None:
        """End connections whose time is over."""
        self.now = now
        for connection in list(self._open):
            try:
                self._look_at(connection, now)
            except Exception:
                log.exception("a connection could not be ended, and is cut")
                connection.abort()

    def _look_at(self, connection: Client, now: float) -> None:
        if now > connection.write_due:
            connection.lag()
        elif now > connection.due:
            connection.expire()
        elif connection.due == NEVER and connection.is_ending:
            connection.due = now + self.bounds.write_seconds


def _nobody_told(_peer: str, _code: str) -> None:
    """Until a room listens."""


async def keep_looking(port: Port) -> None:
    """Look until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        port.look(loop.time())
        await asyncio.sleep(_LOOK_SECONDS)
