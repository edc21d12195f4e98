"""The route table: every room's door, and what each declares."""

from functools import cache
from typing import NamedTuple, cast

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Scope

from app.agreements import routes as agreements
from app.audit import routes as audit
from app.businesses import routes as businesses
from app.catalogue import routes as catalogue
from app.core import health, telemetry
from app.core.admission import Priority, PriorityOf, declared_priority, form_bytes, is_probe
from app.delivery import routes as deliveries
from app.delivery.notices import routes as notices
from app.delivery.notices import webhook_routes as webhooks
from app.inspections import routes as inspections
from app.operations import routes as operations
from app.operations.jobs import routes as jobs
from app.organisations import routes as organisations
from app.organisations.filters import routes as saved_filters
from app.organisations.importing import routes as people_imports
from app.organisations.sign_on import routes as sign_on
from app.profile import routes as profile
from app.profile.unmasking import routes as unmasking
from app.registry import routes as registry
from app.supervision import routes as supervision
from app.supervision.aggregates import routes as aggregates
from app.tasks import routes as tasks
from auth.permissions import Permission, allows
from auth.principal import Principal

_ROUTERS = (
    profile.router,  # inspectors: one identifier in, one profile out
    unmasking.router,  # inspectors: masked fields, each time with a reason
    businesses.router,  # inspectors: typed text and scanned codes
    tasks.router,  # leaders: why an officer is there
    inspections.router,  # inspectors: the record of a visit
    agreements.router,  # three parties: who may see what for which purpose
    registry.router,  # departments: adapters and their life-cycle
    operations.router,  # departments: long work
    jobs.router,  # system administrators: what is done at its time
    deliveries.router,  # departments: what is on its way to them
    notices.router,  # everybody: what one should know or do
    webhooks.router,  # systems of departments and supervisors: the same, sent to them
    organisations.router,  # people and certificates
    people_imports.router,  # administrators: people from a list
    saved_filters.router,  # everybody: filters of the console with a name
    sign_on.router,  # everybody: how one signs on
    sign_on.well_known,  # whoever verifies tokens of ours
    supervision.router,  # supervisors: pull records
    aggregates.router,  # analysts: counts over class 1
    audit.router,  # auditors: the trail
    catalogue.router,  # everybody: fields, reasons, problem codes
    health.router,  # operators: alive, ready
    telemetry.router,  # operators: counts and latencies
)


@cache
def _doors() -> list[BaseRoute]:
    """Every room's door, made once for all applications of a process."""
    every = APIRouter()
    for router in _ROUTERS:
        every.include_router(router, generate_unique_id_function=lambda route: route.name)
    return every.routes


def include_routes(app: FastAPI) -> None:
    """Mount every room's door."""
    app.router.routes.extend(_doors())


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


class Declared(NamedTuple):
    """What the route of a request declares. Of an address that takes other methods only, `priority`
    and `permission` are None and `methods` says which.
    """

    path: str
    methods: frozenset[str]
    """Of the address: HEAD wherever GET is, and OPTIONS."""
    is_met: bool = False
    """Whether the method is one of them."""
    is_probe: bool = False
    """Operators' probes are exempt from admission."""
    permission: Permission | None = None
    priority: PriorityOf | None = None
    form_bytes: int = 0
    """How long a body of a stranger may be."""


class RouteTable:
    """Finds what is declared, before anything of a request but its first line is looked at."""

    def __init__(self, app: FastAPI) -> None:
        self._rows = [
            (
                route.methods or set(),
                route.path_regex.match,
                route.path,
                permission_of(route),
                declared_priority(route.endpoint),
                is_probe(route.endpoint),
                form_bytes(route.endpoint),
            )
            for route in every_route(app)
        ]

    def of(self, scope: Scope) -> Declared | None:
        """None where no route fits the address."""
        path, method = scope["path"], scope["method"]
        others: set[str] = set()
        where = ""
        for methods, matches, template, permission, told, probe, form in self._rows:
            if not matches(path):
                continue
            if method in methods:
                return Declared(template, frozenset(methods), True, probe, permission, told, form)
            others |= methods
            where = where or template
        if not others:
            return None
        if "GET" in others:
            others.add("HEAD")
        return Declared(where, frozenset({*others, "OPTIONS"}))


def permission_of(route: APIRoute) -> Permission | None:
    """The permission that a route demands; None if it is open to everybody."""
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        permission = getattr(dependant.call, "permission", None)
        if permission is not None:
            return cast("Permission", permission)
        waiting += dependant.dependencies
    return None


def priority_of(scope: Scope) -> Priority | None:
    """How urgent the request of a known caller is, by what its route declares: nothing that anybody
    can write into a request raises it. None for strangers, who have places of their own, and for
    probes.
    """
    state = scope.get("state", {})
    declared: Declared | None = state.get("declared")
    principal: Principal | None = state.get("principal")
    if principal is None:
        return None
    if declared is None or declared.priority is None:
        return Priority.PULL
    if declared.permission is not None and not allows(principal, declared.permission):
        return Priority.PREFETCH  # it is refused anyway
    return declared.priority(scope)
