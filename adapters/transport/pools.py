"""Connections to one department that wait for the next question.

None is kept long: a firewall between that forgets idle connections answers nothing at all when one
is used again, and the department would be thought dead.
"""

import asyncio
from time import monotonic

from adapters.transport.connection import Connection
from adapters.transport.guard import Origin

_MOST_IDLE = 256
_SILENT_SECONDS = 0.25
"""A question that was called off sooner tells nothing about its connection."""
IDLE_SECONDS = 30.0


class Pool:
    """Idle connections of one owner to one origin, the one that was used last first."""

    __slots__ = ("__weakref__", "_sweeping", "idle", "origin")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.idle: list[Connection] = []
        self._sweeping: asyncio.TimerHandle | None = None

    def take(self) -> Connection | None:
        """One that may be used; None where there is none."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            if connection.is_usable():
                return connection
            connection.abort()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer is complete, if it may be used again."""
        if not connection.keep or len(self.idle) >= _MOST_IDLE:
            connection.abort()
            return
        connection.idle_since = monotonic()
        self.idle.append(connection)
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(IDLE_SECONDS, self._sweep)

    def cut(self, connection: Connection) -> None:
        """End a connection. Where nothing had come on it, those that have been idle longer may be
        as dead as it is.
        """
        waited = monotonic() - connection.asked_at
        silent = not connection.started and waited >= _SILENT_SECONDS
        connection.abort()
        if silent and self.idle:
            older = [c for c in self.idle if c.idle_since <= connection.idle_since]
            self.idle = [c for c in self.idle if c.idle_since > connection.idle_since]
            for one in older:
                one.abort()

    def _sweep(self) -> None:
        """End what has been idle for too long; look again when the next one is due."""
        now = monotonic()
        oldest = now - IDLE_SECONDS
        for connection in self.idle:
            if connection.idle_since <= oldest:
                connection.abort()
        self.idle = [c for c in self.idle if not c.closed]
        self._sweeping = None
        if self.idle:
            due = min(c.idle_since for c in self.idle) + IDLE_SECONDS - now
            self._sweeping = asyncio.get_running_loop().call_later(due, self._sweep)

    def close(self) -> None:
        """End them all."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in self.idle:
            connection.abort()
        self.idle.clear()
