"""The outermost ring around every request: trace id, body size and time, and nothing that escapes
as a stack trace.
"""

import asyncio
import logging
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import new_trace_id
from app.core.problems import problem

log = logging.getLogger("onevisit.request")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def trace_id_for(traceparent: str) -> str:
    """The caller's trace id, if it gave a W3C trace context that says one, else a new one."""
    given = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return given[1] if given and given[1].strip("0") else new_trace_id()


class RequestContext:
    """ASGI middleware: gives each request a trace id (W3C traceparent or new) and returns it as
    `X-Request-Id`.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, body_seconds: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        trace_id = trace_id_for(request.headers.get("traceparent", ""))
        request.state.trace_id = trace_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                extra = [
                    (b"x-request-id", trace_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        try:
            await self._app(scope, self._bounded(receive, request), send_with_id)
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "path": scope["path"]})
            if not started:
                await problem("server.internal", trace_id)(scope, receive, send_with_id)

    def _bounded(self, receive: Receive, request: Request) -> Receive:
        length = request.headers.get("content-length", "0")
        declared = int(length) if length.isdigit() else 0
        got = 0
        complete = False

        async def bounded() -> Message:
            nonlocal got, complete
            if declared > self._max_body_bytes:
                raise HTTPException(413, f"At most {self._max_body_bytes} bytes are taken.")
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(self._body_seconds):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"The body must arrive within {self._body_seconds:g} s."
                ) from None
            if message["type"] == "http.request":
                got += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if got > self._max_body_bytes:
                    raise HTTPException(413, f"At most {self._max_body_bytes} bytes are taken.")
            return message

        return bounded
