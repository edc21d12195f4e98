"""The profile's fast path: an ASGI function in front of FastAPI for look-ups that are plainly in
order.

Nothing is refused here but for want of room, where each refusal must cost next to nothing. Whatever
is not plainly in order (an unusual spelling, a token whose key must be fetched, a refusal of any
other kind, a stream) takes the declared route, which reads and checks everything again by the same
rules (`request`, `standing`) and words the refusal; both give the same answers (`answer`).
"""

import asyncio
import logging
import re
from typing import NamedTuple

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.audit.errors import AuditUnavailable
from app.core.admission import Admission, Priority, retry_after
from app.core.context import SAFE, missing_of, trace_id_for
from app.core.counts import RequestCounts
from app.core.db import DatabaseBusy
from app.core.deps import PORT, STRANGERS
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
_READ = request.READ | {b"authorization", b"origin"}
_BEARER = b"Bearer "
_TASK = re.compile(rb"(?:^|&)task=([^&]{1,36})(?:&|$)")


def priority_of(scope: Scope) -> Priority:
    """By what a look-up is for: an officer with an open task goes before one without, and what
    nobody waits for goes last. A task that is not the caller's raises nothing.
    """
    told = next((v for k, v in scope["headers"] if k == b"priority"), b"")
    return _urgency(
        ENGINE.of(scope["app"]),
        scope["state"]["principal"],
        scope["query_string"],
        background=request.is_background(told.decode("latin-1")),
    )


ROUTE, _BUSY = "/v1/profiles/{business_id}", 503


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
        counts: RequestCounts,
        *,
        crosses: bool = False,
    ) -> None:
        self._gateway = gateway
        self._crosses = crosses
        self.port = PORT.of(gateway)
        self._strangers = STRANGERS.of(gateway)
        self._app = declared
        self._admission = admission
        self._rates = rates
        self._default_ms = default_ms
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not scope["path"].startswith(_PATH)
        ):
            await self._app(scope, receive, send)
            return
        engine, started = ENGINE.of(self._gateway), asyncio.get_running_loop().time()
        asked = self._plain(scope)
        if asked is None:
            await self._app(scope, receive, send)  # where it is refused in words, if it is refused
            return
        background = asked.headers.background
        priority = _urgency(engine, asked.principal, asked.query, background=background)
        if not self._admission.has_room(priority):
            self._admission.enter(priority)  # counts it
            self._counts.note(ROUTE, _BUSY)
            await _refuse(scope, receive, send, asked.headers.traceparent, priority)
            return
        found = _prepared(engine, asked, started, self._default_ms)
        if found is None or not self._admission.enter(priority):
            await self._app(scope, receive, send)
            return
        answered = False
        try:
            if self._rates.allows(found[0].principal.subject):
                answered = await self._answer(engine, *found, (scope, receive, send))
        finally:
            self._admission.leave(priority)
        if not answered:
            await self._app(scope, receive, send)

    def _plain(self, scope: Scope) -> "_Asked | None":
        """What is asked, and by whom, where it is plainly in order so far."""
        text, raw = scope["path"][len(_PATH) :], scope["query_string"]
        if not _IDENTIFIER.fullmatch(text) or not _PLAIN_QUERY.fullmatch(raw):
            return None
        pairs = [pair for pair in scope["headers"] if pair[0] in _READ]
        told = dict(pairs)
        if len(told) != len(pairs):
            return None  # which of two counts, the declared route says
        if self._crosses and b"origin" in told:
            return None  # a page of another origin is told more
        principal = self._caller(scope, told.get(b"authorization", b""))
        if principal is None:
            return None
        try:
            headers = request.read_headers(pairs)
        except DomainError:
            return None
        return None if headers.form is not None else _Asked(principal, text, raw, headers)

    def _caller(self, scope: Scope, authorization: bytes) -> Principal | None:
        """A caller whose token verifies without waiting for anybody, and who may look up. A token
        that was never seen is not tried for an address whose tokens have failed too often.
        """
        if not authorization.startswith(_BEARER):
            return None
        verifier: TokenVerifier = self._gateway.state.token_verifier
        token = authorization[len(_BEARER) :].decode("latin-1")
        if not verifier.has_met(token) and not self._strangers.may_try(scope):
            return None
        claims = verifier.at_once(token)
        if claims is None or not allows(claims.principal, Permission.PROFILE_READ):
            return None
        scope.setdefault("state", {}).update(principal=claims.principal, route=ROUTE)
        return claims.principal

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
        except DatabaseBusy as error:  # asking everybody once more would not help
            found = problem(error.code, trace_id, error.detail)
        except DomainError:
            return False
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "route": ROUTE})
            found = problem("server.internal", trace_id)
        else:
            rates = self._rates.header_pairs(prepared.principal.subject)
            told = answer.of_profile(encoded, headers, rates)
            self._counts.note(ROUTE, told.status)
            self._counts.look_ups.note(asyncio.get_running_loop().time() - prepared.started)
            await _send(told, trace_id, send)
            return True
        self._counts.note(ROUTE, found.status_code)
        await _with_context(found, trace_id)(scope, receive, send)
        return True


async def _send(told: answer.Answer, trace_id: str, send: Send) -> None:
    """As the request context sends, which stands behind this door."""
    told.headers.append((b"x-request-id", trace_id.encode()))
    told.headers.extend(SAFE)
    start = {"type": "http.response.start", "status": told.status, "headers": told.headers}
    await send(start)
    await send({"type": "http.response.body", "body": told.body})


class _Asked(NamedTuple):
    """A look-up that is plainly in order so far, of a caller who is verified."""

    principal: Principal
    text: str
    query: bytes
    headers: Headers


def _prepared(
    engine: Engine, asked: _Asked, started: float, default_ms: int
) -> tuple[Prepared, Headers] | None:
    try:
        trace_id = trace_id_for(asked.headers.traceparent)
        query = request.read_query(asked.query)
        look_up = request.look_up(asked.text, query, asked.headers, trace_id, default_ms)
        if not engine.may_know_task(asked.principal, look_up.task):
            return None
        prepared = engine.prepare_at(asked.principal, look_up, started)
    except DomainError:
        return None
    return None if prepared is None else (prepared, asked.headers)


def _urgency(engine: Engine, principal: Principal, query: bytes, *, background: bool) -> Priority:
    if background:
        return Priority.PREFETCH
    task = _TASK.search(query)
    if task and engine.has_task(principal, task[1].decode("latin-1")):
        return Priority.TASK
    return Priority.PULL


async def _refuse(
    scope: Scope, receive: Receive, send: Send, traceparent: str, priority: Priority
) -> None:
    """As admission refuses behind this door: there is no room, and nothing is prepared in vain."""
    trace_id = trace_id_for(traceparent)
    found = problem("server.busy", trace_id, headers={"Retry-After": retry_after(priority)})
    await _with_context(found, trace_id)(scope, receive, send)


def _with_context(found: Response, trace_id: str) -> Response:
    """With what the request context gives every answer."""
    found.raw_headers += [(b"x-request-id", trace_id.encode()), *missing_of(found.raw_headers)]
    return found


async def gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
