"""`create_app`: the only composition root."""

from fastapi import FastAPI

from app.api import include_routes, openapi_document
from app.audit.refusals import RefusalTrace
from app.core import problems
from app.core.clock import Clock, SystemClock
from app.core.context import RequestContext
from app.core.settings import Settings
from app.lifespan import lifespan_of


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """The gateway as an ASGI application. Raises `SettingsError` unless every secret and trust is configured."""
    settings = settings or Settings()
    settings.require_complete()
    app = FastAPI(
        title="OneVisit gateway",
        version="1.0.0",
        lifespan=lifespan_of(settings, clock or SystemClock()),
        redoc_url=None,
    )
    app.openapi_version = "3.2.0"
    problems.install(app)
    app.add_middleware(RefusalTrace)
    app.add_middleware(RequestContext, max_body_bytes=settings.max_body_bytes, body_seconds=settings.body_seconds)
    include_routes(app)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app
