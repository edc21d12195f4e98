"""`create_app`: the only composition root."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.document import OPENAPI_VERSION, openapi_document
from app.api.table import include_routes, priorities_of
from app.audit.refusals import AuditedRefusals
from app.core import problems
from app.core.admission import Admission, Admitted
from app.core.clock import Clock, SystemClock
from app.core.context import RequestContext
from app.core.deps import ADMISSION, RATES
from app.core.rates import Rates
from app.core.settings import Settings
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
        redoc_url=None,
    )
    app.openapi_version = OPENAPI_VERSION
    problems.install(app)
    admission = ADMISSION.put(app, Admission())
    rates = RATES.put(app, Rates(settings.rate_per_second, settings.rate_burst))
    include_routes(app)
    app.include_router(page_router)
    app.add_middleware(AuditedRefusals)
    app.add_middleware(Admitted, admission=admission, priority_of=priorities_of(app))
    app.add_middleware(
        RequestContext, max_body_bytes=settings.max_body_bytes, body_seconds=settings.body_seconds
    )
    app.front = FastPath(app, app.declared, admission, rates, settings.deadline_ms)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's way
    return app
