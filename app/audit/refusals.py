"""ASGI middleware that audits refusals: the request's transaction is rolled back, the entry of its
refusal is not.
"""

from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.audit.deps import SEQUENCER
from app.audit.errors import AuditUnavailable
from app.audit.events import Event, EventName
from app.audit.service import act_of
from app.core.problems import problem

_UNKNOWN_CALLER, _FIRST_REFUSAL, _FIRST_FAILURE = 401, 400, 500


class AuditedRefusals:
    """Writes one entry per refusal, durable before it leaves: every 401, and every 4xx to a caller
    whose token was verified.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        withheld = False

        async def audited(message: Message) -> None:
            nonlocal withheld
            if withheld:
                return
            if message["type"] == "http.response.start" and _is_refusal(scope, message["status"]):
                try:
                    await self._record(Request(scope), message["status"])
                except AuditUnavailable as error:
                    withheld = True
                    trace_id = str(getattr(Request(scope).state, "trace_id", ""))
                    await problem(error.code, trace_id)(scope, receive, send)
                    return
            await send(message)

        await self._app(scope, receive, audited)

    async def _record(self, request: Request, status: int) -> None:
        principal = getattr(request.state, "principal", None)
        route = request.scope.get("route")
        details: dict[str, Any] = {
            "outcome": str(status),
            "trace_id": str(getattr(request.state, "trace_id", "")),
            "object_ref": f"{request.method} {getattr(route, 'path', '')}",
            "subject": getattr(request.state, "subject", ""),
            "purpose": getattr(request.state, "purpose", ""),
        }
        await SEQUENCER.of(request.app).append(
            act_of(principal, EventName.REQUEST_REFUSED, **details)
            if principal
            else Event(event=EventName.REQUEST_REFUSED, actor="anonymous", **details)
        )


def _is_refusal(scope: Scope, status: int) -> bool:
    known = scope.get("state", {}).get("principal") is not None
    return status == _UNKNOWN_CALLER or (known and _FIRST_REFUSAL <= status < _FIRST_FAILURE)
