"""The profile's fast path: an ASGI function in front of FastAPI for look-ups that are plainly in
order.

Nothing is refused here. Whatever is not plainly in order (an unusual spelling, a token whose key
must be fetched, a refusal of any kind, a stream) takes the declared route, which reads and checks
everything again by the same rules (`request`, `standing`) and words the refusal; both give the same
answers (`answer`).
"""

import asyncio
import logging
import re

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.audit.errors import AuditUnavailable
from app.core.admission import Admission, Priority
from app.core.context import trace_id_for
from app.core.errors import DomainError
from app.core.problems import problem
from app.core.rates import Rates
from app.profile import answer, request
from app.profile.deps import ENGINE
from app.profile.disclosure import ClientGone
from app.profile.plans import Prepared
from app.profile.request import Headers
from app.profile.service import Engine
from auth.permissions import Permission, allows
from auth.principal import Principal
from auth.tokens import TokenVerifier

log = logging.getLogger("onevisit.request")
_PATH = "/v1/profiles/"
_IDENTIFIER = re.compile(r"[0-9A-Z]{9,22}")
_PLAIN_QUERY = re.compile(rb"[0-9A-Za-z=&_.-]{1,200}")
_READ = request.READ | {b"authorization"}
_BEARER = b"Bearer "


def priority_of(scope: Scope) -> Priority:
    """By what a look-up is for: an officer with a task goes before one without, and what nobody
    waits for goes last.
    """
    told = next((v for k, v in scope["headers"] if k == b"priority"), b"")
    if request.is_background(told.decode("latin-1")):
        return Priority.PREFETCH
    return Priority.TASK if b"task=" in scope["query_string"] else Priority.PULL


class FastPath:
    """Answers `GET /v1/profiles/{business_id}` without the framework where that is safe; passes
    everything else on.
    """

    def __init__(
        self,
        gateway: FastAPI,
        declared: ASGIApp,
        admission: Admission,
        rates: Rates,
        default_ms: int,
    ) -> None:
        self._gateway = gateway
        self._app = declared
        self._admission = admission
        self._rates = rates
        self._default_ms = default_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not scope["path"].startswith(_PATH)
        ):
            await self._app(scope, receive, send)
            return
        engine, priority = ENGINE.of(self._gateway), priority_of(scope)
        found: tuple[Prepared, Headers] | None = None
        if self._admission.has_room(priority):  # else nothing is verified either
            found = self._recognised(engine, scope, asyncio.get_running_loop().time())
        if found is None:
            await self._app(scope, receive, send)  # where it is refused in words, if it is refused
            return
        self._admission.enter(priority)
        answered = False
        try:
            if self._rates.allows(found[0].principal.subject):
                answered = await self._answer(engine, *found, (scope, receive, send))
        finally:
            self._admission.leave()
        if not answered:
            await self._app(scope, receive, send)

    def _recognised(
        self, engine: Engine, scope: Scope, started: float
    ) -> tuple[Prepared, Headers] | None:
        text, raw = scope["path"][len(_PATH) :], scope["query_string"]
        if not _IDENTIFIER.fullmatch(text) or not _PLAIN_QUERY.fullmatch(raw):
            return None
        pairs = [pair for pair in scope["headers"] if pair[0] in _READ]
        told = dict(pairs)
        if len(told) != len(pairs):
            return None  # which of two counts, the declared route says
        principal = caller_of(self._gateway.state.token_verifier, told.get(b"authorization", b""))
        if principal is None:
            return None
        try:
            headers = request.read_headers(pairs)
            if headers.form is not None:
                return None
            trace_id = trace_id_for(headers.traceparent)
            query = request.read_query(raw)
            look_up = request.look_up(text, query, headers, trace_id, self._default_ms)
            if not engine.knows_task(look_up.task):
                return None
            prepared = engine.prepare_at(principal, look_up, started)
        except DomainError:
            return None
        return None if prepared is None else (prepared, headers)

    async def _answer(
        self,
        engine: Engine,
        prepared: Prepared,
        headers: Headers,
        door: tuple[Scope, Receive, Send],
    ) -> bool:
        """Answer; False if the look-up came to be refused meanwhile and the declared route must
        say so.
        """
        scope, receive, send = door
        trace_id = prepared.look_up.trace_id
        try:
            encoded = await engine.carry_out(prepared, lambda: gone(receive))
        except ClientGone:
            return True
        except AuditUnavailable as error:
            found = problem(error.code, trace_id, error.detail)
        except DomainError:
            return False
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "path": scope["path"]})
            found = problem("server.internal", trace_id)
        else:
            rates = self._rates.header_pairs(prepared.principal.subject)
            await _send(answer.of_profile(encoded, headers, rates), trace_id, send)
            return True
        found.headers["X-Request-Id"] = trace_id
        await found(scope, receive, send)
        return True


async def _send(told: answer.Answer, trace_id: str, send: Send) -> None:
    """As the request context sends, which stands behind this door."""
    told.headers.append((b"x-request-id", trace_id.encode()))
    told.headers.append((b"x-content-type-options", b"nosniff"))
    start = {"type": "http.response.start", "status": told.status, "headers": told.headers}
    await send(start)
    await send({"type": "http.response.body", "body": told.body})


def caller_of(verifier: TokenVerifier, authorization: bytes) -> Principal | None:
    """A caller whose token verifies without waiting for anybody, and who may look up."""
    if not authorization.startswith(_BEARER):
        return None
    claims = verifier.at_once(authorization[len(_BEARER) :].decode("latin-1"))
    if claims is None or not allows(claims.principal, Permission.PROFILE_READ):
        return None
    return claims.principal


async def gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
