"""The outermost ring around every request: trace id, body size, time and rate, and nothing that
escapes as a stack trace.
"""

import asyncio
import logging
import re
from collections.abc import Iterable
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.counts import RequestCounts
from app.core.ids import new_trace_id
from app.core.problems import problem

log = logging.getLogger("onevisit.request")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def trace_id_for(traceparent: str) -> str:
    """The caller's trace id, if it gave a W3C trace context that says one, else a new one."""
    given = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return given[1] if given and given[1].strip("0") else new_trace_id()


SAFE: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)
"""What every answer says to a browser, unless it says otherwise itself."""
_NOT_KEPT = (b"cache-control", b"no-store")


def missing_of(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Of these, and of being kept by nobody, what an answer does not say itself."""
    told = {name for name, _ in headers}
    return [pair for pair in (*SAFE, _NOT_KEPT) if pair[0] not in told]


_ESCAPED_SLASH = re.compile(rb"%2f", re.IGNORECASE)
_GRACE_SECONDS = 3.0
"""A body may be late by as much beside its least rate: a phone that changes cells."""


class RequestContext:
    """ASGI middleware: gives each request a trace id and returns it as `X-Request-Id`; bounds its
    body in bytes, in time and by a least rate; answers HEAD as GET without its body (RFC 9110,
    9.3.2).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        body_seconds: float,
        body_bytes_per_second: float = 4096,
        counts: RequestCounts | None = None,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._rate = body_bytes_per_second
        self._counts = counts or RequestCounts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        only_head = scope["method"] == "HEAD"
        scope = _as_asked(scope, only_head=only_head)
        request = Request(scope)
        request.state.trace_id = new_trace_id()
        body = _Body(receive, request, self._max_body_bytes, self._body_seconds, self._rate)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                extra = [(b"x-request-id", request.state.trace_id.encode())]
                extra += missing_of(message["headers"])
                if not body.complete:  # what still comes is not read
                    extra.append((b"connection", b"close"))
                message["headers"] = [*message["headers"], *extra]
                declared = getattr(request.state, "declared", None)
                self._counts.note(declared and declared.path, message["status"])
            elif only_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, body.receive, send_with_id)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Exception:
            trace_id = request.state.trace_id
            declared = getattr(request.state, "declared", None)
            route = declared.path if declared is not None else ""
            log.exception("request failed", extra={"trace_id": trace_id, "route": route})
            if not started:
                await problem("server.internal", trace_id)(scope, receive, send_with_id)


def _as_asked(scope: Scope, *, only_head: bool) -> Scope:
    """The scope as routes see it: an escaped slash separates nothing."""
    raw = scope.get("raw_path") or b""
    if b"%" in raw and _ESCAPED_SLASH.search(raw):
        kept = _ESCAPED_SLASH.sub(b"%252F", raw).partition(b"?")[0]
        scope = {**scope, "path": unquote(kept.decode("ascii"))}
    return {**scope, "method": "GET"} if only_head else scope


class _Body:
    """A body as it comes, within its bounds. Raises the refusal at whoever reads it."""

    def __init__(
        self, receive: Receive, request: Request, most: int, seconds: float, rate: float
    ) -> None:
        length = request.headers.get("content-length", "0")
        self._declared = int(length) if length.isdigit() else 0
        self.complete = not (self._declared or "transfer-encoding" in request.headers)
        self._receive = receive
        self._most, self._seconds, self._rate = most, seconds, rate
        self._got = 0
        self._began: float | None = None

    async def receive(self) -> Message:
        """As ASGI's."""
        if self._declared > self._most:
            raise self._too_large()
        if self.complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._due()):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                408,
                f"The body must arrive within {self._seconds:g} s, and with at least "
                f"{self._rate:g} bytes a second.",
            ) from None
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self._got > self._most:
                raise self._too_large()
        return message

    def _due(self) -> float:
        """When more must have come: one end for the whole, and a least rate up to it."""
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        by_rate = _GRACE_SECONDS + self._got / self._rate
        return self._began + min(self._seconds, by_rate)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"At most {self._most} bytes are taken.")
