"""`create_app`: the only composition root."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.document import OPENAPI_VERSION, openapi_document
from app.api.entry import Entry
from app.api.served import serve_documents
from app.api.table import RouteTable, include_routes, priority_of
from app.audit.refusals import AuditedRefusals
from app.core import problems
from app.core.admission import Admission, Admitted
from app.core.clock import Clock, SystemClock
from app.core.context import RequestContext
from app.core.counts import RequestCounts
from app.core.deps import ADMISSION, PORT, RATES, REQUESTS, STRANGERS
from app.core.rates import Rates
from app.core.settings import Settings
from app.core.strangers import Strangers
from app.core.wire.port import Port
from app.lifespan import lifespan_of
from app.profile.fastpath import FastPath
from app.web.routes import router as page_router


class Gateway(FastAPI):
    """FastAPI behind the fast path of the profile route: what takes it never meets the framework.
    A server may call `front` itself.
    """

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)

    async def declared(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The declared routes, and all that stands around them."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Gateway:
    """The gateway as an ASGI application. Raises `SettingsError` unless every secret and trust is
    configured.
    """
    settings = settings or Settings()
    settings.require_complete()
    app = Gateway(
        title="OneVisit gateway",
        version="1.0.0",
        lifespan=lifespan_of(settings, clock or SystemClock()),
        openapi_url=None,  # served by a route of ours
    )
    app.openapi_version = OPENAPI_VERSION
    problems.install(app)
    admission = ADMISSION.put(app, Admission())
    counts = REQUESTS.put(app, RequestCounts())
    rates = RATES.put(app, Rates(settings.rate_per_second, settings.rate_burst))
    strangers = _strangers(app, settings)
    include_routes(app)
    app.include_router(page_router)
    if settings.api_pages:
        serve_documents(app)
    _surround(app, settings, admission, strangers)
    app.front = FastPath(
        app,
        app.declared,
        admission,
        rates,
        settings.deadline_ms,
        counts,
        crosses=bool(settings.cors_origins),
    )
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's way
    return app


def _surround(app: FastAPI, settings: Settings, admission: Admission, strangers: Strangers) -> None:
    """What stands around the declared routes, the innermost first."""
    app.add_middleware(Admitted, admission=admission, priority_of=priority_of)
    app.add_middleware(
        Entry,
        gateway=app,
        table=RouteTable(app),
        strangers=strangers,
        calls=Rates(settings.calls_per_second, settings.calls_burst),
    )
    app.add_middleware(AuditedRefusals)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["*"],
            expose_headers=list(_TOLD_TO_PAGES),
            max_age=600,
        )
    app.add_middleware(
        RequestContext,
        max_body_bytes=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        body_bytes_per_second=settings.body_bytes_per_second,
        counts=REQUESTS.of(app),
    )


_TOLD_TO_PAGES = (
    "etag", "location", "replayed", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id",
)  # fmt: skip


def _strangers(app: FastAPI, settings: Settings) -> Strangers:
    """Who has a place before anybody is known, below ASGI and above it."""
    port = PORT.put(
        app,
        Port(
            most=settings.connections,
            unknown_per_peer=settings.connections_per_peer,
            proxies=settings.trusted_proxies,
        ),
    )
    bounds = (settings.anonymous_per_second, settings.anonymous_burst)
    return STRANGERS.put(app, Strangers(port, *bounds))
