"""The route table: every room's door, and what each declares."""

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Scope

from app.audit import routes as audit
from app.businesses import routes as businesses
from app.catalogue import routes as catalogue
from app.core import health, telemetry
from app.core.admission import Priority, PriorityOf, declared_priority
from app.inspections import routes as inspections
from app.operations import routes as operations
from app.organisations import routes as organisations
from app.profile import routes as profile
from app.registry import routes as registry
from app.supervision import routes as supervision
from app.tasks import routes as tasks

_ROUTERS = (
    profile.router,  # inspectors: one identifier in, one profile out
    businesses.router,  # inspectors: typed text and scanned codes
    tasks.router,  # leaders: why an officer is there
    inspections.router,  # inspectors: the record of a visit
    registry.router,  # departments: adapters and their life-cycle
    operations.router,  # departments: long work
    organisations.router,  # people and certificates
    supervision.router,  # supervisors: pull records
    audit.router,  # auditors: the trail
    catalogue.router,  # everybody: fields, reasons, problem codes
    health.router,  # operators: alive, ready
    telemetry.router,  # operators: counts and latencies
)


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
