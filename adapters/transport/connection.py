"""One connection to a department: one question at a time, every raw byte counted, surplus refused
(RFC 9112).

The parser has no limits of its own and lets surplus answers pass, so both are counted here.
"""

import asyncio
import socket
from fcntl import ioctl
from functools import lru_cache
from termios import FIONREAD
from time import monotonic
from typing import Protocol, cast

import httptools

from adapters.contract.errors import AdapterError, AdapterMalformed, AdapterUnavailable
from adapters.transport.guard import ByteBudget, Limits

_FIRST_FINAL_STATUS = 200
_MOST_INTERIM = 8
_MOST_DIGITS = 12
_SMALL = 64 << 10
"""Answers up to this are always taken in: whoever sends large ones must not shut honest departments
out.
"""
_MOST_PIECES = 4096
"""Chunks of one answer: each costs a call, and a byte in each would cost a hundred times what it
brings.
"""

_ONCE = (b"\ncontent-type:", b"\ncontent-encoding:", b"\ncontent-length:", b"\ntransfer-encoding:")

_BEGINNING = b"HTTP/"
_NO_BYTES = b"\x00\x00\x00\x00"
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
"""A peer that is gone without a word is noticed within half a minute."""

Fields = dict[bytes, bytes]
"""As they came; of a repeated field the last."""


@lru_cache(maxsize=1024)
def _are_different(names: tuple[bytes, ...]) -> bool:
    """Whether no two names are one, whatever their case."""
    return len({name.lower() for name in names}) == len(names)


class Asker(Protocol):
    """Who waits for the answer of a connection."""

    def on_answer(self, connection: "Connection", status: int, fields: Fields, body: bytes) -> None:
        """The complete answer; the connection is free again if `connection.keep`."""

    def on_failure(self, connection: "Connection", error: AdapterError) -> None:
        """There will be no answer; the connection is closed. `connection.started` tells whether a
        byte had come.
        """


class Connection(asyncio.Protocol):
    """Asks and listens. Built by the exchange's pools; whoever cancels a question aborts its
    connection.
    """

    __slots__ = (
        "asked_at", "asker", "body", "budget", "closed", "complete", "descriptor", "fields", "head",
        "headed", "idle_since", "interim", "keep", "limits",
        "on_header", "parser", "pieces", "received", "started", "status", "told", "transport",
    )  # fmt: skip

    def __init__(self, limits: Limits, budget: ByteBudget) -> None:
        self.limits = limits
        self.budget = budget
        self.transport: asyncio.Transport | None = None
        self.asker: Asker | None = None
        self.fields: Fields = {}
        self.told: Fields = {}
        """The fields of the head; what comes into `fields` after it are trailers."""
        # Called by the parser for each field, without a frame of Python's.
        self.on_header = self.fields.__setitem__
        self.parser = httptools.HttpResponseParser(self)
        self.closed = self.started = self.complete = self.keep = self.headed = False
        self.received = self.status = self.interim = 0
        self.asked_at = self.idle_since = 0.0
        self.descriptor = -1
        """Of a connection in the clear; within TLS what waits may be the protocol's own."""
        self.body = self.head = b""
        self.pieces: list[bytes] | None = None

    def ask(self, asker: Asker, payload: bytes) -> None:
        """Send a question; `asker` hears of the end. The connection must be open and idle."""
        self.asker = asker
        self.asked_at = monotonic()
        self.started = self.complete = self.keep = self.headed = False
        self.received = self.status = self.interim = 0
        self.fields.clear()
        self.body = self.head = b""
        self.pieces = None
        cast("asyncio.Transport", self.transport).write(payload)

    def abort(self) -> None:
        """Close at once; nobody is told."""
        self.closed = True
        self.descriptor = -1
        self._let_go()
        self.body, self.head, self.pieces, self.told = b"", b"", None, {}
        self.fields.clear()
        if self.transport is not None:
            self.transport.abort()

    def _let_go(self) -> None:
        """Forget the asker and give the bytes back to the budget."""
        if self.asker is not None:
            self.asker = None
            self.budget.used -= self.received
            self.received = 0

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        own = transport.get_extra_info("socket")
        if own is None:
            return
        for level, option, value in _KEEPALIVE:
            own.setsockopt(level, option, value)
        if transport.get_extra_info("sslcontext") is None:
            self.descriptor = own.fileno()

    def is_usable(self) -> bool:
        """Whether a question may be written: it is open, and no bytes wait that came before any
        question was written; they answer none.
        """
        if self.descriptor < 0:
            return not self.closed
        try:
            return ioctl(self.descriptor, FIONREAD, _NO_BYTES) == _NO_BYTES
        except OSError:
            return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.descriptor = -1
        if self.asker is None:
            return
        if self._until_close and exc is None and not self.complete:
            self.keep = False
            self._finish()
        else:
            again = not self.body
            self._fail(
                AdapterUnavailable(
                    "connection_lost",
                    str(exc or "closed before the answer was complete"),
                    again=again,
                )
            )

    def data_received(self, data: bytes) -> None:
        if self.asker is None:
            self.abort()  # Nobody asked: surplus bytes would become the next question's answer.
            return
        self.started = True
        size = len(data)
        self.received += size
        self.budget.used += size
        if self.budget.used > self.limits.ceiling or (
            self.received > _SMALL
            and (self.received > self.limits.most_bytes or self.budget.used > self.budget.most)
        ):
            self._fail(self._too_much())
            return
        reading_head = not self.headed
        odd = reading_head and (
            self.head or size > self.limits.header_bytes or data[:5] != _BEGINNING
        )
        if odd and (fault := self._beginning_fault(data)) is not None:
            self._fail(fault)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._fail(
                cause if isinstance(cause, AdapterError) else AdapterMalformed("malformed_http")
            )
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(AdapterMalformed("malformed_http", type(error).__name__))
        else:
            fault = self._head_fault(data) if reading_head else None
            if fault is not None:
                self._fail(fault)
            elif self.complete:
                self._finish()
            else:
                self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Unless too much of a head, or anything after the body, has come already."""
        if self.headed and self.fields:
            self._fail(AdapterMalformed("malformed_http", "fields after the body"))
        elif not self.headed and self.received > self.limits.header_bytes:
            self._fail(AdapterMalformed("too_large", "headers without end"))

    def _beginning_fault(self, data: bytes) -> AdapterError | None:
        """What shows before the parser makes a thing of every field."""
        if not self.head and data[:5] != _BEGINNING[: len(data)]:
            return AdapterMalformed(
                "malformed_http", "an answer begins with its version"
            )  # the parser would skip blank lines
        most = self.limits.header_bytes
        if len(data) > most and (self.head[-3:] + data[: most + 4]).find(b"\r\n\r\n") < 0:
            return AdapterMalformed("too_large", "too many headers")
        return None

    def _head_fault(self, data: bytes) -> AdapterError | None:
        """What is wrong with the head as it was sent: a field that came twice is one field to the
        parser's listener.
        """
        # Nearly always: one piece, each field once.
        if self.headed and not self.head and not self.interim:
            end = data.find(b"\r\n\r\n")
            once = data.count(b"\r\n", 0, end) == len(self.told) and _are_different(
                tuple(self.told)
            )
            if once and end < self.limits.header_bytes and len(self.told) <= self.limits.headers:
                return None
        head = self.head + data
        if not self.headed:
            self.head = head
            return None
        begin = end = 0
        for _ in range(self.interim + 1):
            begin, end = end, head.find(b"\r\n\r\n", end) + 4
            if head[begin : begin + 5] != _BEGINNING:
                return AdapterMalformed("malformed_http", "blank lines between heads")
        if end > self.limits.header_bytes or head.count(b"\n", 0, end) > self.limits.headers + 2 * (
            self.interim + 1
        ):
            return AdapterMalformed("too_large", "too many headers")
        last = head[begin:end].lower()
        if any(last.count(name) > 1 for name in _ONCE):
            return AdapterMalformed("malformed_http", "a field that may be told once came twice")
        return None

    def _too_much(self) -> AdapterError:
        if self.received > self.limits.most_bytes:
            return AdapterMalformed("too_large", f"more than {self.limits.wire} bytes")
        return AdapterUnavailable("gateway_full", f"{self.budget.used} bytes of answers are held")

    # httptools
    def on_message_begin(self) -> None:
        if self.complete:
            raise AdapterMalformed("surplus_answer", "a second answer to one question")

    def on_headers_complete(self) -> None:
        self.headed = True
        told = self.told = self.fields.copy()
        self.fields.clear()
        self.status = self.parser.get_status_code()
        promised = told.get(b"Content-Length") or told.get(b"content-length") or b""
        if len(promised) > _MOST_DIGITS or (
            promised.isdigit() and int(promised) > self.limits.wire
        ):
            raise AdapterMalformed(
                "too_large", f"{promised.decode('latin-1')[:20]} bytes are promised"
            )

    @property
    def _until_close(self) -> bool:
        """Whether only the end of the connection ends this answer."""
        framed = (name.lower() in {b"content-length", b"transfer-encoding"} for name in self.told)
        return self.status >= _FIRST_FINAL_STATUS and not any(framed)

    def on_body(self, data: bytes) -> None:
        if not self.body:
            self.body = data
        elif self.pieces is None:
            self.pieces = [self.body, data]
        else:
            self.pieces.append(data)
            if len(self.pieces) > _MOST_PIECES:
                raise AdapterMalformed("too_large", "too many chunks")

    def on_message_complete(self) -> None:
        if self.status < _FIRST_FINAL_STATUS:
            self.interim += 1
            if self.interim > _MOST_INTERIM:
                raise AdapterMalformed("malformed_http", "interim answers without end")
            self.headed, self.body, self.pieces = False, b"", None
            return
        if self.fields:
            raise AdapterMalformed("malformed_http", "fields after the body")
        # Only a callback may ask this; whether surplus follows shows when the whole chunk has been
        # read.
        self.keep = self.parser.should_keep_alive()
        self.complete = True

    def _finish(self) -> None:
        asker = self.asker
        self._let_go()
        if self.closed:
            self.keep = False
        body = self.body if self.pieces is None else b"".join(self.pieces)
        fields, self.told, self.body, self.pieces = self.told, {}, b"", None
        if asker is not None:
            asker.on_answer(self, self.status, fields, body)

    def _fail(self, error: AdapterError) -> None:
        asker = self.asker
        self.abort()
        if asker is not None:
            asker.on_failure(self, error)
