"""What is decided about a request before its route is entered and its body is read: which route,
who calls, whether there is a place.

Of a caller who shows a valid token the rate counts, and later the admission by priority. Everybody
else shares a small pool of places and a bucket per address; what a route demands a token for is
refused here, so that no stranger's body is read.
"""

import asyncio
from http import HTTPStatus

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.table import Declared, RouteTable
from app.core.context import trace_id_for
from app.core.deps import SNAPSHOTS
from app.core.problems import problem, problem_of, trace_id_in
from app.core.rates import Rates
from app.core.strangers import Strangers
from auth.errors import AuthError, Forbidden, KeysUnavailable, Unauthenticated
from auth.tokens import TokenVerifier, VerifiedClaims

_BEARER = b"bearer "
_FORM_SECONDS = 3.0
_MISSING = Unauthenticated("auth.token_missing", "Send an access token: Authorization: Bearer …")


class Entry:
    """ASGI middleware, inside of the one that gives trace ids and outside of admission."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        gateway: FastAPI,
        table: RouteTable,
        strangers: Strangers,
        calls: Rates,
    ) -> None:
        self._app = app
        self._gateway = gateway
        self._table = table
        self._strangers = strangers
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = self._table.of(scope)
        state = scope.setdefault("state", {})
        state["declared"] = declared
        if declared is not None and declared.is_probe:
            await self._probe(scope, receive, send)
            return
        claims = await self._caller(scope, declared)
        if isinstance(claims, Response):
            await claims(scope, receive, send)
        elif claims is None:
            await self._stranger(declared, scope, receive, send)
        else:
            await self._known(claims, declared, (scope, receive, send))

    async def _known(
        self,
        claims: VerifiedClaims,
        declared: Declared | None,
        door: tuple[Scope, Receive, Send],
    ) -> None:
        scope, receive, send = door
        subject = claims.principal.subject
        if not self._calls.allows(subject):
            scope["state"]["throttled"] = True
            await _throttled(self._calls, subject, scope)(scope, receive, send)
        elif declared is not None and not declared.is_met:
            await _of_address(declared, scope)(scope, receive, send)
        elif _is_about_server(scope):
            await _options(None)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _caller(
        self, scope: Scope, declared: Declared | None
    ) -> VerifiedClaims | Response | None:
        """Who calls; None for a stranger at an address that is open; or the refusal."""
        demanded = declared is not None and declared.permission is not None
        token = token_in(scope)
        if token is None:
            return self._refused(_MISSING, scope) if demanded else None
        verifier: TokenVerifier = self._gateway.state.token_verifier
        address = self._strangers.address(scope)
        failures = self._strangers.failures
        await SNAPSHOTS.of(self._gateway).settle()
        if not verifier.has_met(token) and not failures.has_left(address):
            return _throttled(failures, address, scope)
        try:
            claims = await verifier.verify(token)
        except KeysUnavailable as error:  # nobody's fault who asks
            return problem_of(error, trace_id_in(scope)) if demanded else None
        except AuthError as error:
            if isinstance(error, Unauthenticated):
                failures.allows(address)
            return self._refused(error, scope) if demanded else None
        state = scope["state"]
        state["principal"], state["expires_at"] = claims.principal, claims.expires_at
        told = next((v for k, v in scope["headers"] if k == b"traceparent"), b"")
        if told:
            state["trace_id"] = trace_id_for(told.decode("latin-1"))
        return claims

    def _refused(self, error: AuthError, scope: Scope) -> Response:
        if isinstance(error, Forbidden) and error.subject:  # his token verified: it is his attempt
            if not self._calls.allows(error.subject):
                return _throttled(self._calls, error.subject, scope)
            scope["state"]["refused"] = error.subject
            return problem_of(error, trace_id_in(scope))
        address = self._strangers.address(scope)
        if not self._strangers.rates.allows(address):
            return _throttled(self._strangers.rates, address, scope)
        scope["state"]["cause"] = error.code
        return problem_of(error, trace_id_in(scope))

    async def _stranger(
        self, declared: Declared | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """What is open to everybody. It takes no body but a short form, where it declares one."""
        rates, address = self._strangers.rates, self._strangers.address(scope)
        most = declared.form_bytes if declared is not None and declared.is_met else 0
        places = self._strangers.forms if most else self._strangers.pool
        with places.place(address) as has_place:
            if not has_place:
                answer: ASGIApp = _busy(scope)
            elif not rates.allows(address):
                answer = _throttled(rates, address, scope)
            elif declared is not None and not declared.is_met:
                answer = _of_address(declared, scope)
            elif _is_about_server(scope):
                answer = _options(None)
            else:
                answer = self._app
            await answer(scope, short_body(receive, most) if most else without_body(receive), send)

    async def _probe(self, scope: Scope, receive: Receive, send: Send) -> None:
        rates, address = self._strangers.probe_rates, self._strangers.address(scope)
        with self._strangers.probes.place(address) as has_place:
            if not has_place:
                await _busy(scope)(scope, receive, send)
            elif not rates.allows(address):
                await _throttled(rates, address, scope)(scope, receive, send)
            else:
                await self._app(scope, without_body(receive), send)


def token_in(scope: Scope) -> str | None:
    """The bearer token of a request, if it brings one."""
    told = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
    return told[len(_BEARER) :].decode("latin-1") if told[:7].lower() == _BEARER else None


def without_body(receive: Receive) -> Receive:
    """A body that is empty, whatever comes."""
    begun = False

    async def empty() -> dict[str, object]:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] != "http.disconnect":
            pass
        return dict(message)

    return empty


def short_body(receive: Receive, most: int) -> Receive:
    """A body of so many bytes at most, within three seconds; whoever reads it is told of a longer
    or a slower one.
    """
    got, due = 0, 0.0

    async def bounded() -> Message:
        nonlocal got, due
        due = due or asyncio.get_running_loop().time() + _FORM_SECONDS
        if got < 0:  # it is whole: whoever goes on listening waits for the end of the connection
            return await receive()
        try:
            async with asyncio.timeout_at(due):
                message = await receive()
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "The form came too slowly.") from None
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {most} bytes.")
        if not message.get("more_body", False):
            got = -1
        return message

    return bounded


def _busy(scope: Scope) -> Response:
    return problem("server.busy", trace_id_in(scope), headers={"Connection": "close"})


def _throttled(rates: Rates, caller: str, scope: Scope) -> Response:
    """Too often. A stranger has to come again by a new connection, which is counted too."""
    scope["state"]["cause"] = "request.too_many"
    headers = {"Retry-After": str(rates.wait(caller)), **rates.headers(caller)}
    if "principal" not in scope["state"]:
        headers["Connection"] = "close"
    return problem("request.too_many", trace_id_in(scope), headers=headers)


def _is_about_server(scope: Scope) -> bool:
    """Whether it is `OPTIONS *`."""
    return bool(scope["method"] == "OPTIONS" and scope["path"] == "/*")


def _options(allow: str | None) -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allow} if allow else None)


def _of_address(declared: Declared, scope: Scope) -> Response:
    """What an address takes, where that is asked for or something else was sent."""
    allow = ", ".join(sorted(declared.methods))
    if scope["method"] == "OPTIONS":
        return _options(allow)
    return problem("request.method_not_allowed", trace_id_in(scope), headers={"Allow": allow})
