"""Opens the ground floor: database, snapshots, the way out to departments and issuers."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from prometheus_client.core import Metric
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard, IPNetwork, Resolver, resolve_by_system
from adapters.transport.trust import tls_context
from app.core.admission import keep_adjusting
from app.core.db import Database
from app.core.deps import (
    ADMISSION,
    CLOCK,
    DATABASE,
    EXCHANGE,
    PORT,
    REQUESTS,
    SETTINGS,
    SNAPSHOTS,
    STRANGERS,
)
from app.core.drain import Drain
from app.core.numbering import seconds_behind
from app.core.rooms import House
from app.core.schema import require_schema
from app.core.settings import Settings
from app.core.snapshots import Snapshots
from app.core.strangers import Strangers
from app.core.telemetry import admission_families, counter, gauge, labelled_gauge
from app.core.wire.port import Port, keep_looking

log = logging.getLogger("onevisit.start")


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Fills the slots of `core.deps`. Raises `SettingsError` for a database of another schema."""
    app = house.app
    SETTINGS.put(app, house.settings)
    CLOCK.put(app, house.clock)
    database = DATABASE.put(app, Database.of(house.settings))
    try:
        await _when_reachable(database)
        snapshots = SNAPSHOTS.put(app, Snapshots(database))
        drain = Drain(house.settings.drain_s)
        house.checks["stopping"] = lambda: not drain.is_begun
        house.checks["policy"] = lambda: snapshots.is_fresh
        exchange = EXCHANGE.put(app, _exchange(house.settings))
        admission = ADMISSION.of(app)
        port, strangers = PORT.of(app), STRANGERS.of(app)
        house.families += [
            REQUESTS.of(app).families,
            lambda: _database_families(database, snapshots),
            admission_families(admission),
            lambda: _exchange_families(exchange),
            lambda: _port_families(port, strangers),
        ]
        adjusting = asyncio.create_task(keep_adjusting(admission))
        looking = asyncio.create_task(keep_looking(port))
        try:
            with drain.on_sigterm():
                yield
        finally:
            adjusting.cancel()
            looking.cancel()
            await exchange.aclose()
    finally:
        database.dispose()


async def _when_reachable(database: Database) -> None:
    """A process that is started anew during an outage waits for its end for half a minute: one that
    ended at once would take its siblings with it.
    """
    for _ in range(_STARTS):
        try:
            await asyncio.to_thread(require_schema, database)
        except OperationalError as error:
            log.warning("the database does not answer yet: %s", type(error.orig).__name__)
            await asyncio.sleep(1)
        else:
            return
    await asyncio.to_thread(require_schema, database)


def _exchange(settings: Settings) -> Exchange:
    return Exchange(guard_of(settings, allow=settings.egress_allow), tls=_tls(settings))


def guard_of(
    settings: Settings, *, allow: tuple[IPNetwork, ...], resolver: Resolver = resolve_by_system
) -> AddressGuard:
    """What may be called, beside what is public: these ranges. Never the gateway itself, nor its
    database.
    """
    return AddressGuard(
        allow=allow,
        allow_http=settings.egress_allow_http,
        resolver=resolver,
        ports=frozenset(settings.egress_ports) or None,
        own=(settings.jwks_url,) if settings.jwks_url else (),
        here=int(settings.listens.rpartition(":")[2] or 0),
        denied=_addresses_of(settings.database_url),
    )


_DATABASE_PORT, _STARTS = 5432, 30


def _addresses_of(database_url: str) -> frozenset[tuple[str, int]]:
    """Where the database is, or each of several; nothing for a file, or where a name cannot be
    resolved now.
    """
    url = make_url(database_url)
    named = url.query.get("host", ())
    hosts = [named] if isinstance(named, str) else list(named)
    if url.host:
        hosts.append(f"{url.host}:{url.port or _DATABASE_PORT}")
    found, usual = set(), str(url.query.get("port", _DATABASE_PORT))
    for text in hosts:
        if text.startswith("/"):
            continue  # a socket
        host, _, port = text.rpartition(":") if ":" in text else (text, "", usual)
        with suppress(OSError, ValueError):
            found |= {
                (str(info[4][0]), int(port))
                for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            }
    return frozenset(found)


def _exchange_families(exchange: Exchange) -> Iterable[Metric]:
    yield gauge(
        "onevisit_connections_open", "Connections to departments", exchange.open_connections
    )
    yield gauge(
        "onevisit_connections_idle",
        "Connections that wait for a question",
        exchange.idle_connections,
    )
    yield gauge("onevisit_answer_bytes_held", "Bytes of answers under way", exchange.budget.used)


def _database_families(database: Database, snapshots: Snapshots) -> Iterable[Metric]:
    yield gauge("onevisit_database_connections_used", "Of the pool's", database.connections_used)
    yield gauge(
        "onevisit_policy_age_seconds", "Since agreements and tasks were looked at", snapshots.age
    )
    words = "Since when rows wait for their number"
    yield labelled_gauge("onevisit_unnumbered_seconds", words, "feed", seconds_behind())
    yield labelled_gauge("onevisit_build", "This release", "version", {version("onevisit"): 1})


def _port_families(port: Port, strangers: Strangers) -> Iterable[Metric]:
    yield gauge("onevisit_clients_connected", "Connections of clients", len(port))
    yield gauge("onevisit_clients_unknown", "Of them, without a valid token so far", port.unknown)
    yield counter("onevisit_clients_refused", "Refused below ASGI", "code", dict(port.refused))
    pools = {"anonymous": strangers.pool.refused, "probes": strangers.probes.refused}
    yield counter(
        "onevisit_strangers_refused", "Requests without a token for want of room", "pool", pools
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Trust and certificate towards departments; None for the system's trust and no certificate."""
    certificate, key = settings.egress_client_cert, settings.egress_client_key
    if settings.egress_ca_file is None and certificate is None:
        return None
    pair = (str(certificate), str(key or certificate)) if certificate else None
    return tls_context(str(settings.egress_ca_file) if settings.egress_ca_file else None, pair)
