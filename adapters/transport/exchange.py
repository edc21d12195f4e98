"""One HTTP/1.1 exchange under one total deadline, over kept-alive connections (RFC 9112).

A deadline spans connect, send, headers and body: a read timeout per chunk would let a drip live for ever. A cancelled or late
exchange closes its connection, so no answer can be taken for the next question's.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Any

import httptools

from adapters.contract.errors import AdapterError, AdapterMalformed, AdapterTimedOut, AdapterUnavailable
from adapters.transport.guard import AddressGuard, Limits, Origin, decode_body

_FIRST_FINAL_STATUS = 200
_IDLE_PER_ORIGIN = 64
_CONNECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer; `headers` are lower case, repeated ones joined by a comma; `body` is decoded."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Connection(asyncio.Protocol):
    """One connection, one question at a time. Counts raw bytes itself: the parser has no limits of its own."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[tuple[int, dict[str, str], bytes]] | None = None
        self.reusable = False
        self.closed = False
        self.started = False
        self._reset()

    def _reset(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.header_count = self.header_bytes = self.received = self.body_bytes = 0
        self.chunks: list[bytes] = []
        self.in_body = self.complete = self.keep = False

    def ask(self, payload: bytes) -> asyncio.Future[tuple[int, dict[str, str], bytes]]:
        if self.transport is None:
            raise AdapterUnavailable("connection_lost")
        self._reset()
        self.started = self.reusable = False
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(payload)
        return self.waiter

    def abort(self) -> None:
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # create_connection gives a Transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        by_close = self.in_body and not self.complete and "content-length" not in self.headers
        if by_close and exc is None and "chunked" not in self.headers.get("transfer-encoding", ""):
            self._finish(keep=False)
        self._fail(AdapterUnavailable("connection_lost", str(exc or "closed before the answer was complete")))

    def data_received(self, data: bytes) -> None:
        if self.waiter is None or self.waiter.done():
            self.abort()  # Nobody asked: surplus bytes would become the next question's answer.
            return
        self.started = True
        self.received += len(data)
        if self.received > self.limits.wire + self.limits.header_bytes:
            self._fail(AdapterMalformed("too_large", f"more than {self.limits.wire} bytes"))
            return
        try:
            self.parser.feed_data(data)
            if self.complete:
                self._finish(keep=self.keep)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._fail(cause if isinstance(cause, AdapterError) else AdapterMalformed("malformed_http"))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(AdapterMalformed("malformed_http", type(error).__name__))

    # httptools
    def on_message_begin(self) -> None:
        if self.complete:
            raise AdapterMalformed("malformed_http", "a second answer to one question")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_count += 1
        self.header_bytes += len(name) + len(value) + 4
        if self.header_count > self.limits.headers or self.header_bytes > self.limits.header_bytes:
            raise AdapterMalformed("too_large", "too many headers")
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self.in_body = True

    def on_body(self, data: bytes) -> None:
        self.body_bytes += len(data)
        if self.body_bytes > self.limits.wire:
            raise AdapterMalformed("too_large", f"more than {self.limits.wire} bytes")
        self.chunks.append(data)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() < _FIRST_FINAL_STATUS:
            self.headers, self.in_body, self.chunks = {}, False, []
            return
        # Only a callback may ask this; whether surplus follows shows when the whole chunk has been read.
        self.keep = self.parser.should_keep_alive()
        self.complete = True

    def _finish(self, *, keep: bool) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.reusable = keep and not self.closed
            self.waiter.set_result((self.parser.get_status_code(), self.headers, b"".join(self.chunks)))

    def _fail(self, error: AdapterError) -> None:
        self.abort()
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(error)


class Exchange:
    """Asks departments over HTTP. Build one per process; `aclose` ends every connection."""

    def __init__(self, guard: AddressGuard, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.guard = guard
        self.limits = limits or Limits()
        self._tls = tls
        self._idle: dict[Origin, list[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes = b"",
        deadline: float,
        repeatable: bool = True,
    ) -> Response:
        """Ask once and return the complete answer, or raise `AdapterError` by `deadline` (a loop time).

        A kept-alive connection that the other side closed before a byte came back is replaced once, if `repeatable`.
        """
        origin, target = self.guard.split(url)
        payload = self._payload(method, target, origin, headers, body)
        try:
            async with asyncio.timeout_at(deadline):
                status, got, raw = await self._on_any_connection(origin, payload, repeatable=repeatable)
        except TimeoutError:
            raise AdapterTimedOut from None
        if status in {301, 302, 303, 307, 308}:
            raise AdapterMalformed("redirect_refused", got.get("location", "")[:100])
        return Response(status, got, decode_body(got, raw, self.limits))

    async def _on_any_connection(self, origin: Origin, payload: bytes, *, repeatable: bool) -> tuple[int, dict[str, str], bytes]:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.closed:
                continue
            try:
                return await self._on(connection, origin, payload)
            except AdapterUnavailable:
                if connection.started or not repeatable:
                    raise
                break
        return await self._on(await self._connect(origin), origin, payload)

    async def _on(self, connection: _Connection, origin: Origin, payload: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            answer = await connection.ask(payload)
        except BaseException:
            connection.abort()
            raise
        idle = self._idle.setdefault(origin, [])
        if connection.reusable and len(idle) < _IDLE_PER_ORIGIN:
            idle.append(connection)
        else:
            connection.abort()
        return answer

    async def _connect(self, origin: Origin) -> _Connection:
        address = await self.guard.pin(origin)
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {}
        if origin.scheme == "https":
            options = {"ssl": self._tls_context(), "server_hostname": origin.host}
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await loop.create_connection(lambda: _Connection(self.limits), address, origin.port, **options)
        except ssl.SSLError as error:
            raise AdapterUnavailable("tls_failed", error.reason or "") from error
        except (TimeoutError, OSError) as error:
            raise AdapterUnavailable("connect_failed", type(error).__name__) from error
        self._open = {c for c in self._open if not c.closed} | {connection}
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._tls

    @staticmethod
    def _payload(method: str, target: str, origin: Origin, headers: dict[str, str], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {origin.authority}", "Accept-Encoding: gzip"]
        for name, value in headers.items():
            if any(c in "\r\n\x00" for c in name + value):
                raise AdapterUnavailable("request_refused", "a header value holds a line break")
            lines.append(f"{name}: {value}")
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body

    @property
    def open_connections(self) -> int:
        """Connections that are not closed (for tests and metrics)."""
        return sum(not c.closed for c in self._open)

    async def aclose(self) -> None:
        """End every connection."""
        for connection in self._open:
            connection.abort()
        self._open.clear()
        self._idle.clear()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
