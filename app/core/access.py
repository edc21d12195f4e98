"""One line for each request, where the operator wants it."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("onevisit.access")
_ID = b"x-request-id"


class AccessLog:
    """ASGI: in front of everything. Tells route, status, milliseconds, unit and trace id; never the
    identifier that was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.port = getattr(app, "port", None)
        """As the protocol class asks of the application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, found = time.monotonic(), {"status": 0, "trace_id": ""}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = next((v for k, v in message["headers"] if k == _ID), b"")
                found.update(status=message["status"], trace_id=told.decode())
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, noted)
        finally:
            declared, principal = state.get("declared"), state.get("principal")
            route = declared.path if declared is not None else state.get("route", "-")
            ms = round((time.monotonic() - began) * 1000)
            unit = principal.unit if principal is not None else ""
            words = f"{scope['method']} {route} {found['status']}"
            log.info(words, extra={**found, "route": route, "unit": unit, "ms": ms})
