"""ASGI middleware that audits refusals: the request's transaction is rolled back, the entry of its
refusal is not.

Of a caller who is known each refusal has its entry. What strangers are refused, and what a caller
is refused for asking too often, is counted: one entry a minute for each peer and cause, else a
flood of refusals would be a flood of durable rows.
"""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.audit.deps import REFUSALS, SEQUENCER
from app.audit.errors import AuditUnavailable
from app.audit.events import Event, EventName
from app.audit.service import act_of
from app.core.deps import STRANGERS
from app.core.problems import problem, trace_id_in
from auth.principal import Principal

_FIRST_REFUSAL, _FIRST_FAILURE = 400, 500


class AuditedRefusals:
    """Writes one entry per refusal, durable before it leaves: every 4xx to a caller whose token was
    verified, and the first in a minute of each stranger and cause.
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
                    await _record(Request(scope), message["status"])
                except AuditUnavailable as error:
                    withheld = True
                    await problem(error.code, trace_id_in(scope))(scope, receive, send)
                    return
            await send(message)

        await self._app(scope, receive, audited)


async def _record(request: Request, status: int) -> None:
    principal: Principal | None = getattr(request.state, "principal", None)
    subject = getattr(request.state, "refused", "")
    if (principal is None and not subject) or status == HTTPStatus.TOO_MANY_REQUESTS:
        address = STRANGERS.of(request.app).address(request.scope)
        cause = str(getattr(request.state, "cause", status))
        trace_id = trace_id_in(request.scope)
        await REFUSALS.of(request.app).note(address, cause, trace_id, principal)
        return
    declared = getattr(request.state, "declared", None)
    details: dict[str, Any] = {
        "outcome": str(status),
        "trace_id": trace_id_in(request.scope),
        "object_ref": f"{request.method} {declared.path if declared else ''}",
        "subject": getattr(request.state, "subject", ""),
        "purpose": getattr(request.state, "purpose", ""),
    }
    if principal is None:  # his token verified; who he is here, the directory does not say
        event = Event(EventName.REQUEST_REFUSED, actor=subject, **details)
    else:
        event = act_of(principal, EventName.REQUEST_REFUSED, **details)
    await SEQUENCER.of(request.app).append(event)


def _is_refusal(scope: Scope, status: int) -> bool:
    """What the caller is at fault for. A stranger who asks for an address that is not there is
    not worth an entry; one who is not let in is.
    """
    if not _FIRST_REFUSAL <= status < _FIRST_FAILURE:
        return False
    state = scope.get("state", {})
    known = state.get("principal") is not None or "refused" in state
    return known or status in _OF_STRANGERS or scope.get("state", {}).get("cause") is not None


_OF_STRANGERS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_TIMEOUT,
}
