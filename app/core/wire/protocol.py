"""uvicorn's protocol class for HTTP/1.1 with every bound that stands below ASGI (ADR 0016).

What comes in is given to the parser in slices, and what a slice leaves unfinished is counted. A
request that breaks a bound or the syntax is answered by a problem document, the connection reads
nothing more and ends after the answer.
"""

import asyncio
import socket
from email.utils import formatdate
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from app.core.ids import new_trace_id
from app.core.problems import problem
from app.core.wire.head import Refusal, fault_of, origin_form, start_line_fault
from app.core.wire.port import NEVER, Port

_SLICE = 16 << 10
_SEND_BUFFER = 64 << 10
"""What the system keeps of an answer for a slow reader; it would take megabytes."""
_MALFORMED = Refusal("request.bad_request", "This is no valid HTTP/1.1 message.")


class _Refused(Exception):
    """Thrown through the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The application it serves has a `port`, which all of its process share."""

    peer = ""
    since = 0.0
    is_known = False
    subject = ""
    due = NEVER
    write_due = NEVER
    _in_head = True
    _is_refused = False
    _is_upgraded = False
    _expiring = False
    _head_bytes = 0
    _fields = 0
    _taken = 0
    """Bytes after the head, of which `_told` were body."""
    _told = 0
    _unread = 0
    """What waited to be sent when that was looked at last."""
    _fault: Refusal | None = None
    _running: RequestResponseCycle | None = None
    """The one that is being answered; `cycle` is the one that came last."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.port: Port = config.loaded_app.port
        self._bounds = self.port.bounds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if (own := transport.get_extra_info("socket")) is not None and self.client:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        if self.port.admit(self, address):
            self.due = self.loop.time() + self._bounds.first_seconds
        else:
            self._is_refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.port.leave(self)
        self.pipeline.clear()
        if self._running is not None:
            self._drop(self._running)
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self.flow.write_paused:  # nobody takes a place whose last answer lies unread
            self.pipeline.append((cycle, app))
            self.flow.pause_reading()
            return
        self._running = cycle
        cycle.transport = self  # type: ignore[assignment]  # so that `close` is ours
        super()._start_asgi_task(cycle, app)

    # As a cycle's transport
    def write(self, data: bytes) -> None:
        """Send."""
        self.transport.write(data)

    def is_closing(self) -> bool:
        """As the transport's."""
        return self.transport.is_closing()

    def close(self) -> None:
        """End after what was written. While a body still comes the answer is left to be read first:
        closing at once would take it back.
        """
        if not self._in_head:
            self._linger()
            return
        self.due = self._after_what_is_left(self._bounds.linger_seconds)
        self.transport.close()

    def _after_what_is_left(self, seconds: float) -> float:
        """So many seconds after a slow reader could have read what waits to be sent."""
        left = self.transport.get_write_buffer_size()
        due: float = self.port.now + seconds + left / self._bounds.read_bytes_per_second
        return due

    @property
    def is_served(self) -> bool:
        """Whether a request of a caller who is known is being answered."""
        running = self._running
        return running is not None and "principal" in running.scope.get("state", {})

    @property
    def is_ending(self) -> bool:
        """Whether it was closed, and waits for what was written to be read."""
        return self.transport.is_closing()

    # What comes in
    def data_received(self, data: bytes) -> None:
        if self._in_head and not self._head_bytes and (fault := start_line_fault(data)):
            self._refuse(fault)
        for at in range(0, len(data), _SLICE):
            if self._is_refused or self._is_upgraded or self.transport.is_closing():
                return
            self._feed(data if len(data) <= _SLICE else data[at : at + _SLICE])

    def _feed(self, data: bytes) -> None:
        if self._in_head:
            if not self._head_bytes:
                self.due = self.port.now + self._bounds.head_seconds
            self._head_bytes += len(data)
        else:
            self._taken += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._is_upgraded = True  # nothing is spoken here but HTTP/1.1: answer, and end
            self.cycle.keep_alive = False
            return
        except httptools.HttpParserError:
            self._refuse(self._fault or _MALFORMED)
            return
        if self._in_head and self._head_bytes > self._bounds.head_bytes:
            self._refuse(self._too_large())
        elif self._taken - self._told > self._bounds.framing_bytes + self._told // 8:
            self._refuse(Refusal("request.bad_request", "Chunks and trailers take too much room."))

    def _too_large(self) -> Refusal:
        bounds = self._bounds
        return Refusal(
            "request.head_too_large",
            f"A head has at most {bounds.head_bytes} bytes and {bounds.fields} fields.",
        )

    def _stop(self, fault: Refusal) -> None:
        """Out of a callback of the parser."""
        self._fault = fault
        raise _Refused

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._fields = True, 0
        self._head_bytes = self._head_bytes or 1

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._bounds.target_bytes:
            self._stop(
                Refusal(
                    "request.target_too_long",
                    f"An address has at most {self._bounds.target_bytes} bytes.",
                )
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        if self._fields > self._bounds.fields:
            self._stop(self._too_large())
        if self._in_head:  # else it is a trailer, which nobody here asked for
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._bounds.head_bytes:
            self._stop(self._too_large())
        version = self.parser.get_http_version()
        method = self.parser.get_method()
        if fault := fault_of(method, version, self.url, self.headers, self._bounds):
            self._stop(fault)
        if len(self.pipeline) >= self._bounds.pipelined:
            self._stop(Refusal("request.bad_request", "Too many requests wait on one connection."))
        self._in_head, self._fields, self._taken, self._told = False, 0, 0, 0
        self.due = NEVER
        self.url = origin_form(self.url)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._told += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    # What goes out
    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        state = self._running.scope.get("state", {}) if self._running else {}
        if not self.is_known and "principal" in state and "throttled" not in state:
            self.port.knows(self, str(getattr(state["principal"], "subject", "")))
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._is_refused or not self._in_head:
            self._linger()  # whoever still sends reads the answer, and then the connection ends
        elif not self._head_bytes:
            self._rest()
        else:
            self.due = self.port.now + self._bounds.head_seconds

    def _rest(self) -> None:
        """Between two requests. Whoever is unknown is given less time."""
        bounds = self._bounds
        self.due = self._after_what_is_left(
            bounds.idle_seconds if self.is_known else bounds.first_seconds
        )

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a problem, after the answers that are owed, and read nothing more."""
        if self._is_refused:
            return
        self._is_refused = True
        self.port.refuse(self.peer, refusal.code)
        self.pipeline.clear()
        running = self._running
        if running is not None and not running.response_complete:
            running.keep_alive = False
            if running is not self.cycle or not running.more_body:
                self.due = NEVER
                return  # what was asked before is answered, and then the connection ends
            self._drop(running)  # its own body is at fault
            if running.response_started:
                self._linger()
                return
        self._answer(refusal)
        self._linger()

    def _drop(self, cycle: RequestResponseCycle) -> None:
        """Nobody waits for this answer any more; whoever makes it learns so."""
        cycle.disconnected = True
        cycle.message_event.set()

    def _answer(self, refusal: Refusal) -> None:
        response = problem(refusal.code, new_trace_id(), refusal.detail)
        lines = [(b"date", formatdate(usegmt=True).encode()), *response.raw_headers]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in lines)
        body = b"" if self._asks_for_head() else bytes(response.body)
        status = STATUS_LINE[response.status_code]
        self.transport.write(status + head + b"connection: close\r\n\r\n" + body)

    def _asks_for_head(self) -> bool:
        try:
            return bool(self.parser.get_method() == b"HEAD")
        except (AttributeError, httptools.HttpParserError):
            return False

    def _linger(self) -> None:
        """Let the answer be read before the connection ends: closing at once would take it back
        where more had come.
        """
        self._is_refused = True
        self.due = self._after_what_is_left(self._bounds.linger_seconds)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    # Time
    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self.write_due = self.port.now + self._bounds.write_seconds

    def resume_writing(self) -> None:
        super().resume_writing()
        self.write_due = NEVER
        running = self._running
        if self.pipeline and (running is None or running.response_complete):
            self._start_asgi_task(*self.pipeline.pop())

    def lag(self) -> None:
        """Cut whoever reads nothing; whoever reads slowly has as long again."""
        left = self.transport.get_write_buffer_size()
        if left >= self._unread:
            self.transport.abort()
            return
        self._unread = left
        self.write_due = self.port.now + self._bounds.write_seconds

    def expire(self) -> None:
        """Its time is over: refused in words within a head, ended elsewhere, cut where it does not
        end.
        """
        if self._expiring or self.transport.is_closing():
            self.transport.abort()
            return
        if self._in_head and self._head_bytes and not self._is_refused:
            self._refuse(Refusal("request.timeout", "The head did not come whole in time."))
            return
        self._expiring = True
        self.due = self._after_what_is_left(self._bounds.linger_seconds)
        self.transport.close()

    def abort(self) -> None:
        """End it at once."""
        self.transport.abort()
