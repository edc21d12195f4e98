"""One HTTP/1.1 exchange at a time over kept-alive connections (RFC 9112), told by callback or
awaited under one total deadline.

A deadline spans connect, send, headers and body: a read timeout per chunk would let a drip live for
ever. A late exchange closes its connection, so no answer can be taken for the next question's. No
task is made where a kept connection is free.
"""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from adapters.contract.errors import (
    AdapterError,
    AdapterMalformed,
    AdapterTimedOut,
    AdapterUnavailable,
)
from adapters.transport.answers import media_type_of
from adapters.transport.connection import Connection, Fields
from adapters.transport.guard import AddressGuard, ByteBudget, Limits, Origin, decode_body
from adapters.transport.heads import payload_of
from adapters.transport.pools import Pool
from adapters.transport.trust import tls_context

log = logging.getLogger("onevisit.transport")
T = TypeVar("T")
QUICK, PATIENT = 0.25, 3.0
"""Seconds a connection may take: for a question that an officer waits for, and for everything
else: a first packet that was lost comes again after one second.
"""
_TLS_SECONDS = 0.5
LARGE = 64 << 10
"""Bytes on the wire above which a thread reads."""
PACKED = 4 << 10
"""The same of what is packed."""
_READERS = ThreadPoolExecutor(1, thread_name_prefix="read-large")
_REDIRECTS = range(300, 400)
_OWNERS = count(1)


def owner_of(adapter_id: str) -> str:
    """A name for one adapter as it is built now: with other credentials it is another one."""
    return f"{adapter_id}#{next(_OWNERS)}"


class Response:
    """A complete answer. `body` is decoded: reading it undoes gzip once, and raises
    `AdapterMalformed` for a hostile coding.
    """

    __slots__ = ("_body", "_headers", "fields", "raw", "status")

    def __init__(
        self, status: int, fields: Fields, raw: bytes, limits: Limits | None = None
    ) -> None:
        self.status = status
        self.fields = fields
        self.raw = raw
        self._headers: dict[str, str] | None = None
        self._body: bytes | Limits = limits or Limits()

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case."""
        if self._headers is None:
            self._headers = {
                n.decode("latin-1").lower(): v.decode("latin-1") for n, v in self.fields.items()
            }
        return self._headers

    def field(self, name: bytes) -> bytes:
        """The field of a name (given in lower case); empty if there is none."""
        for found in self.fields:
            if len(found) == len(name) and found.lower() == name:
                return self.fields[found]
        return b""

    @property
    def is_large(self) -> bool:
        """Whether reading it would hold up others: by what came, and by what that may become."""
        size = len(self.raw)
        return size > LARGE or (size > PACKED and bool(self.field(b"content-encoding")))

    @property
    def body(self) -> bytes:
        """The decoded body."""
        if not isinstance(self._body, bytes):
            coding = self.field(b"content-encoding")
            self._body = decode_body(self.headers, self.raw, self._body) if coding else self.raw
        return self._body

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return media_type_of(self.field(b"content-type"))


Done = Callable[[Response | None, AdapterError | None], None]


class Call:
    """One question under way; `done` is called once, never after `cancel`, and possibly before
    `begin` returns.
    """

    __slots__ = (
        "connect_seconds",
        "connecting",
        "connection",
        "done",
        "exchange",
        "payload",
        "pool",
        "repeatable",
    )

    def __init__(
        self,
        exchange: "Exchange",
        pool: Pool,
        payload: bytes,
        done: Done,
        *,
        repeatable: bool,
        connect_seconds: float,
    ) -> None:
        self.connect_seconds = connect_seconds
        self.exchange = exchange
        self.pool = pool
        self.payload = payload
        self.done: Done | None = done
        self.repeatable = repeatable
        self.connection: Connection | None = None
        self.connecting: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Nobody waits any more: close the connection."""
        self.done = None
        if self.connecting is not None:
            self.connecting.cancel()
        if self.connection is not None:
            self.pool.cut(self.connection)
            self.connection = None

    def settle(self, response: Response | None, error: AdapterError | None) -> None:
        """Tell whoever asked, once."""
        done, self.done, self.connection = self.done, None, None
        if done is not None:
            done(response, error)

    # Asker
    def on_answer(self, connection: Connection, status: int, fields: Fields, body: bytes) -> None:
        self.pool.give_back(connection)
        if status in _REDIRECTS:
            self.settle(None, AdapterMalformed("redirect_refused", str(status)))
        else:
            self.settle(Response(status, fields, body, self.exchange.limits), None)

    def on_failure(self, connection: Connection, error: AdapterError) -> None:
        self.pool.cut(connection)
        again = self.repeatable and not connection.started and isinstance(error, AdapterUnavailable)
        if again and self.done is not None:
            self.repeatable = False
            self.exchange.connect_for(self)
        else:
            self.settle(None, error)


class Exchange:
    """Asks departments over HTTP. Build one per process; `aclose` ends every connection."""

    def __init__(
        self, guard: AddressGuard, limits: Limits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.guard = guard
        self.limits = limits or Limits()
        self.budget = ByteBudget(self.limits.process)
        self._tls = tls
        self._pools: WeakValueDictionary[tuple[Origin, str], Pool] = WeakValueDictionary()
        """Kept by who asks through them, and by their idle connections for a while."""
        self._pooling = threading.Lock()
        """Adapters are built on threads too."""
        self._open: set[Connection] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    def pool(self, url: str, owner: str = "") -> tuple[Pool, str]:
        """The pool and request target of a URL. An owner (an adapter with its credentials) shares
        its connections with nobody. Raises `AdapterUnavailable("address_forbidden")`.
        """
        origin, target = self.guard.split(url)
        with self._pooling:
            pool = self._pools.get((origin, owner))
            if pool is None:
                pool = self._pools[origin, owner] = Pool(origin)
        return pool, target

    def drop(self, owner: str) -> None:
        """End the idle connections of an owner who asks no more."""
        with self._pooling:
            keys = [key for key in self._pools.keys() if key[1] == owner]  # noqa: SIM118 - weak keys
            gone = [pool for key in keys if (pool := self._pools.pop(key, None)) is not None]
        for pool in gone:
            pool.close()

    def begin(
        self,
        pool: Pool,
        payload: bytes,
        done: Done,
        *,
        repeatable: bool = True,
        connect_seconds: float = QUICK,
        anew: bool = False,
    ) -> Call:
        """Ask, on a new connection if `anew`, and call `done` with the answer or the failure. The
        caller keeps the time and cancels.

        A kept-alive connection that the other side closed before a byte came back is replaced once,
        if `repeatable`.
        """
        call = Call(
            self, pool, payload, done, repeatable=repeatable, connect_seconds=connect_seconds
        )
        connection = None if anew else pool.take()
        if connection is not None:
            call.connection = connection
            connection.ask(call, payload)
            return call
        call.repeatable = False
        self.connect_for(call)
        return call

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        deadline: float,
        repeatable: bool = True,
        owner: str = "",
    ) -> Response:
        """Ask once and return the complete answer, or raise `AdapterError` by `deadline` (a loop
        time).
        """
        pool, target = self.pool(url, owner)
        payload = payload_of(method, target, pool.origin.authority, headers.items(), body)
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def done(response: Response | None, error: AdapterError | None) -> None:
            if answered.done():
                return
            if response is None:
                answered.set_exception(error or AdapterUnavailable("connection_lost"))
            else:
                answered.set_result(response)

        call = self.begin(pool, payload, done, repeatable=repeatable, connect_seconds=PATIENT)
        try:
            async with asyncio.timeout_at(deadline):
                response = await answered
                if response.is_large:
                    await self.read_apart(response, lambda: response.body)
                _ = response.body  # a hostile coding shows here
        except TimeoutError:
            raise AdapterTimedOut from None
        finally:
            call.cancel()
        return response

    async def read(self, size: int, act: Callable[[], T]) -> T:
        """What `act` makes of an answer of so many bytes: of a large one on a thread, charged as
        long as it waits for its turn.

        Inflating and parsing large ones on the loop would hold up everybody else's.
        """
        return act() if size <= LARGE else await self._apart(size, act)

    async def read_apart(self, response: Response, act: Callable[[], T]) -> T:
        """The same of an answer that `is_large`."""
        return await self._apart(len(response.raw), act)

    async def _apart(self, size: int, act: Callable[[], T]) -> T:
        self.budget.used += size
        try:
            return await asyncio.get_running_loop().run_in_executor(_READERS, act)
        finally:
            self.budget.used -= size

    def connect_for(self, call: Call) -> None:
        """Open a connection for a question, in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._connect_for(call))
        call.connecting = task
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect_for(self, call: Call) -> None:
        try:
            connection = await self._connect(call.pool.origin, call.connect_seconds)
        except AdapterError as error:
            call.connecting = None
            call.settle(None, error)
            return
        except Exception as error:
            log.exception(
                "a connection to %s failed in a way nobody foresaw", call.pool.origin.host
            )
            call.connecting = None
            call.settle(None, AdapterUnavailable("connect_failed", type(error).__name__))
            return
        call.connecting = None
        if call.done is None:
            connection.abort()
            return
        if not connection.is_usable():
            connection.abort()
            call.settle(None, AdapterMalformed("surplus_answer", "an answer before the question"))
            return
        call.connection = connection
        connection.ask(call, call.payload)

    async def _connect(self, origin: Origin, seconds: float) -> Connection:
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {}
        if origin.scheme == "https":
            options = {"ssl": self._tls_context(), "server_hostname": origin.host}
            seconds += _TLS_SECONDS
        try:
            async with asyncio.timeout(seconds):
                address = await self.guard.pin(origin)
                _, connection = await loop.create_connection(
                    lambda: Connection(self.limits, self.budget), address, origin.port, **options
                )
        except ssl.SSLError as error:
            raise AdapterUnavailable("tls_failed", error.reason or "") from error
        except (ConnectionResetError, ConnectionAbortedError) as error:
            code = "tls_failed" if origin.scheme == "https" else "connect_failed"
            raise AdapterUnavailable(code, type(error).__name__, again=True) from error
        except (TimeoutError, OSError) as error:
            raise AdapterUnavailable("connect_failed", type(error).__name__, again=True) from error
        self._open = (
            {c for c in self._open if not c.closed}
            if len(self._open) > self._swept()
            else self._open
        )
        self._open.add(connection)
        return connection

    def _all_pools(self) -> list[Pool]:
        with self._pooling:
            return [pool for ref in self._pools.valuerefs() if (pool := ref()) is not None]

    def _swept(self) -> int:
        """How many remembered connections are worth a sweep: a few more than what the pools can
        hold.
        """
        return 64 + 2 * sum(len(pool.idle) for pool in self._all_pools())

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context()
        return self._tls

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Connections that were made and not yet swept away, closed ones too."""
        return tuple(self._open)

    @property
    def open_connections(self) -> int:
        """Connections that are not closed (for tests and metrics)."""
        return sum(not c.closed for c in self._open)

    @property
    def idle_connections(self) -> int:
        """Open connections that wait for a question."""
        return sum(not connection.closed for pool in self._all_pools() for connection in pool.idle)

    async def aclose(self) -> None:
        """End every connection."""
        for task in tuple(self._connecting):
            task.cancel()
        for connection in self._open:
            connection.abort()
        self._open.clear()
        for pool in self._all_pools():
            pool.close()
        self._pools.clear()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
