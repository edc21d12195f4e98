"""How the room opens: whose tokens are accepted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from adapters.transport.documents import decode_text, parse_json
from adapters.transport.exchange import Exchange
from app.core.deps import EXCHANGE, SNAPSHOTS, Slot
from app.core.rooms import House
from app.core.settings import Settings
from app.organisations.callers import PeopleDirectory
from app.organisations.people import new_snapshot
from auth.keys import FileKeys, KeySource, RemoteKeys
from auth.principal import Principal
from auth.tokens import TokenVerifier

_JWKS_SECONDS = 5.0
Still = Callable[[Principal], Principal]
PEOPLE: Slot[Still] = Slot("people")
"""Who a caller is at this moment. Raises `PersonEnded` for whoever may not call any more."""


@asynccontextmanager
async def open_room(house: House) -> AsyncIterator[None]:
    """Gives `auth` the verifier of access tokens, and fills `PEOPLE`."""
    settings = house.settings
    callers = _callers(house)
    keys = _keys(settings, EXCHANGE.of(house.app))
    house.app.state.token_verifier = TokenVerifier(
        keys,
        issuer=settings.issuer or "",
        audience=settings.audience or "",
        longest=settings.token_life_s,
        types=settings.token_types,
        algorithms=settings.token_algorithms,
        callers=callers,
    )
    if not isinstance(keys, RemoteKeys):
        yield
        return
    house.checks["issuer_keys"] = lambda: keys.trusted
    house.families.append(lambda: _families(keys))
    keeping = asyncio.create_task(keys.keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


def _callers(house: House) -> PeopleDirectory | None:
    """The directory of people, unless the settings say that tokens alone are believed."""
    if house.settings.principals == "claims":
        PEOPLE.put(house.app, lambda principal: principal)
        return None
    snapshots = SNAPSHOTS.of(house.app)
    known = snapshots.add(new_snapshot())
    found = PeopleDirectory(lambda: known.value, lambda: snapshots.is_fresh, house.clock.now)
    PEOPLE.put(house.app, found.still)
    return found


def _families(keys: RemoteKeys) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "onevisit_issuer_keys_age_seconds",
        "Seconds since the issuer last gave usable keys",
        value=keys.age,
    )
    yield CounterMetricFamily(
        "onevisit_issuer_keys_failures",
        "Fetches of the issuer's keys that gave none",
        value=keys.failures,
    )


def _keys(settings: Settings, exchange: Exchange) -> KeySource:
    if settings.jwks_file is not None:
        return FileKeys(settings.jwks_file)
    url = settings.jwks_url or ""

    async def fetch() -> Any:
        deadline = asyncio.get_running_loop().time() + _JWKS_SECONDS
        response = await exchange.send(
            "GET", url, headers={"Accept": "application/json"}, deadline=deadline
        )
        if response.status != HTTPStatus.OK:
            raise OSError(f"HTTP {response.status}")
        return parse_json(decode_text(response.body, "utf-8"), exchange.limits)

    return RemoteKeys(fetch, oldest=settings.jwks_max_age_s)
