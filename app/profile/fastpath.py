"""The profile route's short way: an ASGI function in front of FastAPI for look-ups that are plainly
in order.

Nothing is refused here. Whatever is not plainly in order (an unusual spelling, a token whose key
must be fetched, a refusal of any kind, a stream) takes the declared route, which checks everything
again and words the refusal; both give the same answers.
"""

import asyncio
import logging
import re
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from app.audit.errors import AuditUnavailable
from app.core.admission import Admission, priority_of
from app.core.compression import compressed, takes_gzip
from app.core.context import trace_id_for
from app.core.errors import DomainError
from app.core.problems import problem
from app.core.rates import Rates
from app.profile.deadline import clamp_ms
from app.profile.deps import ENGINE
from app.profile.service import ClientGone, Encoded, Engine, LookUp, Prepared
from auth.permissions import Permission, allows
from auth.principal import Principal
from auth.tokens import TokenVerifier

log = logging.getLogger("onevisit.request")
_PATH = "/v1/profiles/"
_IDENTIFIER = re.compile(r"[0-9A-Z]{9,22}")
_QUERY = re.compile(r"[0-9A-Za-z=&_.-]{1,200}")
_KEYS = frozenset({"purpose", "task", "site", "view"})
_VIEWS = frozenset({"full", "summary"})
_READ = frozenset(
    {
        b"accept-encoding",
        b"authorization",
        b"deadline",
        b"if-none-match",
        b"traceparent",
        b"accept",
        b"cache-control",
        b"priority",
    }
)
_LONGEST_HEADER, _LONGEST_SITE = 100, 64
_JSON = frozenset({"", "*/*", "application/json"})
_START = "http.response.start"
_NOBODY_SPOKE = "2"
"""Seconds after which to ask again when no department answered."""
_FIXED = (
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Authorization, Accept, Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
)


@lru_cache(maxsize=4096)
def _query(text: bytes) -> dict[str, str] | None:
    """The parameters of a plain query string."""
    plain = text.decode("latin-1")
    if not _QUERY.fullmatch(plain):
        return None
    pairs = parse_qsl(plain, keep_blank_values=True)
    found = dict(pairs)
    fits = (
        len(found) == len(pairs)
        and found.keys() <= _KEYS
        and all(found.values())
        and len(found.get("site", "")) <= _LONGEST_SITE
    )
    return found if fits and "purpose" in found and found.get("view", "full") in _VIEWS else None


def respond(encoded: Encoded, held: str) -> tuple[int, bytes, str | None]:
    """Status, body, and `Retry-After` if nobody spoke: nothing is sent again that the caller holds
    already (RFC 9110, 13.1.2).
    """
    if (
        encoded.answered
        and held
        and not {encoded.etag, "*"}.isdisjoint(tag.strip() for tag in held.split(","))
    ):
        return 304, b"", None
    return (200, encoded.body, None) if encoded.answered else (503, encoded.body, _NOBODY_SPOKE)


class FastPath:
    """Answers `GET /v1/profiles/{business_id}` without the framework where that is safe; passes
    everything else on.
    """

    def __init__(
        self, app: ASGIApp, *, admission: Admission, rates: Rates, default_ms: int
    ) -> None:
        self._app = app
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
        engine = ENGINE.of(scope["app"])
        read = [(name, value) for name, value in scope["headers"] if name in _READ]
        headers = dict(read)
        if len(headers) != len(read) or any(
            len(value) > _LONGEST_HEADER for name, value in read if name != b"authorization"
        ):
            await self._app(
                scope, receive, send
            )  # which of two counts, and how long one may be, the declared route says
            return
        priority, prepared = priority_of(scope), None
        if self._admission.has_room(priority):  # else nothing is verified either
            prepared = self._recognised(engine, scope, headers, asyncio.get_running_loop().time())
        if prepared is None:
            await self._app(scope, receive, send)  # where it is refused in words, if it is refused
            return
        self._admission.enter(priority)
        answered = False
        try:
            if self._rates.allows(prepared.principal.subject):
                answered = await self._answer(engine, prepared, headers, (scope, receive, send))
        finally:
            self._admission.leave()
        if not answered:
            await self._app(scope, receive, send)

    def _recognised(
        self, engine: Engine, scope: Scope, headers: dict[bytes, bytes], started: float
    ) -> Prepared | None:
        text, query = scope["path"][len(_PATH) :], _query(scope["query_string"])
        if query is None or not _IDENTIFIER.fullmatch(text) or b"priority" in headers:
            return None
        principal = _caller(scope["app"].state.token_verifier, headers.get(b"authorization", b""))
        if principal is None or headers.get(b"accept", b"").decode("latin-1") not in _JSON:
            return None
        asked = headers.get(b"deadline")
        if asked is not None and (not asked.isdigit() or len(asked) > 9):  # noqa: PLR2004 - a plain number of milliseconds
            return None
        task = query.get("task")
        if task is not None and task not in engine.tasks.value:
            return None
        wanted = LookUp(
            text,
            query["purpose"],
            task,
            query.get("site"),
            query.get("view") == "summary",
            clamp_ms(None if asked is None else int(asked), self._default_ms, self._default_ms),
            trace_id_for(headers.get(b"traceparent", b"").decode("latin-1")),
            b"no-cache" in headers.get(b"cache-control", b""),
        )
        try:
            prepared = engine.prepare_at(principal, wanted, started)
        except DomainError:
            return None
        return prepared

    async def _answer(
        self,
        engine: Engine,
        prepared: Prepared,
        headers: dict[bytes, bytes],
        door: tuple[Scope, Receive, Send],
    ) -> bool:
        """Answer; False if the look-up came to be refused meanwhile and the declared route must say
        so.
        """
        scope, receive, send = door
        trace_id = prepared.wanted.request_id
        try:
            encoded = await engine.carry_out(prepared, lambda: gone(receive))
        except ClientGone:
            return True
        except AuditUnavailable as error:
            await problem(error.code, trace_id, error.detail, headers={"X-Request-Id": trace_id})(
                scope, receive, send
            )
            return True
        except DomainError:
            return False
        except Exception:
            log.exception("request failed", extra={"trace_id": trace_id, "path": scope["path"]})
            await problem("server.internal", trace_id, headers={"X-Request-Id": trace_id})(
                scope, receive, send
            )
            return True
        status, body, wait = respond(encoded, headers.get(b"if-none-match", b"").decode("latin-1"))
        coding: tuple[tuple[bytes, bytes], ...] = ()
        if b"accept-encoding" in headers and takes_gzip(
            headers[b"accept-encoding"].decode("latin-1")
        ):
            packed = compressed(body)
            body, coding = (
                (body, ()) if packed is None else (packed, ((b"content-encoding", b"gzip"),))
            )
        sent = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"etag", encoded.etag.encode()),
            (b"x-request-id", trace_id.encode()),
            *self._rates.header_pairs(prepared.principal.subject),
            *coding,
            *_FIXED,
        ]
        if wait is not None:
            sent.append((b"retry-after", wait.encode()))
        await send(
            {
                "type": _START,
                "status": status,
                "headers": sent[2:] if status == HTTPStatus.NOT_MODIFIED else sent,
            }
        )
        await send({"type": "http.response.body", "body": body})
        return True


def _caller(verifier: TokenVerifier, authorization: bytes) -> Principal | None:
    """A caller whose token verifies without waiting for anybody, and who may look up."""
    if authorization[:7] != b"Bearer ":
        return None
    claims = verifier.at_once(authorization[7:].decode("latin-1"))
    if claims is None or not allows(claims.principal, Permission.PROFILE_READ):
        return None
    return claims.principal


async def gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
