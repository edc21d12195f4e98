"""The route table, and the OpenAPI document with the contract's own components."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.types import Scope

from adapters.contract import Manifest
from app.audit import routes as audit
from app.businesses import routes as businesses
from app.catalogue import routes as catalogue
from app.core import health, telemetry
from app.core.admission import Priority, PriorityOf, declared_priority
from app.core.problems import MEDIA_TYPE
from app.inspections import routes as inspections
from app.organisations import routes as organisations
from app.profile import routes as profile
from app.profile.schemas import Profile, SectionAlone
from app.registry import routes as registry
from app.supervision import routes as supervision
from app.tasks import routes as tasks

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, `text` and `what_now` are in Chinese and English",
    "required": [
        "type",
        "title",
        "status",
        "code",
        "detail",
        "retryable",
        "trace_id",
        "text",
        "what_now",
    ],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "retryable": {"type": "boolean"},
        "trace_id": {"type": "string"},
        "text": {"$ref": "#/components/schemas/Words"},
        "what_now": {"$ref": "#/components/schemas/Words"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_REFUSALS = {
    "400": "The request cannot be read",
    "401": "The access token is missing or does not verify",
    "403": "The caller may not do this",
    "404": "There is no such thing",
    "405": "The method is not taken here",
    "408": "The body came too slowly",
    "409": "The thing's state does not allow it",
    "413": "The body is larger than allowed",
    "415": "The content type is not taken",
    "422": "The content cannot be accepted; errors has pointers",
    "429": "The caller asks too often; Retry-After says when to come again",
    "503": "Not now; Retry-After says when",
}
_ROUTERS = (
    profile.router,  # inspectors: one identifier in, one profile out
    businesses.router,  # inspectors: typed text and scanned codes
    tasks.router,  # leaders: why an officer is there
    inspections.router,  # inspectors: the record of a visit
    registry.router,  # departments: adapters and their life-cycle
    organisations.router,  # people and certificates
    supervision.router,  # supervisors: pull records
    audit.router,  # auditors: the trace
    catalogue.router,  # everybody: fields, reasons, problem codes
    health.router,  # operators: alive, ready
    telemetry.router,  # operators: counts and latencies
)
_PUBLIC = ("/livez", "/readyz", "/metrics", "/m", "/problems/")


def include_routes(app: FastAPI) -> None:
    """Mount every room's door."""
    for router in _ROUTERS:
        app.include_router(router, generate_unique_id_function=lambda route: route.name)


def every_route(app: FastAPI) -> list[APIRoute]:
    """All routes of the application, those of included routers too, in the order of matching."""
    found, waiting = [], list(app.routes)
    while waiting:
        route = waiting.pop(0)
        if isinstance(route, APIRoute):
            found.append(route)
            continue
        router = getattr(route, "original_router", None)
        waiting[:0] = getattr(route, "routes", None) or getattr(router, "routes", [])
    return found


def priorities_of(app: FastAPI) -> PriorityOf:
    """The priority that the route of a request declares; that of a pull where no route fits."""
    declared = [
        (route.methods or set(), route.path_regex.match, declared_priority(route.endpoint))
        for route in every_route(app)
    ]

    def priority_of(scope: Scope) -> Priority | None:
        path, method = scope["path"], scope["method"]
        for methods, matches, told in declared:
            if method in methods and matches(path):
                return told(scope) if told is not None else Priority.PULL
        return Priority.PULL

    return priority_of


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document: FastAPI's, plus msgspec components, plus problem documents wherever a request
    can be refused.
    """
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="OneVisit gateway",
        version="1.0.0",
        openapi_version="3.2.0",
        description="一次查：进一次门、查多项事。One visit, many departments.",
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _, components = msgspec.json.schema_components(
        [Profile, SectionAlone, Manifest], ref_template="#/components/schemas/{name}"
    )
    schemas.update(components)
    schemas["Problem"] = _PROBLEM
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path, item in document["paths"].items():
        for operation in item.values():
            _add_refusals(path, operation)
    app.openapi_schema = document
    return document


def _add_refusals(path: str, operation: dict[str, Any]) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation["responses"]
    for status, description in _REFUSALS.items():
        known = responses.setdefault(status, {"description": description})
        if status == "422":
            known["content"] = {}
        known.setdefault("content", {}).update(content)
        known["description"] = known.get("description") or description
    if not path.startswith(_PUBLIC):
        operation.setdefault("security", [{"HTTPBearer": []}])
