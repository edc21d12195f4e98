"""Opens and closes what lives as long as the process, and fills the slots that would otherwise run
uphill.
"""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from adapters.dispatch.cache import AnswerCache
from adapters.dispatch.deadline import UNHURRIED_SHARE
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.metrics import lane_families
from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import Exchange, tls_context
from adapters.transport.guard import AddressGuard
from app import worker
from app.agreements.deps import AGREEMENTS
from app.agreements.service import new_snapshot as new_agreements
from app.audit.deps import SEQUENCER
from app.audit.sequencer import Sequencer
from app.audit.service import Trail
from app.businesses.deps import FINDER
from app.catalogue.service import catalogue_on
from app.core.admission import keep_adjusting
from app.core.clock import Clock
from app.core.db import Database
from app.core.deps import ADMISSION, CLOCK, DATABASE, SETTINGS, SNAPSHOTS
from app.core.schema import current_revision, expected_revision
from app.core.settings import Settings, SettingsError
from app.core.snapshots import Snapshots
from app.core.telemetry import REGISTRY, admission_families, gauge, new_registry
from app.delivery.service import deliver_due
from app.profile.deps import ENGINE
from app.profile.events import on_late
from app.profile.plans import Plans
from app.profile.service import Engine
from app.registry.deps import DIRECTORY, WORKSHOP
from app.registry.directory import Directory
from app.registry.examinations import Examiner
from app.registry.loader import Workshop
from app.tasks.deps import TASKS
from app.tasks.service import new_snapshot as new_tasks
from auth.keys import KeySource, RemoteKeys, StaticKeys
from auth.tokens import TokenVerifier

_JWKS_SECONDS = 5.0
_EXAMINATIONS_AT_ONCE = 4


def lifespan_of(
    settings: Settings, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The lifespan of an application with these settings."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = DATABASE.put(app, Database(settings.database_url))
        try:
            _require_schema(database)
            async with _running(app, settings, clock, database):
                yield
        finally:
            database.dispose()

    return lifespan


def _require_schema(database: Database) -> None:
    current, expected = current_revision(database), expected_revision()
    if current != expected:
        raise SettingsError(
            f"The database is at revision {current or 'none'}, the code needs {expected}: "
            f"run `onevisit migrate`."
        )


@asynccontextmanager
async def _running(
    app: FastAPI, settings: Settings, clock: Clock, database: Database
) -> AsyncIterator[None]:
    exchange = _exchange(settings)
    trail = Trail(settings.secret, clock)
    sequencer = SEQUENCER.put(app, Sequencer(database, trail))
    snapshots = SNAPSHOTS.put(app, Snapshots(database))
    workshop = WORKSHOP.put(app, Workshop(exchange, clock.now))
    directory = DIRECTORY.put(app, Directory(workshop, settings.secret))
    FINDER.put(app, directory)
    SETTINGS.put(app, settings)
    CLOCK.put(app, clock)
    app.state.token_verifier = _verifier(settings, exchange)
    dispatcher = _profiles(app, settings, clock, directory, snapshots, sequencer)
    REGISTRY.put(app, _metrics(app, dispatcher, exchange, sequencer))
    sequencer.start()
    await snapshots.refresh_now()
    steps: list[worker.Step] = []
    if settings.run_worker:
        examiner = Examiner(database, trail, workshop)
        steps += [
            *[examiner.run_next] * _EXAMINATIONS_AT_ONCE,
            lambda: deliver_due(database, clock, directory),
        ]
    adjusting = asyncio.create_task(keep_adjusting(ADMISSION.of(app)))
    try:
        async with worker.working(*steps, steady=snapshots.tick):
            yield
    finally:
        adjusting.cancel()
        dispatcher.cancel_all()
        await asyncio.to_thread(sequencer.stop)
        await exchange.aclose()


def _exchange(settings: Settings) -> Exchange:
    guard = AddressGuard(
        allow=settings.egress_allow,
        allow_http=settings.egress_allow_http,
        ports=frozenset(settings.egress_ports) or None,
        own=(settings.jwks_url,) if settings.jwks_url else (),
    )
    return Exchange(guard, tls=_tls(settings))


def _profiles(
    app: FastAPI,
    settings: Settings,
    clock: Clock,
    directory: Directory,
    snapshots: Snapshots,
    sequencer: Sequencer,
) -> Dispatcher:
    """The parts of the profile routes; gives the dispatcher, which must be stilled at the end."""
    tasks, agreements = TASKS.put(app, new_tasks(clock)), AGREEMENTS.put(app, new_agreements())
    snapshots.add(tasks)
    snapshots.add(agreements)
    snapshots.add(directory.snapshot)
    unhurried = UNHURRIED_SHARE * settings.deadline_ms / 1000
    dispatcher = Dispatcher(
        AnswerCache(),
        clock.now,
        random.SystemRandom().random,
        on_late(sequencer),
        unhurried=unhurried,
    )
    plans, press = Plans(dispatcher, catalogue_on), ADMISSION.of(app).press
    ENGINE.put(
        app,
        Engine(directory, tasks, agreements, snapshots, sequencer, clock, dispatcher, plans, press),
    )
    return dispatcher


def _metrics(
    app: FastAPI, dispatcher: Dispatcher, exchange: Exchange, sequencer: Sequencer
) -> CollectorRegistry:
    return new_registry(
        admission_families(ADMISSION.of(app)),
        lambda: lane_families(dispatcher),
        lambda: (
            gauge(
                "onevisit_connections_open", "Connections to departments", exchange.open_connections
            ),
            gauge(
                "onevisit_connections_idle",
                "Connections that wait for a question",
                exchange.idle_connections,
            ),
            gauge("onevisit_answer_bytes_held", "Bytes of answers under way", exchange.budget.used),
            gauge(
                "onevisit_trace_outstanding", "Trace entries not yet on disk", sequencer.outstanding
            ),
        ),
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Trust and certificate towards departments; None for the system's trust and no certificate."""
    certificate, key = settings.egress_client_cert, settings.egress_client_key
    if settings.egress_ca_file is None and certificate is None:
        return None
    pair = (str(certificate), str(key or certificate)) if certificate else None
    return tls_context(str(settings.egress_ca_file) if settings.egress_ca_file else None, pair)


def _verifier(settings: Settings, exchange: Exchange) -> TokenVerifier:
    keys: KeySource
    if settings.jwks_file is not None:
        keys = StaticKeys(json.loads(settings.jwks_file.read_text(encoding="utf-8")))
    else:
        url = settings.jwks_url or ""

        async def fetch() -> dict[str, Any]:
            deadline = asyncio.get_running_loop().time() + _JWKS_SECONDS
            response = await exchange.send(
                "GET", url, headers={"Accept": "application/json"}, deadline=deadline
            )
            document: dict[str, Any] = parse_json(
                decode_text(response.body, "utf-8"), exchange.limits
            )
            return document

        keys = RemoteKeys(fetch)
    return TokenVerifier(keys, issuer=settings.issuer or "", audience=settings.audience or "")
